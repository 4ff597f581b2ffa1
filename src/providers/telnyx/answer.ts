import { type Answered, outcomeOfCall, retryAfterMs } from '../answers.ts';
import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import { isFields, jsonFields } from '../json.ts';
import type { SendOutcome, TransientCause } from '../provider.ts';
import { errorsIn } from './errors.ts';

const DEFAULT_WAIT_MS = 1_000;

/** Errors that are a matter of pace, with the wait that suits them. */
const WAIT_MS_BY_ERROR = new Map<string, number>([
  // Too many requests: here, and upstream.
  ['10011', DEFAULT_WAIT_MS],
  ['40011', DEFAULT_WAIT_MS],
  // More parts a minute than AT&T takes.
  ['40018', 60_000],
  // The queue at Telnyx is full.
  ['40318', 60_000],
]);

/**
 * Errors that have nothing to do with the message and pass when somebody, or time, repairs the account or a setting. Those
 * without a cause may concern one of the account's numbers or profiles alone.
 */
const REPAIRABLE_ERRORS: ReadonlyMap<string, TransientCause | undefined> = new Map([
  ['10003', undefined], // a webhook URL that Telnyx does not take
  ['10005', undefined], // no such resource: the wrong API
  ['10009', 'account'], // not authenticated
  ['10010', undefined], // not authorized
  ['20002', 'account'], // API key revoked
  ['20006', 'account'], // access token expired
  ['20012', 'account'], // account inactive
  ['20013', 'account'], // account blocked
  ['20014', 'account'], // account unverified
  ['20015', undefined], // feature not enabled
  ['20016', undefined], // account not verified at level 1
  ['20017', undefined], // account not verified at level 2
  ['20100', 'account'], // no credit
  ['40016', undefined], // T-Mobile's limit of the day
  ['40100', undefined], // the number is not enabled for messaging
  ['40151', undefined], // messaging still with another provider
  ['40311', undefined], // messaging profile: wrong secret
  ['40312', undefined], // messaging profile: disabled
  ['40313', undefined], // messaging profile: no secret
  ['40314', 'account'], // messaging disabled on the account
  ['40320', undefined], // the number cannot be used for the moment
  ['40321', undefined], // the messaging profile has no number
]);

/** Errors that say that this phone cannot be reached from this sender or profile, or must not: another channel may. */
const OF_ROUTE: ReadonlySet<string> = new Set([
  '40305', // a sender that is not ours
  '40309', // a region that the profile does not allow
  '40319', // not from this kind of sender to this kind of phone
]);

/** Telnyx does not say whether the message was taken: an unexpected error, and a time-out inside. */
const UNCLEAR_ERRORS: ReadonlySet<string> = new Set(['10007', '10008']);

/**
 * What Telnyx's answer to a new message means, `now` in ms since 1970. Only Telnyx's own error code makes a refusal
 * final; a 4xx of some proxy leaves the message whole. After a 5xx it may have been sent, but for a
 * 503 in Telnyx's words: a proxy says 503 also when it lost sight of a request that was taken.
 * Source of the codes: https://developers.telnyx.com/docs/messaging/messages/error-codes
 */
export function readAnswer(result: CallResult, now: number): SendOutcome {
  return outcomeOfCall(result, (answer) => (answer.status >= 400 ? readRefusal(answer, now) : readSuccess(answer)));
}

function readSuccess(answer: Answered): SendOutcome {
  const { data } = jsonFields(answer.body);
  const { id } = isFields(data) ? data : {};
  const isAccepted = answer.status < 300 && isProviderId(id);
  return isAccepted ? { kind: 'accepted', providerMessageId: id } : { kind: 'unknown', code: `http-${answer.status}` };
}

function readRefusal(answer: Answered, now: number): SendOutcome {
  const { status } = answer;
  const errors = errorsIn(jsonFields(answer.body).errors);
  const error = errors.find(({ isOptOut }) => isOptOut) ?? errors[0];
  const code = error?.code ?? `http-${status}`;
  const waitMs = WAIT_MS_BY_ERROR.get(code);
  const isUnclear = status >= 500 && !(status === 503 && error !== undefined);
  if (isUnclear || UNCLEAR_ERRORS.has(code)) return { kind: 'unknown', code };
  if (status === 503) return { kind: 'transient', code };
  if (status === 429 || waitMs !== undefined) {
    return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, now, waitMs) };
  }
  const cause = status === 401 ? 'account' : REPAIRABLE_ERRORS.get(code);
  if (cause !== undefined) return { kind: 'transient', code, cause };
  if (error === undefined || REPAIRABLE_ERRORS.has(code)) return { kind: 'transient', code };
  return { kind: 'rejected', code, isOptOut: error.isOptOut, ...(OF_ROUTE.has(code) && { isOfRoute: true }) };
}
