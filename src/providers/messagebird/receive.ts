import type { KeyObject } from 'node:crypto';
import { type ParsedUrlQuery, parse } from 'node:querystring';
import type { DeliveryReceipt } from '../../sms/message.ts';
import { authentic, forged } from '../answers.ts';
import { isProviderId, isReplyId, isSenderId } from '../ids.ts';
import { withPlus } from '../plus.ts';
import type { Acknowledgement, ProviderRequest, Received, Reception } from '../provider.ts';
import { unreadable } from '../unreadable.ts';
import { doubtOf } from './signature.ts';

const ACKNOWLEDGEMENT: Acknowledgement = { status: 200, contentType: 'text/plain', body: 'OK' };

/** A call has some twenty parameters; what lies beyond so many is not read. */
const MAX_PARAMETERS = 1_000;

/** https://developers.messagebird.com/api/sms-messaging/ */
const STATUSES = new Map<string | undefined, DeliveryReceipt['status']>([
  ['scheduled', 'accepted'],
  ['sent', 'sent'],
  ['buffered', 'sent'],
  ['delivered', 'delivered'],
  ['expired', 'undelivered'],
  ['delivery_failed', 'failed'],
]);

/** The recipient has sent STOP. Known from nyaruka/courier's handler, which runs in production; in no document found. */
const OPTED_OUT = '103';

/** Judges and reads a call of MessageBird's: an incoming SMS, or a status report, which is a GET. Never throws. */
export function receive(request: ProviderRequest, keys: readonly KeyObject[], now: number): Reception {
  if (request.method !== 'GET' && request.method !== 'POST') return forged('neither a GET nor a POST');
  const doubt = doubtOf(request, keys, now);
  return doubt === undefined ? authentic([read(request)], ACKNOWLEDGEMENT) : forged(doubt);
}

function read(request: ProviderRequest): Received {
  const raw = rawOf(request);
  const contentType = request.headers['content-type'] ?? '';
  if (request.method === 'POST' && !/^application\/x-www-form-urlencoded(;|$)/i.test(contentType)) {
    return unreadable('not a form', raw);
  }
  const parameters = parse(raw.toString(), '&', '=', { maxKeys: MAX_PARAMETERS });
  const isReport = 'status' in parameters && !('body' in parameters) && !('message' in parameters);
  return isReport ? readReport(parameters, raw) : readMessage(parameters, raw);
}

function rawOf({ method, url, body }: ProviderRequest): Buffer {
  return method === 'GET' ? Buffer.from(url.split(/\?(.*)/s)[1] ?? '') : body;
}

/** Two forms: short codes have `shortcode`, `mid` and `message`, other numbers `recipient`, `id` and `body`. */
function readMessage(parameters: ParsedUrlQuery, raw: Buffer): Received {
  const shortCode = last(parameters, 'shortcode');
  const id = last(parameters, shortCode === undefined ? 'id' : 'mid');
  const to = shortCode ?? last(parameters, 'recipient');
  const from = last(parameters, 'originator');
  const text = last(parameters, shortCode === undefined ? 'body' : 'message') ?? textOfMedia(parameters);
  if (!isProviderId(id)) return unreadable('no id', raw);
  if (!isSenderId(from) || !isSenderId(to)) return unreadable('no originator or recipient', raw, id);
  if (text === undefined) return unreadable('no body', raw, id);
  return { kind: 'message', message: { providerMessageId: id, from: withPlus(from), to: withPlus(to), text } };
}

function readReport(parameters: ParsedUrlQuery, raw: Buffer): Received {
  const id = last(parameters, 'id');
  const replyId = last(parameters, 'reference');
  const errorCode = last(parameters, 'statusErrorCode');
  const status = STATUSES.get(last(parameters, 'status'));
  if (!isProviderId(id)) return unreadable('no id', raw);
  if (status === undefined) return unreadable('unknown status', raw, id);
  const receipt: DeliveryReceipt = {
    ...(isReplyId(replyId) && { replyId }),
    providerMessageId: id,
    status,
    ...(errorCode !== undefined && /^[1-9]\d{0,8}$/.test(errorCode) && { errorCode }),
    isOptOut: errorCode === OPTED_OUT,
  };
  return { kind: 'receipt', receipt };
}

/** Calls have been recorded that hold a key twice: first in an older form of the message, then in the one described. */
function last(parameters: ParsedUrlQuery, name: string): string | undefined {
  const value = parameters[name];
  return Array.isArray(value) ? value.at(-1) : value;
}

/** An MMS of a picture alone has no text. */
function textOfMedia(parameters: ParsedUrlQuery): string | undefined {
  return Object.keys(parameters).some((name) => /^mediaurls/i.test(name)) ? '' : undefined;
}
