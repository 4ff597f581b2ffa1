import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import type { SendOutcome } from '../provider.ts';
import { OPTED_OUT } from './receive.ts';

const DEFAULT_WAIT_MS = 1_000;
const MAX_WAIT_MS = 3_600_000;

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

/** Errors that have nothing to do with the message and pass when somebody, or time, repairs the account. */
const REPAIRABLE_ERRORS: ReadonlySet<string> = new Set(['14107', '20003', '20005', '20006', '20404']);

/**
 * What Twilio's answer to a new message means, `now` in ms since 1970.
 *
 * A message may have been sent, so the outcome is `unknown`, when no answer came, when the answer is a success that
 * cannot be read, and after any 5xx but 503: Twilio does not de-duplicate what is posted, and a 500 may follow the
 * sending (https://www.twilio.com/docs/api/errors/20500). 503 says that the request was not taken.
 *
 * Only Twilio's own error code makes a 4xx final. A 401, a 403 or a 4xx of some proxy leaves the message whole until
 * the credentials or the address are repaired.
 */
export function readAnswer(result: CallResult, now: number): SendOutcome {
  switch (result.kind) {
    case 'never-left':
      return { kind: 'transient', code: result.code };
    case 'unanswered':
      return { kind: 'unknown', code: result.code };
    case 'answered':
      return result.status >= 400 ? readRefusal(result, now) : readSuccess(result);
    default:
      return result satisfies never;
  }
}

type Answered = Extract<CallResult, { kind: 'answered' }>;

function readSuccess(answer: Answered): SendOutcome {
  const { sid } = fieldsOf(answer);
  const isAccepted = answer.status < 300 && isProviderId(sid);
  return isAccepted ? { kind: 'accepted', providerMessageId: sid } : { kind: 'unknown', code: `http-${answer.status}` };
}

function readRefusal(answer: Answered, now: number): SendOutcome {
  const { status } = answer;
  const error = errorOf(answer);
  const code = error ?? `http-${status}`;
  const waitMs = WAIT_MS_BY_ERROR.get(code);
  if (status === 503) return { kind: 'transient', code };
  if (status >= 500) return { kind: 'unknown', code };
  if (status === 429 || waitMs !== undefined) {
    return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, waitMs ?? DEFAULT_WAIT_MS, now) };
  }
  if (status === 401 || error === undefined || REPAIRABLE_ERRORS.has(code)) return { kind: 'transient', code };
  return { kind: 'rejected', code, isOptOut: code === OPTED_OUT };
}

/** At least a second, also when the header says 0: a throttled send uses up no attempt, so it must not spin. */
function retryAfterMs(answer: Answered, defaultMs: number, now: number): number {
  const header = answer.headers['retry-after']?.trim() ?? '';
  const askedMs = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(askedMs) ? defaultMs : Math.min(Math.max(askedMs, DEFAULT_WAIT_MS), MAX_WAIT_MS);
}

function errorOf(answer: Answered): string | undefined {
  const { code } = fieldsOf(answer);
  return typeof code === 'number' && Number.isSafeInteger(code) ? String(code) : undefined;
}

/** The fields of a JSON object; none when the body is anything else. */
export function fieldsOf(answer: Answered): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(answer.body.toString());
    return typeof body === 'object' && body !== null ? { ...body } : {};
  } catch {
    return {};
  }
}
