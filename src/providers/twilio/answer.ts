import { type Answered, outcomeOfCall, retryAfterMs } from '../answers.ts';
import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import { jsonFields } from '../json.ts';
import type { SendOutcome, TransientCause } from '../provider.ts';
import { OPTED_OUT } from './receive.ts';

const DEFAULT_WAIT_MS = 1_000;
/** Too busy. https://www.twilio.com/docs/api/errors/20503 */
const NOT_TAKEN = '20503';

/**
 * Errors that are a matter of pace whatever their status, with the wait that suits them.
 * 14107 (too many SMS to one phone) is not here: it would make all phones wait for one.
 * https://www.twilio.com/docs/api/errors
 */
const WAIT_MS_BY_ERROR = new Map<string, number>([
  ['20429', DEFAULT_WAIT_MS],
  // The sender's queue at Twilio is full and drains at the sender's own rate.
  ['21611', 60_000],
  // The account's limit for the day.
  ['63038', 600_000],
]);

/**
 * Errors that have nothing to do with the message and pass when somebody, or time, repairs what they concern. One without a
 * cause may concern some phones alone.
 */
const CAUSES: ReadonlyMap<string, TransientCause | undefined> = new Map([
  ['14107', 'recipient'],
  ['20003', 'account'],
  ['20005', 'account'],
  ['20006', 'account'],
  ['20404', 'account'],
  ['21609', 'account'], // a StatusCallback that Twilio does not take: a matter of `publicUrl`
  ['21703', undefined], // the messaging service has no number that can send
  ['21704', 'account'], // the messaging service has no number at all
  ['21705', 'account'], // no such messaging service
]);

/**
 * Errors that say that this phone cannot be reached from this account or this address of ours, or must not: another
 * channel may. https://www.twilio.com/docs/api/errors/21408 and so on.
 */
const OF_ROUTE: ReadonlySet<string> = new Set([
  '21212', // the sender is no number
  '21408', // the country is not among the account's Geo Permissions, or Twilio does not serve it
  '21601', // the sender is no number of the account
  '21603', // there is no sender
  '21606', // the sender cannot write, or not to there
  '21608', // an account on trial, and the phone is not verified
  '21612', // no way from this sender to this phone
  '21659', // the sender is no number of Twilio's, or a short code of another country
  '21660', // the sender belongs to another account
  '21661', // the sender cannot write
]);

/**
 * What Twilio's answer to a new message means, `now` in ms since 1970.
 *
 * A message may have been sent, so the outcome is `unknown`, when no answer came, when the answer is a success that
 * cannot be read, and after any 5xx but error 20503: Twilio does not de-duplicate what is posted, and a 500 may follow the
 * sending (https://www.twilio.com/docs/api/errors/20500). 20503 says that the request was not taken; a 503 of some proxy may
 * only say that it lost sight of it.
 *
 * Only Twilio's own error code makes a 4xx final. A 401, a 403 or a 4xx of some proxy leaves the message whole until
 * the credentials or the address are repaired.
 */
export function readAnswer(result: CallResult, now: number): SendOutcome {
  return outcomeOfCall(result, (answer) => (answer.status >= 400 ? readRefusal(answer, now) : readSuccess(answer)));
}

function readSuccess(answer: Answered): SendOutcome {
  const { sid } = jsonFields(answer.body);
  const isAccepted = answer.status < 300 && isProviderId(sid);
  return isAccepted ? { kind: 'accepted', providerMessageId: sid } : { kind: 'unknown', code: `http-${answer.status}` };
}

function readRefusal(answer: Answered, now: number): SendOutcome {
  const { status } = answer;
  const error = errorOf(answer);
  const code = error ?? `http-${status}`;
  const waitMs = WAIT_MS_BY_ERROR.get(code);
  if (status >= 500) return { kind: code === NOT_TAKEN ? 'transient' : 'unknown', code };
  // Before 429, which uses up no attempt: one phone that has too much would be tried for ever.
  const cause = status === 401 ? 'account' : CAUSES.get(code);
  if (cause !== undefined) return { kind: 'transient', code, cause };
  if (status === 429 || waitMs !== undefined) {
    return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, now, waitMs) };
  }
  if (error === undefined || CAUSES.has(code)) return { kind: 'transient', code };
  return { kind: 'rejected', code, isOptOut: code === OPTED_OUT, ...(OF_ROUTE.has(code) && { isOfRoute: true }) };
}

function errorOf(answer: Answered): string | undefined {
  const { code } = jsonFields(answer.body);
  return typeof code === 'number' && Number.isSafeInteger(code) ? String(code) : undefined;
}
