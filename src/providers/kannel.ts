import joi from 'joi';
import { type GatewayUrl, gatewayUrl } from './gateway-url.ts';
import { type CallResult, httpCaller } from './http-call.ts';
import { readAnswer } from './kannel/answer.ts';
import { receive } from './kannel/receive.ts';
import { submission } from './kannel/submit.ts';
import { requestTimeoutMs } from './options.ts';
import type { ChannelIdentity, CredentialCheck, Provider, ProviderDefinition } from './provider.ts';
import { sourceAddresses } from './source-addresses.ts';
import { type UrlProof, webhookToken } from './url-proof.ts';

/** What stands beside the common keys of a channel with `provider: kannel`. */
export interface KannelOptions extends UrlProof, GatewayUrl {
  readonly username: string;
  readonly password: string;
  readonly smsc?: string;
  readonly requestTimeoutMs: number;
}

/** Kannel takes these as headers, in which nothing else has a meaning that both sides agree on. */
const headerText = joi
  .string()
  .pattern(/^[\x21-\x7e]{1,128}$/)
  .messages({
    'string.pattern.base': '{{#label}} must be 1 to 128 letters, digits and signs of ASCII, without spaces',
  });

const options = joi.object<KannelOptions>({
  username: headerText.required().description('`username` of the `sendsms-user` group.'),
  password: headerText.required().description('`password` of the same group.'),
  smsc: headerText.description('The `smsc-id` to send through. Absent: Kannel’s own routing.').example('MTN'),
  webhookToken: webhookToken('Kannel'),
  sourceAddresses: sourceAddresses('Kannel'),
  ...gatewayUrl('http://127.0.0.1:13013', 'Kannel’s smsbox'),
  requestTimeoutMs: requestTimeoutMs('Kannel'),
});

/** Kannel's smsbox, a gateway of one's own: https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html */
export const kannel: ProviderDefinition<KannelOptions> = { options, create };

const SENDSMS = { method: 'POST', path: '/cgi-bin/sendsms' } as const;

function create(channel: ChannelIdentity, settings: KannelOptions): Provider {
  const http = httpCaller(settings.apiBaseUrl, { timeoutMs: settings.requestTimeoutMs });
  const credentials = {
    'x-kannel-username': settings.username,
    'x-kannel-password': settings.password,
    'content-type': 'text/plain; charset=UTF-8',
  };
  return {
    methods: ['GET', 'POST'],
    receive: (request) => receive(request, settings),
    async send(message, signal) {
      const { headers, body } = submission(message, channel.webhookUrl, settings);
      const result = await http.call({ ...SENDSMS, headers: { ...credentials, ...headers }, body }, signal);
      return readAnswer(result, message.replyId);
    },
    // A submission without a receiver: Kannel looks at the credentials first, then refuses it.
    async check() {
      return checked(await http.call({ ...SENDSMS, headers: credentials, body: 'check' }));
    },
    close: () => http.close(),
  };
}

function checked(result: CallResult): CredentialCheck {
  if (result.kind !== 'answered') {
    const advice = `Kannel could not be reached (${result.code}): check apiBaseUrl, sendsms-port, and that bearerbox and smsbox run.`;
    return { kind: 'failed', advice };
  }
  if (result.status === 400 && /receiver/i.test(result.body.toString())) return { kind: 'ok' };
  const advice =
    result.status === 403
      ? 'Kannel refuses username with password: compare the sendsms-user group, also its user-allow-ip and user-deny-ip.'
      : `Kannel answered ${result.status} at ${SENDSMS.path}: check apiBaseUrl and sendsms-url.`;
  return { kind: 'failed', advice };
}
