import { authentic, forged } from '../answers.ts';
import { hasBasicAuth } from '../basic-auth.ts';
import { isProviderId, isSenderId } from '../ids.ts';
import { isFields, jsonFields } from '../json.ts';
import { withPlus } from '../plus.ts';
import type { Acknowledgement, ProviderRequest, Received, Reception } from '../provider.ts';
import { isFromSource } from '../source-addresses.ts';
import { unreadable } from '../unreadable.ts';
import { hasUrlToken } from '../url-token.ts';
import { receiptOf } from './status.ts';

/**
 * How Infobip's calls prove themselves: as the subscription's notification profile says, or by the URL that it was given;
 * and, where there is a list, by the address that they come from as well.
 */
export type Proof = { readonly sources: readonly string[] | undefined } & (
  | { readonly kind: 'basic'; readonly user: string; readonly passwords: readonly string[] }
  | { readonly kind: 'token'; readonly tokens: readonly [string, ...string[]] }
);

const ACKNOWLEDGEMENT: Acknowledgement = { status: 200, contentType: 'application/json', body: '{}' };

/** Judges and reads a call of Infobip's: incoming SMS or delivery reports, up to a hundred at once. Never throws. */
export function receive(request: ProviderRequest, proof: Proof): Reception {
  if (request.method !== 'POST') return forged('not a POST');
  const doubt = doubtOf(request, proof);
  return doubt === undefined ? authentic(read(request), ACKNOWLEDGEMENT) : forged(doubt);
}

function doubtOf({ url, headers, remoteAddress }: ProviderRequest, proof: Proof): string | undefined {
  if (!isFromSource(remoteAddress, proof.sources)) return 'an address that is not among sourceAddresses';
  switch (proof.kind) {
    case 'basic':
      return hasBasicAuth(headers.authorization, proof.user, proof.passwords) ? undefined : 'wrong Authorization';
    case 'token':
      return hasUrlToken(url, proof.tokens) ? undefined : 'wrong token in the URL';
    default:
      return proof satisfies never;
  }
}

function read({ headers, body }: ProviderRequest): readonly Received[] {
  if (!/^application\/json(;|$)/i.test(headers['content-type'] ?? '')) return [unreadable('not JSON', body)];
  const { results } = jsonFields(body);
  if (!Array.isArray(results) || results.length === 0) return [unreadable('no results', body)];
  return results.map(readResult);
}

/** One that cannot be read does not harm the others: an id that it lacks is made from the body that it alone would be. */
function readResult(result: unknown): Received {
  const told = isFields(result) ? readFields(result) : 'a result that is no object';
  if (typeof told !== 'string') return told;
  const id = isFields(result) && isProviderId(result.messageId) ? result.messageId : undefined;
  return unreadable(told, Buffer.from(JSON.stringify({ results: [result] })), id);
}

function readFields(result: Readonly<Record<string, unknown>>): Received | string {
  if (!('status' in result)) return readMessage(result);
  const receipt = receiptOf(result);
  return typeof receipt === 'string' ? receipt : { kind: 'receipt', receipt };
}

/** `text` is the whole of it; `cleanText` lacks the keyword that the number may have been given, by which we route ourselves. */
function readMessage({ messageId, from, to, text }: Readonly<Record<string, unknown>>): Received | string {
  if (!isProviderId(messageId)) return 'no messageId';
  if (!isSenderId(from) || !isSenderId(to)) return 'no from or to';
  if (typeof text !== 'string') return 'no text';
  const message = { providerMessageId: messageId, from: withPlus(from), to: withPlus(to), text };
  return { kind: 'message', message };
}
