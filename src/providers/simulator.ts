import { createHmac, randomUUID } from 'node:crypto';
import joi from 'joi';
import type { DeliveryReceipt, MobileTerminated } from '../sms/message.ts';
import { authentic, forged } from './answers.ts';
import { type HttpCaller, httpCaller } from './http-call.ts';
import { isProviderId, isReplyId, isSenderId } from './ids.ts';
import { jsonFields } from './json.ts';
import { requestTimeoutMs, secret as secretOption } from './options.ts';
import type {
  Acknowledgement,
  ChannelIdentity,
  Provider,
  ProviderDefinition,
  ProviderRequest,
  Received,
  Reception,
} from './provider.ts';
import { isSameSecret } from './same-secret.ts';
import { unreadable } from './unreadable.ts';

/** What stands beside the common keys of a channel with `provider: simulator`. */
export interface SimulatorOptions {
  /** Signs both directions; whoever knows it can text as anybody. */
  readonly secret: string;
  readonly requestTimeoutMs: number;
}

/** An SMS from an imagined phone, as it is posted to the channel's webhook. */
export interface SimulatedMessage {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** What the imagined network says of an MT. */
export interface SimulatedReceipt {
  readonly replyId: string;
  readonly providerMessageId: string;
  readonly status: DeliveryReceipt['status'];
}

const options = joi.object<SimulatorOptions, true>({
  secret: secretOption('Signs both directions: whoever knows it can text as anybody.'),
  requestTimeoutMs: requestTimeoutMs('our own webhook').default(5_000),
});

/** A provider with no company behind it: for the demo, for development and for trying texts out. */
export const simulator: ProviderDefinition<SimulatorOptions> = { options, create };

const SIGNATURE_HEADER = 'x-cardwake-signature';
const ACKNOWLEDGEMENT: Acknowledgement = { status: 200, contentType: 'application/json', body: '{"ok":true}' };

/** More receipts than this are not under way at once; further ones are lost, as a real network loses some. */
const MAX_REPORTING = 1_000;

const STATUSES = new Set<unknown>([
  'accepted',
  'sent',
  'delivered',
  'undelivered',
  'failed',
  'read',
] satisfies DeliveryReceipt['status'][]);

/** Hex HMAC-SHA256 over the body exactly as posted: the value of `x-cardwake-signature`. */
function signSimulated(secret: string, body: string | Buffer): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** A new SMS from an imagined phone; without an `id` it gets one that was never used. */
export function simulatedMessage(sms: Omit<SimulatedMessage, 'id'> & { readonly id?: string }): SimulatedMessage {
  const { id = `sim-${randomUUID()}`, from, to, text } = sms;
  return { id, from, to, text };
}

/** The signed POST that hands a message or a receipt to the channel's webhook. */
export function simulatedCall(secret: string, content: SimulatedMessage | SimulatedReceipt) {
  const body = JSON.stringify(content);
  const headers = { 'content-type': 'application/json', [SIGNATURE_HEADER]: signSimulated(secret, body) };
  return { method: 'POST', headers, body } as const;
}

function create(channel: ChannelIdentity, { secret, requestTimeoutMs }: SimulatorOptions): Provider {
  const { origin, pathname: path } = new URL(channel.webhookUrl);
  const http = httpCaller(origin, { timeoutMs: requestTimeoutMs, connections: 4 });
  const reporting = new Set<Promise<void>>();
  return {
    receive: (request) => receive(request, secret),
    send(message, signal) {
      if (signal.aborted) return Promise.resolve({ kind: 'transient', code: 'aborted' });
      const providerMessageId = `sim-${randomUUID()}`;
      if (reporting.size < MAX_REPORTING) {
        const report = reportDelivery({ http, path, secret }, message, providerMessageId);
        reporting.add(report);
        void report.finally(() => reporting.delete(report));
      }
      return Promise.resolve({ kind: 'accepted', providerMessageId });
    },
    check: () => Promise.resolve({ kind: 'ok' }),
    async close() {
      await http.close();
      await Promise.all(reporting);
    },
  };
}

/** Posts `sent`, then `delivered`, as a network would. A receipt that does not arrive is not repeated. */
async function reportDelivery(
  to: { readonly http: HttpCaller; readonly path: string; readonly secret: string },
  { replyId }: MobileTerminated,
  providerMessageId: string,
): Promise<void> {
  for (const status of ['sent', 'delivered'] as const) {
    await to.http.call({ path: to.path, ...simulatedCall(to.secret, { replyId, providerMessageId, status }) });
  }
}

function receive(request: ProviderRequest, secret: string): Reception {
  if (request.method !== 'POST') return forged('not a POST');
  const signature = request.headers[SIGNATURE_HEADER];
  if (signature === undefined) return forged(`no ${SIGNATURE_HEADER}`);
  if (!isSameSecret(signature, signSimulated(secret, request.body))) return forged('wrong signature');
  return authentic([read(request)], ACKNOWLEDGEMENT);
}

function read({ headers, body }: ProviderRequest): Received {
  const isJson = /^application\/json(;|$)/i.test(headers['content-type'] ?? '');
  const { id, from, to, text, replyId, providerMessageId, status } = isJson ? jsonFields(body) : {};
  if (isProviderId(providerMessageId) && isReplyId(replyId) && isStatus(status)) {
    return { kind: 'receipt', receipt: { replyId, providerMessageId, status, isOptOut: false } };
  }
  if (isProviderId(id) && isSenderId(from) && isSenderId(to) && typeof text === 'string') {
    return { kind: 'message', message: { providerMessageId: id, from, to, text } };
  }
  return unreadable('neither a message nor a receipt', body, isProviderId(id) ? id : undefined);
}

function isStatus(value: unknown): value is DeliveryReceipt['status'] {
  return STATUSES.has(value);
}
