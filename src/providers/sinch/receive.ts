import type { DeliveryReceipt } from '../../sms/message.ts';
import { authentic, forged } from '../answers.ts';
import { isProviderId, isReplyId, isSenderId } from '../ids.ts';
import { isFields, jsonFields } from '../json.ts';
import { withPlus } from '../plus.ts';
import type { Acknowledgement, ProviderRequest, Received, Reception } from '../provider.ts';
import { unreadable } from '../unreadable.ts';
import { doubtOf, type Proof } from './proof.ts';

type Fields = ReturnType<typeof jsonFields>;

/** Any 2xx will do. A 4xx would end the callback's repeats, so none is ever given to a genuine one. */
const ACKNOWLEDGEMENT: Acknowledgement = { status: 200, contentType: 'application/json', body: '{}' };

/**
 * https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports/
 * `Unknown` is final and says that the SMSC took the message but never told what became of it.
 */
const STATUSES = new Map<unknown, DeliveryReceipt['status']>([
  ['Queued', 'accepted'],
  ['Dispatched', 'sent'],
  ['Unknown', 'sent'],
  ['Delivered', 'delivered'],
  ['Failed', 'undelivered'],
  ['Expired', 'undelivered'],
  ['Deleted', 'undelivered'],
  ['Aborted', 'failed'],
  ['Cancelled', 'failed'],
  ['Rejected', 'failed'],
]);

/** Judges and reads a callback of Sinch's: an incoming SMS or a delivery report. Never throws. */
export function receive(request: ProviderRequest, proof: Proof, now: number): Reception {
  if (request.method !== 'POST') return forged('not a POST');
  const doubt = doubtOf(request, proof, now);
  return doubt === undefined ? authentic([read(request)], ACKNOWLEDGEMENT) : forged(doubt);
}

function read({ headers, body }: ProviderRequest): Received {
  if (!/^application\/json(;|$)/i.test(headers['content-type'] ?? '')) return unreadable('not JSON', body);
  const fields = jsonFields(body);
  switch (fields.type) {
    case 'mo_text':
      return readMessage(fields, fields.body, body);
    case 'mo_media':
      // An MMS: its text, if it has one, is read as an SMS; a picture alone is an empty text.
      return readMessage(fields, isFields(fields.body) ? (fields.body.message ?? '') : undefined, body);
    case 'mo_binary':
      // Bytes whose data coding is not told: they could be read in several ways.
      return unreadable('mo_binary', body, isProviderId(fields.id) ? fields.id : undefined);
    case 'recipient_delivery_report_sms':
      return readReceipt(fields, fields, body);
    case 'delivery_report_sms':
      // A summary: `statuses` has an entry for each state that any of the batch's recipients is in. We send to one.
      return readReceipt(fields, onlyOne(fields.statuses), body);
    default:
      return unreadable('unknown type', body);
  }
}

function readMessage({ id, from, to }: Fields, text: unknown, body: Buffer): Received {
  if (!isProviderId(id)) return unreadable('no id', body);
  if (!isSenderId(from) || !isSenderId(to)) return unreadable('no from or to', body, id);
  if (typeof text !== 'string') return unreadable('no text', body, id);
  return { kind: 'message', message: { providerMessageId: id, from: withPlus(from), to: withPlus(to), text } };
}

function readReceipt(
  { batch_id: id, client_reference: replyId }: Fields,
  { status: word, code }: Fields,
  body: Buffer,
) {
  if (!isProviderId(id)) return unreadable('no batch_id', body);
  const status = STATUSES.get(word);
  if (status === undefined) return unreadable('unknown status', body, id);
  const isFailure = status === 'undelivered' || status === 'failed';
  const receipt: DeliveryReceipt = {
    ...(isReplyId(replyId) && { replyId }),
    providerMessageId: id,
    status,
    ...(isFailure && Number.isSafeInteger(code) && { errorCode: String(code) }),
    // No code is documented that means an opt-out alone; `Deleted` may also be a number that does not exist.
    isOptOut: false,
  };
  return { kind: 'receipt', receipt } as const;
}

function onlyOne(list: unknown): Fields {
  const [one, ...others] = Array.isArray(list) ? list : [];
  return isFields(one) && others.length === 0 ? one : {};
}
