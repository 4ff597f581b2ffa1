import type { DeliveryReceipt } from '../../sms/message.ts';
import { authentic, forged } from '../answers.ts';
import { isProviderId, isReplyId, isSenderId } from '../ids.ts';
import { withPlus } from '../plus.ts';
import type { Acknowledgement, ProviderRequest, Received, Reception } from '../provider.ts';
import { queryOf } from '../raw-fields.ts';
import { isFromSource } from '../source-addresses.ts';
import { unreadable } from '../unreadable.ts';
import { hasUrlToken } from '../url-token.ts';
import { type Parameters, parametersOf } from './parameters.ts';
import { isOfNow, isSigned, type SignatureMethod } from './signature.ts';

/** What makes a call believed. Where there are `sourceAddresses`, it has to come from one of them as well. */
export type Proof = { readonly sourceAddresses?: readonly string[] } & (
  | {
      readonly kind: 'signature';
      readonly method: SignatureMethod;
      readonly secrets: readonly string[];
      readonly toleranceSeconds: number;
    }
  | { readonly kind: 'token'; readonly tokens: readonly string[] }
);

const ACKNOWLEDGEMENT: Acknowledgement = { status: 200, contentType: 'text/plain', body: '' };

/** https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts */
const STATUSES = new Map<string, DeliveryReceipt['status']>([
  ['accepted', 'accepted'],
  ['buffered', 'sent'],
  // "No useful information available": the carrier has it, and nobody will say more.
  ['unknown', 'sent'],
  ['delivered', 'delivered'],
  ['expired', 'undelivered'],
  ['rejected', 'undelivered'],
  ['failed', 'failed'],
]);

/** https://developer.vonage.com/en/opt-out-assist/guides/messaging-opted-out-numbers */
const OPTED_OUT = '9';

/** Judges and reads a call of Vonage's: an SMS, a part of one, or a receipt. `now` in ms since 1970. Never throws. */
export function receive(request: ProviderRequest, apiKey: string, proof: Proof, now: number): Reception {
  if (request.method !== 'POST' && request.method !== 'GET') return forged('neither a GET nor a POST');
  if (!isFromSource(request.remoteAddress, proof.sourceAddresses)) return forged('not among sourceAddresses');
  if (proof.kind === 'token' && !hasUrlToken(request.url, proof.tokens)) return forged('no or wrong token');
  if (isTrial(request, proof)) return authentic([], ACKNOWLEDGEMENT);
  const parameters = parametersOf(request);
  if (proof.kind === 'signature') {
    if (parameters?.get('sig') === undefined) return forged('no sig');
    if (!isSigned(parameters, proof.method, proof.secrets)) return forged('wrong signature');
    if (!isOfNow(parameters, now, proof.toleranceSeconds)) return forged('signed at another time');
  }
  if ((parameters?.get('api-key') ?? apiKey) !== apiKey) return forged('another account');
  return authentic([read(request, parameters)], ACKNOWLEDGEMENT);
}

/**
 * A GET that says nothing. Vonage tries whether a URL answers 200 before it keeps it as a setting, and nothing is stored
 * of it, so it needs no signature.
 */
function isTrial({ method, url, body }: ProviderRequest, proof: Proof): boolean {
  if (method !== 'GET' || body.length > 0) return false;
  const names = [...new URLSearchParams(queryOf(url)).keys()];
  return proof.kind === 'token' ? names.every((name) => name === 'token') : !url.includes('?');
}

function read(request: ProviderRequest, parameters: Parameters | undefined): Received {
  const raw = request.method === 'GET' ? Buffer.from(queryOf(request.url)) : request.body;
  const id = parameters?.get('messageId');
  if (parameters === undefined || !isProviderId(id)) return unreadable('no messageId', raw);
  const received = parameters.has('status') ? readReceipt(parameters, id) : readMessage(parameters, id);
  return typeof received === 'string' ? unreadable(received, raw, id) : received;
}

function readReceipt(parameters: Parameters, providerMessageId: string): Received | string {
  const status = STATUSES.get(parameters.get('status') ?? '');
  if (status === undefined) return 'unknown status';
  const replyId = parameters.get('client-ref');
  const errorCode = parameters.get('err-code');
  const receipt: DeliveryReceipt = {
    ...(isReplyId(replyId) && { replyId }),
    providerMessageId,
    status,
    ...(isProviderId(errorCode) && errorCode !== '0' && { errorCode }),
    isOptOut: errorCode === OPTED_OUT,
  };
  return { kind: 'receipt', receipt };
}

/** The message or part, or why it cannot be read. */
function readMessage(parameters: Parameters, providerMessageId: string): Received | string {
  const from = withPlus(parameters.get('msisdn') ?? '');
  const to = withPlus(parameters.get('to') ?? '');
  const text = parameters.get('text');
  if (!isSenderId(from) || !isSenderId(to)) return 'no msisdn or to';
  if (text === undefined || parameters.get('type') === 'binary') return 'no text';
  const sms = { providerMessageId, from, to, text };
  if (parameters.get('concat') !== 'true') return { kind: 'message', message: sms };
  const reference = parameters.get('concat-ref');
  const total = smallNumber(parameters.get('concat-total'));
  const position = smallNumber(parameters.get('concat-part'));
  if (total === 1) return { kind: 'message', message: sms };
  if (!isProviderId(reference) || position < 1 || position > total) return 'a part of no place';
  return { kind: 'part', part: { ...sms, reference, total, position } };
}

/** From 0 to 255; 0 for what is none. */
function smallNumber(digits = ''): number {
  const number = /^\d{1,3}$/.test(digits) ? Number(digits) : 0;
  return number <= 255 ? number : 0;
}
