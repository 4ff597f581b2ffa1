import type { KeyObject } from 'node:crypto';
import type { DeliveryReceipt, OptOutKind } from '../../sms/message.ts';
import { authentic, forged } from '../answers.ts';
import { isProviderId, isReplyId, isSenderId } from '../ids.ts';
import { isFields, jsonFields } from '../json.ts';
import type { Acknowledgement, ProviderRequest, Received, Reception } from '../provider.ts';
import { unreadable } from '../unreadable.ts';
import { errorsIn } from './errors.ts';
import { isOfNow, isSigned } from './signature.ts';

/** Whose calls are believed, and where they are sent. */
export interface Door {
  /** The account's public key, or two. */
  readonly keys: readonly KeyObject[];
  /** What stands before a reply's id in the webhook URL that we name with each SMS. */
  readonly replyUrl: string;
}

const ACKNOWLEDGEMENT: Acknowledgement = { status: 200, contentType: 'text/plain', body: '' };

type Fields = Readonly<Record<string, unknown>>;

/** https://developers.telnyx.com/api-reference/messages/send-a-message: `to[].status` */
const STATUSES = new Map<unknown, DeliveryReceipt['status']>([
  ['queued', 'accepted'],
  ['sending', 'accepted'],
  ['sent', 'sent'],
  // Final, and yet nobody knows: the carrier took it and never said more.
  ['delivery_unconfirmed', 'sent'],
  ['delivered', 'delivered'],
  ['delivery_failed', 'undelivered'],
  ['expired', 'undelivered'],
  ['sending_failed', 'failed'],
]);

const OPT_OUT_KINDS: ReadonlySet<unknown> = new Set<OptOutKind>(['STOP', 'START', 'HELP']);

/** Judges and reads a call of Telnyx's: an SMS or a receipt. `now` in ms since 1970. Never throws. */
export function receive(request: ProviderRequest, door: Door, now: number): Reception {
  if (request.method !== 'POST') return forged('not a POST');
  const signature = request.headers['telnyx-signature-ed25519'];
  const timestamp = request.headers['telnyx-timestamp'];
  if (signature === undefined || timestamp === undefined)
    return forged('no telnyx-signature-ed25519 or telnyx-timestamp');
  if (!isOfNow(timestamp, now)) return forged('signed at another time');
  if (!isSigned({ signature, timestamp, body: request.body }, door.keys)) return forged('wrong signature');
  return authentic([read(request, door)], ACKNOWLEDGEMENT);
}

function read({ headers, body }: ProviderRequest, door: Door): Received {
  const isJson = /^application\/json *(;|$)/i.test(headers['content-type'] ?? '');
  const event = fields(isJson ? jsonFields(body).data : undefined);
  const payload = fields(event.payload);
  // The event's id is another one: the message keeps its own through all that happens to it.
  const { id } = payload;
  if (!isProviderId(id)) return unreadable('no message id', body);
  switch (event.event_type) {
    case 'message.received':
      return readMessage(payload, id) ?? unreadable('no from, to or text', body, id);
    case 'message.sent':
    case 'message.finalized':
      return readReceipt(payload, id, door) ?? unreadable('unknown status', body, id);
    default:
      return unreadable('unknown event_type', body, id);
  }
}

function readMessage(payload: Fields, providerMessageId: string): Received | undefined {
  const { phone_number: from } = fields(payload.from);
  const { phone_number: to } = firstOf(payload.to);
  // An MMS of a picture alone has no text.
  const text = payload.text ?? '';
  if (!isSenderId(from) || !isSenderId(to) || typeof text !== 'string') return undefined;
  const message = { providerMessageId, from, to, text };
  const { autoresponse_type: optOut } = payload;
  return { kind: 'message', message: isOptOutKind(optOut) ? { ...message, optOut } : message };
}

function readReceipt(payload: Fields, providerMessageId: string, { replyUrl }: Door): Received | undefined {
  const status = STATUSES.get(firstOf(payload.to).status);
  if (status === undefined) return undefined;
  const replyId = replyIdIn(payload.webhook_url, replyUrl);
  const errors = errorsIn(payload.errors);
  const [error] = errors;
  const receipt: DeliveryReceipt = {
    ...(replyId !== undefined && { replyId }),
    providerMessageId,
    status,
    ...(error !== undefined && { errorCode: error.code }),
    isOptOut: errors.some(({ isOptOut }) => isOptOut),
  };
  return { kind: 'receipt', receipt };
}

/** The signature covers no URL, but the body, which repeats the one that we named: the id is read there. */
function replyIdIn(webhookUrl: unknown, replyUrl: string): string | undefined {
  if (typeof webhookUrl !== 'string' || !webhookUrl.startsWith(replyUrl)) return undefined;
  const id = webhookUrl.slice(replyUrl.length);
  return isReplyId(id) ? id : undefined;
}

function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function firstOf(list: unknown): Fields {
  return fields(Array.isArray(list) ? list[0] : undefined);
}

function isOptOutKind(value: unknown): value is OptOutKind {
  return OPT_OUT_KINDS.has(value);
}
