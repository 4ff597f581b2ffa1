import joi from 'joi';
import type { MobileTerminated } from '../sms/message.ts';
import { type CallResult, type HttpCaller, httpCaller } from './http-call.ts';
import { apiBaseUrl, requestTimeoutMs, rotatingSecret, secret } from './options.ts';
import type { ChannelIdentity, CredentialCheck, Neighbours, Provider, ProviderDefinition } from './provider.ts';
import { readAnswer, readLookup } from './sinch/answer.ts';
import type { Proof } from './sinch/proof.ts';
import { receive } from './sinch/receive.ts';

/** What stands beside the common keys of a channel with `provider: sinch`. One of the three proofs of callbacks is set. */
export interface SinchOptions {
  readonly servicePlanId: string;
  readonly apiToken: string;
  readonly webhookSecret?: readonly string[];
  readonly webhookToken?: readonly string[];
  readonly webhookUser?: string;
  readonly webhookPassword?: readonly string[];
  readonly signatureToleranceSeconds: number;
  readonly apiBaseUrl: string;
  readonly requestTimeoutMs: number;
}

const options = joi
  .object<SinchOptions>({
    servicePlanId: joi
      .string()
      .pattern(/^[\w-]{1,64}$/)
      .required()
      .description('The service plan, from Sinch’s dashboard under SMS → APIs.'),
    apiToken: secret('The API token of that service plan.'),
    webhookSecret: rotatingSecret('What Sinch signs the plan’s callbacks with').optional(),
    webhookToken: rotatingSecret(
      'For plans whose callbacks are not signed: a secret of ours, given to Sinch in the callback URL as `?token=…`',
    ).optional(),
    webhookUser: joi.string().description('For plans whose callbacks have Basic authentication: the user.'),
    webhookPassword: rotatingSecret('The password of `webhookUser`').optional(),
    signatureToleranceSeconds: joi
      .number()
      .integer()
      .min(60)
      .max(604_800)
      .default(86_400)
      .description(
        'How old a signed callback may be. Sinch repeats callbacks for almost 23 hours and does not say that it signs them anew.',
      ),
    apiBaseUrl: apiBaseUrl('https://us.sms.api.sinch.com', 'Sinch’s API in the service plan’s region.'),
    requestTimeoutMs: requestTimeoutMs('Sinch’s API'),
  })
  .xor('webhookSecret', 'webhookToken', 'webhookPassword')
  .and('webhookUser', 'webhookPassword');

/** The SMS REST API of Sinch: https://developers.sinch.com/docs/sms */
export const sinch: ProviderDefinition<SinchOptions> = { options, create };

/** The longest that Sinch keeps trying: https://developers.sinch.com/docs/sms/api-reference/sms/batches, `expire_at`. */
const MAX_VALIDITY_SECONDS = 3 * 86_400;

const LOOKUP_MARGIN_MS = 3_600_000;

function create(_channel: ChannelIdentity, settings: SinchOptions, { now }: Neighbours): Provider {
  const http = httpCaller(settings.apiBaseUrl, { timeoutMs: settings.requestTimeoutMs });
  const proof = proofOf(settings);
  const path = `/xms/v1/${settings.servicePlanId}/batches`;
  const headers = { authorization: `Bearer ${settings.apiToken}`, accept: 'application/json' };
  return {
    receive: (request) => receive(request, proof, now()),
    async send(message, signal) {
      const body = JSON.stringify(batchOf(message, now()));
      const call = { method: 'POST', path, headers: { ...headers, 'content-type': 'application/json' }, body } as const;
      return readAnswer(await http.call(call, signal), now());
    },
    async lookup(message, signal) {
      const since = new Date(message.attemptedAt.getTime() - LOOKUP_MARGIN_MS).toISOString();
      const query = new URLSearchParams({ client_reference: message.replyId, start_date: since, page_size: '10' });
      return readLookup(
        await http.call({ method: 'GET', path: `${path}?${query.toString()}`, headers }, signal),
        message,
        now(),
      );
    },
    check: () => check(http, path, headers),
    close: () => http.close(),
  };
}

/**
 * The batch of one that carries our reply. Its receipts come to the plan's own callback URL, whose proof is known, with our
 * id in `client_reference`: whether Sinch signs, or authenticates at, a `callback_url` of the batch's own is not documented.
 */
function batchOf({ replyId, from, to, text, validitySeconds }: MobileTerminated, now: number) {
  const validMs = Math.min(validitySeconds ?? MAX_VALIDITY_SECONDS, MAX_VALIDITY_SECONDS) * 1_000;
  return {
    type: 'mt_text',
    from,
    to: [to],
    body: text,
    client_reference: replyId,
    delivery_report: 'per_recipient',
    feedback_enabled: false,
    truncate_concat: false,
    ...(validitySeconds !== undefined && { expire_at: new Date(now + validMs).toISOString() }),
  };
}

function proofOf(settings: SinchOptions): Proof {
  const { webhookSecret, webhookToken, webhookUser: user, webhookPassword: passwords } = settings;
  if (webhookSecret !== undefined) {
    return { kind: 'signature', secrets: webhookSecret, toleranceMs: settings.signatureToleranceSeconds * 1_000 };
  }
  if (webhookToken !== undefined) return { kind: 'token', tokens: webhookToken };
  if (user !== undefined && passwords !== undefined) return { kind: 'basic', user, passwords };
  throw new TypeError('a channel of Sinch needs webhookSecret, webhookToken or webhookPassword');
}

async function check(
  http: HttpCaller,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<CredentialCheck> {
  const advice = adviceOn(await http.call({ method: 'GET', path: `${path}?page_size=1`, headers }));
  return advice === undefined ? { kind: 'ok' } : { kind: 'failed', advice };
}

function adviceOn(result: CallResult): string | undefined {
  if (result.kind !== 'answered') {
    return `Sinch's API could not be reached (${result.code}): check apiBaseUrl, DNS and the firewall.`;
  }
  const { status } = result;
  if (status === 200) return undefined;
  if (status === 401) return 'Sinch refuses apiToken: copy it again from the dashboard, next to the service plan.';
  if (status === 403 || status === 404) {
    return `Sinch answered ${status} for servicePlanId: check it, and that apiBaseUrl is the API of its region.`;
  }
  return `Sinch answered ${status} when asked for the latest batches: check apiBaseUrl.`;
}
