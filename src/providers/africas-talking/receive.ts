import { createHmac } from 'node:crypto';
import { type ParsedUrlQuery, parse } from 'node:querystring';
import type { DeliveryReceipt } from '../../sms/message.ts';
import { authentic, forged } from '../answers.ts';
import { isProviderId, isSenderId } from '../ids.ts';
import type { Acknowledgement, ProviderRequest, Received, Reception } from '../provider.ts';
import { unreadable } from '../unreadable.ts';
import { type UrlProof, urlFault } from '../url-proof.ts';

const ACKNOWLEDGEMENT: Acknowledgement = { status: 200, contentType: 'text/plain', body: '' };

/** A call has some ten fields; what lies beyond so many is not read. */
const MAX_FIELDS = 1_000;

/** https://developers.africastalking.com/docs/sms/notifications, delivery reports. */
const STATUSES = new Map<string, DeliveryReceipt['status']>([
  ['Sent', 'sent'],
  ['Submitted', 'sent'],
  ['Buffered', 'sent'],
  ['Success', 'delivered'],
  ['Rejected', 'failed'],
  ['Failed', 'undelivered'],
  ['AbsentSubscriber', 'undelivered'],
  ['Expired', 'undelivered'],
]);

/** The `failureReason` of a recipient who has blacklisted the sender. */
const OPTED_OUT = 'UserInBlackList';

/**
 * Judges and reads a call of Africa's Talking: an incoming SMS, a delivery report or an opt-out, told apart by their
 * fields, so that all may come to one URL. `now` in ms since 1970. Never throws.
 */
export function receive(request: ProviderRequest, proof: UrlProof, now: number): Reception {
  if (request.method !== 'POST') return forged('not a POST');
  const fault = urlFault(request, proof);
  return fault === undefined ? authentic([read(request, proof, now)], ACKNOWLEDGEMENT) : forged(fault);
}

function read({ headers, body }: ProviderRequest, proof: UrlProof, now: number): Received {
  const contentType = headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded(;|$)/i.test(contentType)) return unreadable('not a form', body);
  const form = parse(body.toString(), '&', '=', { maxKeys: MAX_FIELDS });
  const { id, senderId, phoneNumber } = form;
  if (id === undefined && isSenderId(senderId) && isSenderId(phoneNumber)) {
    return optOut({ senderId, phoneNumber }, proof, now);
  }
  if (!isProviderId(id)) return unreadable('no id', body);
  return 'status' in form ? readReport(form, id, body) : readMessage(form, id, body);
}

function readMessage({ from, to, text = '' }: ParsedUrlQuery, providerMessageId: string, body: Buffer): Received {
  if (!isSenderId(from) || !isSenderId(to)) return unreadable('no from or to', body, providerMessageId);
  if (typeof text !== 'string') return unreadable('several text', body, providerMessageId);
  return { kind: 'message', message: { providerMessageId, from, to, text } };
}

function readReport(
  { status: word, failureReason }: ParsedUrlQuery,
  providerMessageId: string,
  body: Buffer,
): Received {
  const status = STATUSES.get(String(word));
  if (status === undefined) return unreadable('unknown status', body, providerMessageId);
  const receipt: DeliveryReceipt = {
    providerMessageId,
    status,
    ...(isProviderId(failureReason) && { errorCode: failureReason }),
    isOptOut: failureReason === OPTED_OUT,
  };
  return { kind: 'receipt', receipt };
}

interface OptOut {
  readonly senderId: string;
  readonly phoneNumber: string;
}

/**
 * An opt-out has no id. Ours is the same for a repeat within the minute, and another one later: after a new opt-in the
 * next opt-out must not be taken for a repeat. Keyed, because a plain hash of a phone can be undone.
 */
function optOut(
  { senderId: to, phoneNumber: from }: OptOut,
  { webhookToken: [token] }: UrlProof,
  now: number,
): Received {
  const minute = Math.floor(now / 60_000);
  const mark = createHmac('sha256', token).update(`${from}\n${to}\n${minute}`).digest('hex');
  return { kind: 'message', message: { providerMessageId: `opt-out:${mark}`, from, to, text: '', optOut: 'STOP' } };
}
