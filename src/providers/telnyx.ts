import joi from 'joi';
import { type CallResult, httpCaller } from './http-call.ts';
import { isFields, jsonFields } from './json.ts';
import { apiBaseUrl, requestTimeoutMs, secret } from './options.ts';
import type { ChannelIdentity, CredentialCheck, Neighbours, Provider, ProviderDefinition } from './provider.ts';
import { readAnswer } from './telnyx/answer.ts';
import { receive } from './telnyx/receive.ts';
import { isPublicKey, publicKey } from './telnyx/signature.ts';

/** What stands beside the common keys of a channel with `provider: telnyx`. */
export interface TelnyxOptions {
  readonly apiKey: string;
  /** The account's public key, or two while it is exchanged: calls signed with either are believed. */
  readonly publicKey: readonly [string, ...string[]];
  readonly apiBaseUrl: string;
  readonly requestTimeoutMs: number;
}

const key = joi
  .string()
  .trim()
  .custom((value: string, { error }) => (isPublicKey(value) ? value : error('any.invalid')))
  .messages({ 'any.invalid': '{{#label}} must be 44 characters of base64, as the portal shows it' });

const options = joi.object<TelnyxOptions>({
  apiKey: secret('An API key (V2) of the account, from the portal. Begins with KEY.'),
  publicKey: joi
    .array()
    .items(key)
    .single()
    .min(1)
    .max(2)
    .unique()
    .required()
    .description(
      'The public key that webhooks are checked with, from Keys & Credentials in the portal; a list of two while it is exchanged, and calls signed with either are believed.',
    ),
  apiBaseUrl: apiBaseUrl('https://api.telnyx.com', 'Telnyx’s API.'),
  requestTimeoutMs: requestTimeoutMs('Telnyx’s API'),
});

/** Telnyx Messaging, API v2: https://developers.telnyx.com/docs/messaging */
export const telnyx: ProviderDefinition<TelnyxOptions> = { options, create };

function create({ webhookUrl }: ChannelIdentity, settings: TelnyxOptions, { now }: Neighbours): Provider {
  const http = httpCaller(settings.apiBaseUrl, { timeoutMs: settings.requestTimeoutMs });
  const headers = { authorization: `Bearer ${settings.apiKey}`, accept: 'application/json' };
  const replyUrl = `${webhookUrl}?reply=`;
  const door = { keys: settings.publicKey.map(publicKey), replyUrl };
  return {
    receive: (request) => receive(request, door, now()),
    async send({ replyId, from, to, text }, signal) {
      const body = JSON.stringify({ from, to, text, type: 'SMS', webhook_url: replyUrl + replyId });
      const json = { ...headers, 'content-type': 'application/json' };
      return readAnswer(await http.call({ method: 'POST', path: '/v2/messages', headers: json, body }, signal), now());
    },
    check: async () => readCheck(await http.call({ method: 'GET', path: '/v2/balance', headers })),
    close: () => http.close(),
  };
}

function readCheck(result: CallResult): CredentialCheck {
  if (result.kind !== 'answered') {
    const advice = `Telnyx's API could not be reached (${result.code}): check apiBaseUrl, DNS and the firewall.`;
    return { kind: 'failed', advice };
  }
  if (result.status === 401) {
    return { kind: 'failed', advice: 'Telnyx refuses apiKey: copy it again from the portal, or create a new one.' };
  }
  const { data } = jsonFields(result.body);
  const { available_credit: credit } = isFields(data) ? data : {};
  if (result.status !== 200 || credit === undefined) {
    const advice = `Telnyx answered ${result.status} when asked for the balance: check apiBaseUrl.`;
    return { kind: 'failed', advice };
  }
  const isSpent = Number(credit) <= 0;
  return { kind: 'ok', warnings: isSpent ? ['The Telnyx account has no credit, so no reply is sent: top it up.'] : [] };
}
