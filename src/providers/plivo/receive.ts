import type { ParsedUrlQuery } from 'node:querystring';
import type { DeliveryReceipt } from '../../sms/message.ts';
import { authentic, forged } from '../answers.ts';
import { isProviderId, isReplyId, isSenderId } from '../ids.ts';
import { withPlus } from '../plus.ts';
import type { Acknowledgement, ProviderRequest, Received, Reception } from '../provider.ts';
import { unreadable } from '../unreadable.ts';
import { doubtOf, parametersOf, queryOf, type Signers } from './signature.ts';

/** Plivo reads XML and would send a `<Message>` in it; this says nothing, so nothing is sent. */
const ACKNOWLEDGEMENT: Acknowledgement = { status: 200, contentType: 'application/xml', body: '<Response/>' };

/**
 * https://www.plivo.com/docs/messaging/api/message/message-status-callbacks; `rejected` stands in older versions of it.
 * `Sequence`, which numbers a message's callbacks, is not used: our statuses move forward only, in whatever order they come.
 */
const STATUSES = new Map<unknown, DeliveryReceipt['status']>([
  ['queued', 'accepted'],
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['undelivered', 'undelivered'],
  ['failed', 'failed'],
  ['rejected', 'failed'],
  ['read', 'read'],
]);

/** The sender is blocked by a STOP of the recipient. https://www.plivo.com/docs/messaging/troubleshooting/error-codes */
const OPTED_OUT = '200';
/** What `ErrorCode` says when there is none. */
const NO_ERROR = '000';

/** Judges and reads a call of Plivo's: an incoming SMS or a status callback. Never throws. */
export function receive(request: ProviderRequest, signers: Signers): Reception {
  if (request.method !== 'POST' && request.method !== 'GET') return forged('neither a POST nor a GET');
  const doubt = doubtOf(request, signers);
  return doubt === undefined ? authentic([read(request)], ACKNOWLEDGEMENT) : forged(doubt);
}

function read({ method, url, headers, body }: ProviderRequest): Received {
  const query = parametersOf(queryOf(url));
  if (method === 'GET') return readFields(query, query, Buffer.from(url));
  const isForm = /^application\/x-www-form-urlencoded(;|$)/i.test(headers['content-type'] ?? '');
  return isForm ? readFields(parametersOf(body.toString()), query, body) : unreadable('not a form', body);
}

/** `raw` is what an id is made from when there is none. */
function readFields(fields: ParsedUrlQuery, query: ParsedUrlQuery, raw: Buffer): Received {
  const { MessageUUID: id } = fields;
  if (!isProviderId(id)) return unreadable('no MessageUUID', raw);
  const isReceipt = 'Status' in fields && !('Text' in fields);
  const read = isReceipt ? readReceipt(fields, query, id) : readMessage(fields, id);
  return typeof read === 'string' ? unreadable(read, raw, id) : read;
}

/**
 * An SMS, whole: Plivo joins the parts. Its `MessageIntent` says that the text is one of Plivo's own words. Only `optout`
 * is taken from it, because Plivo itself blocks the phone from then on. `help` and `optin` are left to our own reading of
 * the text: Plivo answers neither unless it was told to, and counts a YES as `optin`. Gives why it cannot be read, else.
 */
function readMessage(fields: ParsedUrlQuery, providerMessageId: string): Received | string {
  const { From: from, To: to, Type: type, MessageIntent: intent } = fields;
  // An MMS has its words in Body, and a picture alone has none.
  const text = fields.Text ?? fields.Body ?? (type === 'mms' ? '' : undefined);
  if (!isSenderId(from) || !isSenderId(to)) return 'no From or To';
  if (typeof text !== 'string') return 'no Text, or several';
  const message = { providerMessageId, from: withPlus(from), to: withPlus(to), text };
  return { kind: 'message', message: intent === 'optout' ? { ...message, optOut: 'STOP' } : message };
}

function readReceipt(
  fields: ParsedUrlQuery,
  { reply: replyId }: ParsedUrlQuery,
  providerMessageId: string,
): Received | string {
  const { Status: word, ErrorCode: errorCode } = fields;
  const status = STATUSES.get(word);
  if (status === undefined) return 'unknown Status';
  const receipt: DeliveryReceipt = {
    ...(isReplyId(replyId) && { replyId }),
    providerMessageId,
    status,
    ...(isProviderId(errorCode) && errorCode !== NO_ERROR && { errorCode }),
    isOptOut: errorCode === OPTED_OUT,
  };
  return { kind: 'receipt', receipt };
}
