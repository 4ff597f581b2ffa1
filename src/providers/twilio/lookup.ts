import type { DeliveryReceipt } from '../../sms/message.ts';
import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import { isFields, jsonFields } from '../json.ts';
import type { LookupOutcome, UnansweredSend } from '../provider.ts';
import { OPTED_OUT, STATUSES } from './receive.ts';

/** How far Twilio's clock and ours may be apart; Twilio tells full seconds. */
const SKEW_MS = 60_000;

/** A request that was cut off may still be at work: nothing is missing before this time has passed. */
const SETTLED_MS = 300_000;

/**
 * What Twilio's list of messages to a phone says of an unanswered send, `now` in ms since 1970
 * (https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources).
 *
 * `found` is a message of the same words that was made since the attempt began. It may be that of another reply which
 * said the same; whoever keeps the ids knows.
 *
 * `absent` only when it is sure: the attempt is five minutes old, the list is whole and on one page, and nothing was
 * sent to the phone since. So a message of other words makes it `unclear`, because a messaging service may change
 * characters; and so does a further page, because the list is said to be in the order of sending, and where messages
 * stand that are not sent yet is not documented. For the same reason it is not asked for by `DateSent`.
 */
export function readList(result: CallResult, send: UnansweredSend, now: number): LookupOutcome {
  if (result.kind !== 'answered') return unclear(result.code);
  const { messages, next_page_uri: next } = jsonFields(result.body);
  const isList = Array.isArray(messages) && messages.every(isFields);
  if (result.status !== 200 || !result.isWhole || !isList) return unclear(`http-${result.status}`);
  const since = messages.filter((message) => isSince(message, send));
  const own = since.filter(({ body }) => body !== '' && body === send.text);
  if (own.length > 0) return readOwn(own);
  if (since.length > 0) return unclear('other-message');
  if (next !== null) return unclear('more-pages');
  return now - send.attemptedAt.getTime() < SETTLED_MS ? unclear('too-early') : { kind: 'absent' };
}

type Listed = Readonly<Record<string, unknown>>;

/** A message without a readable date may be from any time. What customers sent does not count. */
function isSince({ date_created: created, direction }: Listed, send: UnansweredSend): boolean {
  if (direction === 'inbound') return false;
  const at = Date.parse(String(created));
  return Number.isNaN(at) || at >= send.attemptedAt.getTime() - SKEW_MS;
}

/** The first of the same words, if there are several: the one made closest after the attempt. */
function readOwn(own: readonly Listed[]): LookupOutcome {
  const [message] = own.toSorted((a, b) => Date.parse(String(a.date_created)) - Date.parse(String(b.date_created)));
  const status = STATUSES.get(String(message?.status));
  if (message === undefined || status === undefined || !isProviderId(message.sid)) return unclear('unreadable');
  const code = message.error_code;
  const errorCode = typeof code === 'number' ? String(code) : undefined;
  const receipt: DeliveryReceipt = {
    providerMessageId: message.sid,
    status,
    ...(errorCode !== undefined && { errorCode }),
    isOptOut: errorCode === OPTED_OUT,
  };
  return { kind: 'found', receipt };
}

function unclear(code: string): LookupOutcome {
  return { kind: 'unclear', code };
}
