import joi from 'joi';
import type { MobileTerminated } from '../sms/message.ts';
import { basicAuth } from './basic-auth.ts';
import { type CallResult, type HttpCaller, httpCaller } from './http-call.ts';
import { apiBaseUrl, requestTimeoutMs, rotatingSecret } from './options.ts';
import { readAnswer } from './plivo/answer.ts';
import { receive } from './plivo/receive.ts';
import type { ChannelIdentity, CredentialCheck, Neighbours, Provider, ProviderDefinition } from './provider.ts';

/** What stands beside the common keys of a channel with `provider: plivo`. */
export interface PlivoOptions {
  readonly authId: string;
  /** One token, or two while they are rotated: calls signed with either are believed. */
  readonly authToken: readonly [string, ...string[]];
  readonly acceptV2: boolean;
  readonly apiBaseUrl: string;
  readonly requestTimeoutMs: number;
}

const options = joi.object<PlivoOptions>({
  authId: joi
    .string()
    .pattern(/^(?:MA|SA)[0-9A-Z]{18}$/)
    .required()
    .description('The Auth ID of the account (MA…) or subaccount (SA…), on the first page of Plivo’s console.')
    .messages({ 'string.pattern.base': '{{#label}} must be MA or SA and 18 capital letters or digits' }),
  authToken: rotatingSecret('The Auth Token on the same page'),
  acceptV2: joi
    .boolean()
    .default(false)
    .description(
      'Also believe calls that have only a V2 signature, which covers neither the parameters nor the query. For an account whose calls are refused with `no X-Plivo-Signature-V3`.',
    ),
  apiBaseUrl: apiBaseUrl('https://api.plivo.com', 'Plivo’s API.'),
  requestTimeoutMs: requestTimeoutMs('Plivo’s API'),
});

/** Plivo’s messaging: https://www.plivo.com/docs/messaging */
export const plivo: ProviderDefinition<PlivoOptions> = { options, create };

/** What Plivo lets `message_expiry` be: https://www.plivo.com/docs/messaging/api/messages */
const MIN_EXPIRY_SECONDS = 5;
const MAX_EXPIRY_SECONDS = 10_799;

function create({ webhookUrl }: ChannelIdentity, settings: PlivoOptions, { now }: Neighbours): Provider {
  const http = httpCaller(settings.apiBaseUrl, { timeoutMs: settings.requestTimeoutMs });
  const { authId, authToken: tokens } = settings;
  const path = `/v1/Account/${authId}/`;
  const authorization = (token: string) => basicAuth(authId, token);
  let tokenIndex = 0;
  return {
    methods: ['POST', 'GET'],
    receive: (request) => receive(request, settings),
    async send(message, signal) {
      const usedIndex = tokenIndex;
      const headers = {
        authorization: authorization(tokens[usedIndex] ?? tokens[0]),
        'content-type': 'application/json',
      };
      const body = JSON.stringify(messageOf(message, webhookUrl));
      const result = await http.call({ method: 'POST', path: `${path}Message/`, headers, body }, signal);
      // A refused token may be the one that has been rotated out: the next send goes with the other.
      if (isRefused(result)) tokenIndex = (usedIndex + 1) % tokens.length;
      return readAnswer(result, now());
    },
    check: () => checkTokens(http, path, tokens.map(authorization)),
    close: () => http.close(),
  };
}

function messageOf({ replyId, from, to, text, validitySeconds }: MobileTerminated, webhookUrl: string) {
  return {
    src: from,
    dst: to,
    text,
    type: 'sms',
    url: `${webhookUrl}?reply=${replyId}`,
    method: 'POST',
    ...(validitySeconds !== undefined && {
      message_expiry: Math.min(Math.max(Math.floor(validitySeconds), MIN_EXPIRY_SECONDS), MAX_EXPIRY_SECONDS),
    }),
  };
}

/** Asks for the account under each live token: that sends nothing. */
async function checkTokens(http: HttpCaller, path: string, live: readonly string[]): Promise<CredentialCheck> {
  for (const [index, authorization] of live.entries()) {
    const result = await http.call({ method: 'GET', path, headers: { authorization } });
    const advice = adviceOn(result, `authToken ${index + 1} of ${live.length}`);
    if (advice !== undefined) return { kind: 'failed', advice };
  }
  return { kind: 'ok' };
}

function adviceOn(result: CallResult, token: string): string | undefined {
  if (result.kind !== 'answered') {
    return `Plivo's API could not be reached (${result.code}): check apiBaseUrl, DNS and the firewall.`;
  }
  if (result.status === 200) return undefined;
  return isRefused(result)
    ? `Plivo refuses authId with ${token}: copy both again from Plivo's console.`
    : `Plivo answered ${result.status} when asked for the account: check authId and apiBaseUrl.`;
}

function isRefused(result: CallResult): boolean {
  return result.kind === 'answered' && result.status === 401;
}
