import joi from 'joi';
import type { MobileTerminated } from '../sms/message.ts';
import { readAnswer } from './africas-talking/answer.ts';
import { receive } from './africas-talking/receive.ts';
import { type CallResult, httpCaller } from './http-call.ts';
import { apiBaseUrl, requestTimeoutMs, secret } from './options.ts';
import type { ChannelIdentity, CredentialCheck, Neighbours, Provider, ProviderDefinition } from './provider.ts';
import { sourceAddresses } from './source-addresses.ts';
import { type UrlProof, webhookToken } from './url-proof.ts';

/** What stands beside the common keys of a channel with `provider: africas-talking`. */
export interface AfricasTalkingOptions extends UrlProof {
  readonly username: string;
  readonly apiKey: string;
  readonly apiBaseUrl: string;
  readonly requestTimeoutMs: number;
}

const options = joi.object<AfricasTalkingOptions>({
  username: joi.string().trim().min(1).required().description('The app’s username; the sandbox’s is `sandbox`.'),
  apiKey: secret('The app’s API key, from the dashboard under Settings → API Key.'),
  webhookToken: webhookToken('Africa’s Talking'),
  sourceAddresses: sourceAddresses('Africa’s Talking'),
  apiBaseUrl: apiBaseUrl(
    'https://api.africastalking.com',
    'Africa’s Talking’s API; the sandbox’s is `https://api.sandbox.africastalking.com`.',
  ),
  requestTimeoutMs: requestTimeoutMs('Africa’s Talking’s API'),
});

/** The SMS API of Africa's Talking: https://developers.africastalking.com/docs/sms/overview */
export const africasTalking: ProviderDefinition<AfricasTalkingOptions> = { options, create };

function create(_channel: ChannelIdentity, settings: AfricasTalkingOptions, { now }: Neighbours): Provider {
  const { username, apiKey } = settings;
  const http = httpCaller(settings.apiBaseUrl, { timeoutMs: settings.requestTimeoutMs });
  const headers = { apikey: apiKey, accept: 'application/json' };
  return {
    receive: (request) => receive(request, settings, now()),
    async send(message, signal) {
      const body = formOf(message, username);
      const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
      const call = { method: 'POST', path: '/version1/messaging', headers: form, body } as const;
      return readAnswer(await http.call(call, signal), now());
    },
    async check() {
      const path = `/version1/user?${new URLSearchParams({ username }).toString()}`;
      return checked(await http.call({ method: 'GET', path, headers }));
    },
    close: () => http.close(),
  };
}

/** `enqueue`: answered once it is stored there. The API has no field for a reference or a callback URL. */
function formOf({ from, to, text }: MobileTerminated, username: string): string {
  return new URLSearchParams({ username, from, to, message: text, bulkSMSMode: '1', enqueue: '1' }).toString();
}

function checked(result: CallResult): CredentialCheck {
  if (result.kind !== 'answered') {
    const advice = `Africa's Talking's API could not be reached (${result.code}): check apiBaseUrl, DNS and the firewall.`;
    return { kind: 'failed', advice };
  }
  if (result.status === 200) return { kind: 'ok' };
  const advice =
    result.status === 401 || result.status === 403
      ? "Africa's Talking refuses username with apiKey: they have to be of the same app, and an app of the sandbox needs the sandbox's apiBaseUrl."
      : `Africa's Talking answered ${result.status} when asked for the app's data: check apiBaseUrl.`;
  return { kind: 'failed', advice };
}
