import joi from 'joi';
import type { CallResult } from './http-call.ts';
import { jsonFields } from './json.ts';
import { apiBaseUrl, requestTimeoutMs, rotatingSecret } from './options.ts';
import type { ChannelIdentity, CredentialCheck, Neighbours, Provider, ProviderDefinition } from './provider.ts';
import { readAnswer } from './twilio/answer.ts';
import { type TwilioApi, twilioApi } from './twilio/api.ts';
import { readList } from './twilio/lookup.ts';
import { receive } from './twilio/receive.ts';
import { webhookWarnings } from './twilio/webhooks.ts';

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
  authToken: rotatingSecret('The auth token on the same page'),
  apiBaseUrl: apiBaseUrl('https://api.twilio.com', 'Twilio’s API, or the one of a region.'),
  messagingServiceSid: joi
    .string()
    .description('A messaging service to send through, whose pool the addresses belong to. Begins with MG.')
    .pattern(/^MG[0-9a-fA-F]{32}$/)
    .messages({ 'string.pattern.base': '{{#label}} must be MG and 32 hexadecimal digits' }),
  requestTimeoutMs: requestTimeoutMs('Twilio’s API'),
});

/** Twilio Programmable Messaging: https://www.twilio.com/docs/messaging */
export const twilio: ProviderDefinition<TwilioOptions> = { options, create };

function create(channel: ChannelIdentity, settings: TwilioOptions, { now }: Neighbours): Provider {
  const api = twilioApi(settings);
  const tokens = settings.authToken;
  let tokenIndex = 0;
  /** The tokens that were refused since one was taken last. */
  const refused = new Set<number>();
  return {
    receive: (request) => receive(request, settings),
    async send(message, signal) {
      const usedIndex = tokenIndex;
      const authToken = tokens[usedIndex] ?? tokens[0];
      const statusCallback = `${channel.webhookUrl}?reply=${message.replyId}`;
      const result = await api.createMessage(message, { authToken, statusCallback, signal });
      const outcome = readAnswer(result, now());
      if (!isRefused(result)) {
        refused.clear();
        return outcome;
      }
      // A refused token may be the one that has been rotated out: the next send goes with the other.
      tokenIndex = (usedIndex + 1) % tokens.length;
      refused.add(usedIndex);
      const isOtherLeft = refused.size < tokens.length && outcome.kind === 'transient';
      return isOtherLeft ? { kind: 'transient', code: outcome.code } : outcome;
    },
    async lookup(message, signal) {
      const usedIndex = tokenIndex;
      const result = await api.listMessages(message.to, { authToken: tokens[usedIndex] ?? tokens[0], signal });
      if (isRefused(result)) tokenIndex = (usedIndex + 1) % tokens.length;
      return readList(result, message, now());
    },
    check: () => check(api, channel, settings),
    close: () => api.close(),
  };
}

async function check(api: TwilioApi, channel: ChannelIdentity, settings: TwilioOptions): Promise<CredentialCheck> {
  const { authToken: tokens, messagingServiceSid } = settings;
  for (const [index, token] of tokens.entries()) {
    const advice = adviceOn(await api.fetchAccount(token), `authToken ${index + 1} of ${tokens.length}`);
    if (advice !== undefined) return { kind: 'failed', advice };
  }
  const warnings = await webhookWarnings(api, { ...channel, authToken: tokens[0], messagingServiceSid });
  return { kind: 'ok', warnings };
}

function adviceOn(result: CallResult, token: string): string | undefined {
  if (result.kind !== 'answered') {
    return `Twilio's API could not be reached (${result.code}): check apiBaseUrl, DNS and the firewall.`;
  }
  if (isRefused(result)) return `Twilio refuses accountSid with ${token}: copy it again from the Twilio console.`;
  if (result.status !== 200) return `Twilio answered ${result.status} when asked for the account: check apiBaseUrl.`;
  const { status } = jsonFields(result.body);
  return status === 'active' ? undefined : 'The Twilio account is not active: see its state in the Twilio console.';
}

function isRefused(result: CallResult): boolean {
  return result.kind === 'answered' && result.status === 401;
}
