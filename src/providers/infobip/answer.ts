import { type Answered, outcomeOfCall, retryAfterMs } from '../answers.ts';
import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import { isFields, jsonFields } from '../json.ts';
import { withPlus } from '../plus.ts';
import type { LookupOutcome, SendOutcome, TransientCause, UnansweredSend } from '../provider.ts';
import { isOptOut, receiptOf, STATUS_IDS, type Status, statusOf } from './status.ts';

/** The logs may lack a message for so long after it was taken; that it is ever longer is not documented. */
const MIN_AGE_MS = 900_000;
/** The logs hold 48 hours; an hour less, because the clocks may differ. */
const MAX_AGE_MS = 47 * 3_600_000;

/** Refusals that somebody, or time, repairs: Infobip did not take the message, and will when it is offered again. */
const REPAIRABLE: ReadonlyMap<number, TransientCause | undefined> = new Map([
  [STATUS_IDS.notEnoughCredits, 'account'],
  [STATUS_IDS.prepaidPackageExpired, 'account'],
  // 20 SMS, or 6 alike, in an hour to one phone; other phones do not wait.
  [STATUS_IDS.floodingFilter, 'recipient'],
  [STATUS_IDS.systemError, undefined],
  [STATUS_IDS.rejectedByPlatform, undefined],
]);

/** Refusals of a phone that this account cannot reach, or of our sender: another channel may. */
const OF_ROUTE: ReadonlySet<number> = new Set([
  STATUS_IDS.networkNotAllowed,
  STATUS_IDS.prefixMissing,
  STATUS_IDS.sourceNotAllowed,
  STATUS_IDS.senderBlocklisted,
  // An account on trial.
  STATUS_IDS.destinationNotRegistered,
  STATUS_IDS.routeNotAvailable,
]);

/** Groups of messages that go no further. */
const REFUSED: ReadonlySet<string> = new Set(['REJECTED', 'UNDELIVERABLE', 'EXPIRED']);

/**
 * What Infobip's answer to a new message means, `now` in ms since 1970. A 200 holds a status, which may be a refusal.
 *
 * Final is a 400 in Infobip's words; a 401, 403 or 404 is about the key or the address. That a 5xx was not taken is not
 * documented, so after one the lookup decides (https://www.infobip.com/docs/developer-resources/api-fundamentals/handling-errors).
 */
export function readAnswer(result: CallResult, now: number): SendOutcome {
  return outcomeOfCall(result, (answer) => (answer.status >= 400 ? readRefusal(answer, now) : readSuccess(answer)));
}

function readSuccess({ status: httpStatus, body }: Answered): SendOutcome {
  const { messages } = jsonFields(body);
  const [message] = Array.isArray(messages) ? messages : [];
  const status = isFields(message) ? statusOf(message) : undefined;
  if (httpStatus >= 300 || status === undefined) return { kind: 'unknown', code: `http-${httpStatus}` };
  if (REFUSED.has(status.group)) return readRejection(status);
  const isAccepted = status.group === 'PENDING' || status.group === 'DELIVERED';
  return isAccepted && isFields(message) && isProviderId(message.messageId)
    ? { kind: 'accepted', providerMessageId: message.messageId }
    : { kind: 'unknown', code: status.name };
}

/** An id that Infobip knows already is ours of an earlier attempt: the lookup tells what became of that. */
function readRejection(status: Status): SendOutcome {
  const { id, name: code } = status;
  if (id === STATUS_IDS.duplicateMessageId) return { kind: 'unknown', code };
  const cause = REPAIRABLE.get(id);
  if (REPAIRABLE.has(id)) return { kind: 'transient', code, ...(cause && { cause }) };
  return { kind: 'rejected', code, isOptOut: isOptOut(status), ...(OF_ROUTE.has(id) && { isOfRoute: true }) };
}

function readRefusal(answer: Answered, now: number): SendOutcome {
  const { status } = answer;
  const { errorCode, requestError } = jsonFields(answer.body);
  const code = typeof errorCode === 'string' && /^\w{1,32}$/.test(errorCode) ? errorCode : `http-${status}`;
  if (status >= 500) return { kind: 'unknown', code };
  if (status === 429) return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, now) };
  if (status === 401 || (status === 403 && code === errorCode)) return { kind: 'transient', code, cause: 'account' };
  const isAboutMessage = status === 400 && (code === errorCode || requestError !== undefined);
  return isAboutMessage ? { kind: 'rejected', code, isOptOut: false } : { kind: 'transient', code };
}

/**
 * What the logs of the last 48 hours say of an unanswered send whose message has one of the ids. Only logs that lack it,
 * and that are neither too young nor too old to have it, mean that it was never taken.
 */
export function readLookup(
  result: CallResult,
  message: UnansweredSend,
  { ids, now }: { readonly ids: readonly string[]; readonly now: number },
): LookupOutcome {
  if (result.kind !== 'answered') return { kind: 'unclear', code: result.code };
  const { results } = jsonFields(result.body);
  if (result.status !== 200 || !Array.isArray(results)) return { kind: 'unclear', code: `http-${result.status}` };
  const entry = results.find((one) => isFields(one) && ids.includes(String(one.messageId)));
  if (entry !== undefined) return readEntry(entry, message);
  if (results.length > 0) return { kind: 'unclear', code: 'other-messages' };
  const ageMs = now - message.attemptedAt.getTime();
  if (ageMs < MIN_AGE_MS) return { kind: 'unclear', code: 'too-early' };
  return ageMs > MAX_AGE_MS ? { kind: 'unclear', code: 'too-late' } : { kind: 'absent' };
}

function readEntry(entry: Readonly<Record<string, unknown>>, { replyId, to }: UnansweredSend): LookupOutcome {
  if (withPlus(String(entry.destination)) !== to) return { kind: 'unclear', code: 'another-destination' };
  const receipt = receiptOf(entry);
  return typeof receipt === 'string'
    ? { kind: 'unclear', code: 'unreadable-log' }
    : { kind: 'found', receipt: { ...receipt, replyId } };
}
