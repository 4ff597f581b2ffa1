import joi from 'joi';
import type { MobileTerminated } from '../sms/message.ts';
import { type CallResult, type HttpCaller, httpCaller } from './http-call.ts';
import { readAnswer, readLookup } from './infobip/answer.ts';
import { messageIdOf } from './infobip/message-id.ts';
import { type Proof, receive } from './infobip/receive.ts';
import { apiBaseUrl, requestTimeoutMs, rotatingSecret } from './options.ts';
import { withoutPlus } from './plus.ts';
import type { ChannelIdentity, CredentialCheck, Neighbours, Provider, ProviderDefinition } from './provider.ts';
import { sourceAddresses } from './source-addresses.ts';
import { webhookToken } from './url-proof.ts';

/** What stands beside the common keys of a channel with `provider: infobip`. One of the two proofs of calls is set. */
export interface InfobipOptions {
  /** One key, or two while they are rotated. */
  readonly apiKey: readonly [string, ...string[]];
  readonly webhookUser?: string;
  readonly webhookPassword?: readonly [string, ...string[]];
  readonly webhookToken?: readonly [string, ...string[]];
  readonly sourceAddresses?: readonly string[];
  readonly apiBaseUrl: string;
  readonly requestTimeoutMs: number;
}

const options = joi
  .object<InfobipOptions>({
    apiKey: rotatingSecret('').description(
      'An API key with the scopes `sms:message:send` and `sms:logs:read`; a list of two while it is rotated, the present one first.',
    ),
    webhookUser: joi
      .string()
      .pattern(/^[^:]+$/)
      .description('The user of the notification profile’s Basic authentication.'),
    webhookPassword: rotatingSecret('The password of `webhookUser`').optional(),
    webhookToken: webhookToken('Infobip').optional(),
    sourceAddresses: sourceAddresses('Infobip'),
    apiBaseUrl: apiBaseUrl('https://api.infobip.com', 'The account’s own base URL, from Infobip’s console.'),
    requestTimeoutMs: requestTimeoutMs('Infobip’s API'),
  })
  .xor('webhookPassword', 'webhookToken')
  .and('webhookUser', 'webhookPassword');

/** The SMS API of Infobip, version 3: https://www.infobip.com/docs/api/channels/sms */
export const infobip: ProviderDefinition<InfobipOptions> = { options, create };

const SEND = '/sms/3/messages';
const LOGS = '/sms/3/logs';

/** Infobip tries for 48 hours at most. */
const MAX_VALIDITY_MINUTES = 48 * 60;

function create({ webhookUrl }: ChannelIdentity, settings: InfobipOptions, { now }: Neighbours): Provider {
  const http = httpCaller(settings.apiBaseUrl, { timeoutMs: settings.requestTimeoutMs });
  const proof = proofOf(settings);
  const keys = settings.apiKey;
  const reportUrl = proof.kind === 'token' ? `${webhookUrl}?token=${proof.tokens[0]}` : undefined;
  let keyIndex = 0;
  return {
    receive: (request) => receive(request, proof),
    async send(message, signal) {
      const usedIndex = keyIndex;
      const headers = { ...headersFor(keys[usedIndex] ?? keys[0]), 'content-type': 'application/json' };
      const body = JSON.stringify({ messages: [messageOf(message, keys[0], reportUrl)] });
      const result = await http.call({ method: 'POST', path: SEND, headers, body }, signal);
      // A refused key may be the one that has been rotated out: the next send goes with the other.
      if (isRefused(result)) keyIndex = (usedIndex + 1) % keys.length;
      return readAnswer(result, now());
    },
    async lookup(message, signal) {
      // The attempt may have been made before the keys were rotated.
      const ids = keys.map((key) => messageIdOf(message, key));
      const path = `${LOGS}?messageId=${ids.join(',')}`;
      const headers = headersFor(keys[keyIndex] ?? keys[0]);
      return readLookup(await http.call({ method: 'GET', path, headers }, signal), message, { ids, now: now() });
    },
    check: () => checkKeys(http, keys),
    close: () => http.close(),
  };
}

/**
 * A report's URL is named with the message only when it carries the proof: whether Infobip uses the notification profile's
 * authentication at a URL of the message's own is not documented. Without one, reports go where the subscription says.
 */
function messageOf(message: MobileTerminated, key: string, reportUrl: string | undefined) {
  const { replyId, from, to, text, validitySeconds } = message;
  return {
    sender: withoutPlus(from),
    destinations: [{ to: withoutPlus(to), messageId: messageIdOf(message, key) }],
    content: { text },
    ...(validitySeconds !== undefined && {
      options: { validityPeriod: { amount: minutesOf(validitySeconds), timeUnit: 'MINUTES' } },
    }),
    webhooks: {
      ...(reportUrl !== undefined && { delivery: { url: reportUrl } }),
      contentType: 'application/json',
      callbackData: replyId,
    },
  };
}

function minutesOf(seconds: number): number {
  return Math.min(Math.max(Math.floor(seconds / 60), 1), MAX_VALIDITY_MINUTES);
}

function headersFor(key: string): Readonly<Record<string, string>> {
  return { authorization: `App ${key}`, accept: 'application/json' };
}

function proofOf(settings: InfobipOptions): Proof {
  const { webhookUser: user, webhookPassword: passwords, webhookToken: tokens, sourceAddresses: sources } = settings;
  if (tokens !== undefined) return { kind: 'token', tokens, sources };
  if (user !== undefined && passwords !== undefined) return { kind: 'basic', user, passwords, sources };
  throw new TypeError('a channel of Infobip needs webhookPassword or webhookToken');
}

/** Asks for one entry of the logs under each live key: it sends nothing, and needs the scope that lookups need. */
async function checkKeys(http: HttpCaller, keys: readonly string[]): Promise<CredentialCheck> {
  const warnings: string[] = [];
  for (const [index, key] of keys.entries()) {
    const name = `apiKey ${index + 1} of ${keys.length}`;
    const result = await http.call({ method: 'GET', path: `${LOGS}?limit=1`, headers: headersFor(key) });
    if (result.kind === 'answered' && result.status === 403) warnings.push(warningOf(name));
    else {
      const advice = adviceOn(result, name);
      if (advice !== undefined) return { kind: 'failed', advice };
    }
  }
  return warnings.length === 0 ? { kind: 'ok' } : { kind: 'ok', warnings };
}

function warningOf(key: string): string {
  return `Infobip knows ${key} but does not let it read the logs, so what became of a send without an answer cannot be looked up: give it the scope sms:logs:read.`;
}

function adviceOn(result: CallResult, key: string): string | undefined {
  if (result.kind !== 'answered') {
    return `Infobip's API could not be reached (${result.code}): check apiBaseUrl, DNS and the firewall.`;
  }
  if (result.status === 200) return undefined;
  return isRefused(result)
    ? `Infobip refuses ${key}: copy it again from Infobip's console, and check that apiBaseUrl is this account's.`
    : `Infobip answered ${result.status} when asked for its logs: check apiBaseUrl.`;
}

function isRefused(result: CallResult): boolean {
  return result.kind === 'answered' && result.status === 401;
}
