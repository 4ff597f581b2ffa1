import joi from 'joi';
import type { CallResult } from './http-call.ts';
import { isOrigin } from './origin.ts';
import type { ChannelIdentity, CredentialCheck, Neighbours, Provider, ProviderDefinition } from './provider.ts';
import { fieldsOf, readAnswer } from './twilio/answer.ts';
import { type TwilioApi, twilioApi } from './twilio/api.ts';
import { receive } from './twilio/receive.ts';

/** What stands beside the common keys of a channel with `provider: twilio`. */
export interface TwilioOptions {
  readonly accountSid: string;
  /** One token, or two while they are rotated: calls signed with either are believed. */
  readonly authToken: readonly [string, ...string[]];
  /** Twilio's API, or a region's (`https://api.dublin.ie1.twilio.com`); plain HTTP only to this machine. */
  readonly apiBaseUrl: string;
  readonly messagingServiceSid?: string;
  readonly requestTimeoutMs: number;
}

const options = joi.object<TwilioOptions>({
  accountSid: joi
    .string()
    .pattern(/^AC[0-9a-fA-F]{32}$/)
    .required()
    .description('The account SID on the first page of Twilio’s console.')
    .messages({ 'string.pattern.base': '{{#label}} must be AC and 32 hexadecimal digits' }),
  authToken: joi
    .array()
    .items(joi.string().trim().min(1))
    .single()
    .min(1)
    .max(2)
    .unique()
    .required()
    .description(
      'The auth token on the same page; a list of two while it is rotated, and calls signed with either are believed.',
    ),
  apiBaseUrl: joi
    .string()
    .custom((value: string, { error }) => (isOrigin(value) ? value : error('any.invalid')))
    .default('https://api.twilio.com')
    .description('Twilio’s API, or the one of a region.')
    .messages({ 'any.invalid': '{{#label}} must be https:// and a host, or http:// and this machine' }),
  messagingServiceSid: joi
    .string()
    .description('A messaging service to send through, whose pool the addresses belong to. Begins with MG.')
    .pattern(/^MG[0-9a-fA-F]{32}$/)
    .messages({ 'string.pattern.base': '{{#label}} must be MG and 32 hexadecimal digits' }),
  requestTimeoutMs: joi
    .number()
    .integer()
    .min(100)
    .max(60_000)
    .default(15_000)
    .description('How long Twilio’s API may take to answer, in milliseconds.'),
});

/** Twilio Programmable Messaging: https://www.twilio.com/docs/messaging */
export const twilio: ProviderDefinition<TwilioOptions> = { options, create };

function create(channel: ChannelIdentity, settings: TwilioOptions, { now }: Neighbours): Provider {
  const api = twilioApi(settings);
  const tokens = settings.authToken;
  let tokenIndex = 0;
  return {
    receive: (request) => receive(request, settings),
    async send(message, signal) {
      const usedIndex = tokenIndex;
      const authToken = tokens[usedIndex] ?? tokens[0];
      const statusCallback = `${channel.webhookUrl}?reply=${message.replyId}`;
      const result = await api.createMessage(message, { authToken, statusCallback, signal });
      // A refused token may be the one that has been rotated out: the next send goes with the other.
      if (isRefused(result)) tokenIndex = (usedIndex + 1) % tokens.length;
      return readAnswer(result, now());
    },
    check: () => checkTokens(api, tokens),
    close: () => api.close(),
  };
}

async function checkTokens(api: TwilioApi, tokens: readonly string[]): Promise<CredentialCheck> {
  for (const [index, token] of tokens.entries()) {
    const advice = adviceOn(await api.fetchAccount(token), `authToken ${index + 1} of ${tokens.length}`);
    if (advice !== undefined) return { kind: 'failed', advice };
  }
  return { kind: 'ok' };
}

function adviceOn(result: CallResult, token: string): string | undefined {
  if (result.kind !== 'answered') {
    return `Twilio's API could not be reached (${result.code}): check apiBaseUrl, DNS and the firewall.`;
  }
  if (isRefused(result)) return `Twilio refuses accountSid with ${token}: copy it again from the Twilio console.`;
  if (result.status !== 200) return `Twilio answered ${result.status} when asked for the account: check apiBaseUrl.`;
  const { status } = fieldsOf(result);
  return status === 'active' ? undefined : 'The Twilio account is not active: see its state in the Twilio console.';
}

function isRefused(result: CallResult): boolean {
  return result.kind === 'answered' && result.status === 401;
}
