import joi from 'joi';
import { isGsm7 } from '../sms/gsm7.ts';
import type { MobileTerminated } from '../sms/message.ts';
import { basicAuth } from './basic-auth.ts';
import { type CallResult, httpCaller } from './http-call.ts';
import { jsonFields } from './json.ts';
import { apiBaseUrl, requestTimeoutMs, rotatingSecret, secret } from './options.ts';
import { withoutPlus } from './plus.ts';
import type { ChannelIdentity, CredentialCheck, Neighbours, Provider, ProviderDefinition } from './provider.ts';
import { sourceAddresses } from './source-addresses.ts';
import { webhookToken } from './url-proof.ts';
import { readAnswer } from './vonage/answer.ts';
import { type Proof, receive } from './vonage/receive.ts';
import { SIGNATURE_METHODS, type SignatureMethod } from './vonage/signature.ts';

/** What stands beside the common keys of a channel with `provider: vonage`. Calls are proved by one of the two secrets. */
export interface VonageOptions {
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly signatureSecret?: readonly [string, ...string[]];
  readonly signatureMethod: SignatureMethod;
  readonly signatureToleranceSeconds: number;
  readonly webhookToken?: readonly [string, ...string[]];
  readonly sourceAddresses?: readonly string[];
  readonly apiBaseUrl: string;
  readonly requestTimeoutMs: number;
}

const options = joi
  .object<VonageOptions>({
    apiKey: joi
      .string()
      .pattern(/^[\w-]{1,64}$/)
      .required()
      .description('The API key on the first page of Vonage’s dashboard.')
      .messages({ 'string.pattern.base': '{{#label}} must be letters and digits' }),
    apiSecret: secret('The API secret beside it.'),
    signatureSecret: rotatingSecret('The signature secret of the account’s settings').optional(),
    signatureMethod: joi
      .valid(...SIGNATURE_METHODS)
      .default('md5hash')
      .description('The signature method of the same settings; `md5`, `sha1`, `sha256` and `sha512` are HMACs.'),
    signatureToleranceSeconds: joi
      .number()
      .integer()
      .min(60)
      .max(604_800)
      .default(90_000)
      .description(
        'How old a signed call may be. Vonage repeats calls for 24 hours and does not say that it signs them anew.',
      ),
    webhookToken: webhookToken('Vonage').optional(),
    sourceAddresses: sourceAddresses('Vonage'),
    apiBaseUrl: apiBaseUrl('https://rest.nexmo.com', 'Vonage’s API.'),
    requestTimeoutMs: requestTimeoutMs('Vonage’s API'),
  })
  .xor('signatureSecret', 'webhookToken');

/** The SMS API of Vonage, once Nexmo: https://developer.vonage.com/en/messaging/sms/overview */
export const vonage: ProviderDefinition<VonageOptions> = { options, create };

/** What `ttl` may be, and how long `callback`: sms/src/vonage_sms/requests.py in Vonage/vonage-python-sdk. */
const TTL_MS = { min: 20_000, max: 604_800_000 };
const MAX_CALLBACK_CHARACTERS = 100;

function create({ webhookUrl }: ChannelIdentity, settings: VonageOptions, { now }: Neighbours): Provider {
  const http = httpCaller(settings.apiBaseUrl, { timeoutMs: settings.requestTimeoutMs });
  const headers = { authorization: basicAuth(settings.apiKey, settings.apiSecret), accept: 'application/json' };
  const proof = proofOf(settings);
  const callback = callbackOf(webhookUrl, proof);
  return {
    methods: ['GET', 'POST'],
    receive: (request) => receive(request, settings.apiKey, proof, now()),
    async send(message, signal) {
      const body = new URLSearchParams({ ...smsOf(message), ...(callback !== undefined && { callback }) }).toString();
      const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
      return readAnswer(await http.call({ method: 'POST', path: '/sms/json', headers: form, body }, signal), now());
    },
    async check() {
      const result = await http.call({ method: 'GET', path: '/account/get-balance', headers });
      return readCheck(result, callback === undefined);
    },
    close: () => http.close(),
  };
}

function proofOf(settings: VonageOptions): Proof {
  const { signatureSecret: secrets, signatureMethod: method, webhookToken: tokens, sourceAddresses } = settings;
  const sources = sourceAddresses === undefined ? {} : { sourceAddresses };
  if (secrets !== undefined) {
    return { kind: 'signature', method, secrets, toleranceSeconds: settings.signatureToleranceSeconds, ...sources };
  }
  if (tokens !== undefined) return { kind: 'token', tokens, ...sources };
  throw new TypeError('a channel of Vonage needs signatureSecret or webhookToken');
}

/** Where receipts shall come; undefined when Vonage would refuse the SMS for its length. */
function callbackOf(webhookUrl: string, proof: Proof): string | undefined {
  const callback = proof.kind === 'token' ? `${webhookUrl}?token=${proof.tokens[0]}` : webhookUrl;
  return callback.length <= MAX_CALLBACK_CHARACTERS ? callback : undefined;
}

/** Our reply id goes as `client-ref`, which comes back, signed, with every receipt. */
function smsOf({ replyId, from, to, text, validitySeconds }: MobileTerminated) {
  return {
    from: withoutPlus(from),
    to: withoutPlus(to),
    text,
    type: isGsm7(text) ? 'text' : 'unicode',
    'client-ref': replyId,
    'status-report-req': 'true',
    ...(validitySeconds !== undefined && {
      ttl: String(Math.min(Math.max(validitySeconds * 1_000, TTL_MS.min), TTL_MS.max)),
    }),
  };
}

function readCheck(result: CallResult, lacksCallback: boolean): CredentialCheck {
  if (result.kind !== 'answered') {
    const advice = `Vonage's API could not be reached (${result.code}): check apiBaseUrl, DNS and the firewall.`;
    return { kind: 'failed', advice };
  }
  if (result.status === 401) {
    return { kind: 'failed', advice: 'Vonage refuses apiKey with apiSecret: copy both again from the dashboard.' };
  }
  const { value, autoReload } = jsonFields(result.body);
  if (result.status !== 200 || typeof value !== 'number') {
    const advice = `Vonage answered ${result.status} when asked for the balance: check apiBaseUrl.`;
    return { kind: 'failed', advice };
  }
  return { kind: 'ok', warnings: warningsOn(value, autoReload === true, lacksCallback) };
}

function warningsOn(balance: number, isReloaded: boolean, lacksCallback: boolean): readonly string[] {
  return [
    ...(balance <= 0 && !isReloaded ? ['The Vonage account has no credit, so no reply is sent: top it up.'] : []),
    ...(lacksCallback
      ? [
          'The webhook URL is longer than the 100 characters that Vonage takes as callback: set it for delivery receipts in the dashboard, or shorten publicUrl, the channel’s key or webhookToken.',
        ]
      : []),
  ];
}
