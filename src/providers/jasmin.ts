import joi from 'joi';
import { type GatewayUrl, gatewayUrl } from './gateway-url.ts';
import { type CallResult, httpCaller } from './http-call.ts';
import { readAnswer } from './jasmin/answer.ts';
import { receive } from './jasmin/receive.ts';
import { submission } from './jasmin/submit.ts';
import { requestTimeoutMs, secret } from './options.ts';
import type { ChannelIdentity, CredentialCheck, Neighbours, Provider, ProviderDefinition } from './provider.ts';
import type { DefaultAlphabet } from './smpp/coding.ts';
import { sourceAddresses } from './source-addresses.ts';
import { type UrlProof, webhookToken } from './url-proof.ts';

/** What stands beside the common keys of a channel with `provider: jasmin`. */
export interface JasminOptions extends UrlProof, GatewayUrl {
  readonly username: string;
  readonly password: string;
  readonly defaultAlphabet: DefaultAlphabet;
  readonly requestTimeoutMs: number;
}

const options = joi.object<JasminOptions>({
  username: joi.string().trim().min(1).max(30).required().description('The Jasmin user’s `username`.'),
  password: secret('The Jasmin user’s `password`.').max(30),
  webhookToken: webhookToken('Jasmin'),
  sourceAddresses: sourceAddresses('Jasmin'),
  defaultAlphabet: joi
    .string()
    .valid('gsm-7', 'gsm-7-packed', 'latin1', 'ascii', 'utf-8')
    .default('gsm-7')
    .description('What the SMSC behind Jasmin means by data_coding 0: Jasmin hands octets on as they come.'),
  ...gatewayUrl('http://127.0.0.1:1401', 'Jasmin’s HTTP API'),
  requestTimeoutMs: requestTimeoutMs('Jasmin'),
});

/** The HTTP API of Jasmin, a gateway of one's own: https://docs.jasminsms.com/en/latest/apis/http/index.html */
export const jasmin: ProviderDefinition<JasminOptions> = { options, create };

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

function create(channel: ChannelIdentity, settings: JasminOptions, { now }: Neighbours): Provider {
  const { username, password } = settings;
  const http = httpCaller(settings.apiBaseUrl, { timeoutMs: settings.requestTimeoutMs });
  return {
    methods: ['GET', 'POST'],
    receive: (request) => receive(request, settings),
    async send(message, signal) {
      const body = submission(message, channel.webhookUrl, settings);
      return readAnswer(await http.call({ method: 'POST', path: '/send', headers: FORM, body }, signal), now());
    },
    // Jasmin gives the balance by GET alone, so the password stands in its access log.
    async check() {
      const path = `/balance?${new URLSearchParams({ username, password }).toString()}`;
      return checked(await http.call({ method: 'GET', path, headers: {} }));
    },
    close: () => http.close(),
  };
}

function checked(result: CallResult): CredentialCheck {
  if (result.kind !== 'answered') {
    const advice = `Jasmin's HTTP API could not be reached (${result.code}): check apiBaseUrl and that jasmind runs.`;
    return { kind: 'failed', advice };
  }
  const words = result.body.toString();
  // Who may not ask for the balance was recognised before he was told so.
  const isKnown = (result.status === 200 && /"balance"/.test(words)) || /Cannot check balance/.test(words);
  if (isKnown) return { kind: 'ok' };
  const advice =
    result.status === 403
      ? 'Jasmin refuses username with password: compare with the user in jcli, and see that user and group are enabled.'
      : `Jasmin answered ${result.status} when asked for the balance: check apiBaseUrl.`;
  return { kind: 'failed', advice };
}
