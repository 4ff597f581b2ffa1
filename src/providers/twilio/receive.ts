import { type ParsedUrlQuery, parse } from 'node:querystring';
import type { DeliveryReceipt, OptOutKind } from '../../sms/message.ts';
import { authentic, forged } from '../answers.ts';
import { isProviderId, isReplyId, isSenderId } from '../ids.ts';
import type { Acknowledgement, ProviderRequest, Received, Reception } from '../provider.ts';
import { unreadable } from '../unreadable.ts';
import { isBodyOfHash, isSigned } from './signature.ts';

/** Whose calls are believed. */
export interface Account {
  readonly accountSid: string;
  /** The live tokens: one, or two while they are rotated. */
  readonly authToken: readonly string[];
}

const ACKNOWLEDGEMENT: Acknowledgement = { status: 200, contentType: 'text/xml', body: '<Response/>' };

/**
 * Twilio sends some twenty parameters. The parser stops at this many, so that a forged body is cheap; what lies beyond
 * is neither read nor believed, because the signature then does not fit.
 */
const MAX_PARAMETERS = 1_000;

/**
 * Twilio's words for the states of a message that we sent, and ours.
 * https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
 */
export const STATUSES: ReadonlyMap<string, DeliveryReceipt['status']> = new Map([
  ['accepted', 'accepted'],
  ['scheduled', 'accepted'],
  ['queued', 'accepted'],
  ['sending', 'sent'],
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['undelivered', 'undelivered'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
  ['read', 'read'],
]);

const OPT_OUT_KINDS: ReadonlySet<string> = new Set<OptOutKind>(['STOP', 'START', 'HELP']);

/** The error code of a recipient who has opted out. https://www.twilio.com/docs/api/errors/21610 */
export const OPTED_OUT = '21610';

/** Judges and reads a call of Twilio's: an incoming SMS or a status callback. Never throws. */
export function receive(request: ProviderRequest, account: Account): Reception {
  if (request.method !== 'POST') return forged('not a POST');
  const signature = request.headers['x-twilio-signature'];
  if (signature === undefined) return forged('no X-Twilio-Signature');
  const query = parse(request.url.split('?').slice(1).join('?'));
  return query.bodySHA256 === undefined
    ? receiveForm(request, signature, account, query)
    : receiveHashed(request, signature, account, query);
}

function receiveForm(request: ProviderRequest, signature: string, account: Account, query: ParsedUrlQuery): Reception {
  const form = parse(request.body.toString(), '&', '=', { maxKeys: MAX_PARAMETERS });
  if (!isSigned({ url: request.url, parameters: form }, signature, account.authToken)) return forged('wrong signature');
  const { AccountSid: accountSid } = form;
  if (accountSid !== undefined && accountSid !== account.accountSid) return forged('another account');
  return authentic([readForm(request, form, query)], ACKNOWLEDGEMENT);
}

/** Other content types than forms are signed by a hash of the body in the query. Twilio sends no SMS in this way. */
function receiveHashed(
  request: ProviderRequest,
  signature: string,
  account: Account,
  query: ParsedUrlQuery,
): Reception {
  const isAuthentic =
    isSigned({ url: request.url, parameters: {} }, signature, account.authToken) &&
    isBodyOfHash(request.body, String(query.bodySHA256));
  return isAuthentic ? authentic([unreadable('not a form', request.body)], ACKNOWLEDGEMENT) : forged('wrong signature');
}

function readForm(request: ProviderRequest, form: ParsedUrlQuery, query: ParsedUrlQuery): Received {
  const contentType = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded(;|$)/i.test(contentType)) return unreadable('not a form', request.body);
  const id = form.MessageSid ?? form.SmsSid;
  if (!isProviderId(id)) return unreadable('no MessageSid', request.body);
  if (form.AccountSid === undefined) return unreadable('no AccountSid', request.body, id);
  return 'MessageStatus' in form ? readReceipt(request, form, query, id) : readMessage(request, form, id);
}

function readMessage(request: ProviderRequest, form: ParsedUrlQuery, providerMessageId: string): Received {
  // An MMS of a picture alone has no Body, or an empty one.
  const { From: from, To: to, Body: text = '', OptOutType: optOut } = form;
  if (!isSenderId(from) || !isSenderId(to)) return unreadable('no From or To', request.body, providerMessageId);
  if (typeof text !== 'string') return unreadable('several Body', request.body, providerMessageId);
  const message = { providerMessageId, from, to, text };
  return { kind: 'message', message: isOptOutKind(optOut) ? { ...message, optOut } : message };
}

function readReceipt(request: ProviderRequest, form: ParsedUrlQuery, query: ParsedUrlQuery, id: string): Received {
  const { MessageStatus: word, ErrorCode: errorCode } = form;
  const { reply: replyId } = query;
  const status = STATUSES.get(String(word));
  if (status === undefined) return unreadable('unknown MessageStatus', request.body, id);
  const receipt: DeliveryReceipt = {
    ...(isReplyId(replyId) && { replyId }),
    providerMessageId: id,
    status,
    ...(isProviderId(errorCode) && { errorCode }),
    isOptOut: errorCode === OPTED_OUT,
  };
  return { kind: 'receipt', receipt };
}

function isOptOutKind(value: unknown): value is OptOutKind {
  return typeof value === 'string' && OPT_OUT_KINDS.has(value);
}
