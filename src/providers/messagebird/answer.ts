import { type Answered, outcomeOfCall, retryAfterMs } from '../answers.ts';
import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import { isFields, jsonFields } from '../json.ts';
import type { SendOutcome } from '../provider.ts';

/** A failure within MessageBird, whatever the status. */
const INTERNAL_ERROR = 99;

/**
 * Errors that have nothing to do with the message and pass when somebody repairs the account or the address:
 * 2 request not allowed (wrong access key), 20 not found, 25 not enough balance, 98 no such endpoint.
 */
const REPAIRABLE_ERRORS: ReadonlySet<number> = new Set([2, 20, 25, 98]);

/** Those of them that no SMS of the account can pass. */
const ACCOUNT_ERRORS: ReadonlySet<number> = new Set([2, 25]);

/**
 * What MessageBird's answer to a new message means, `now` in ms since 1970.
 *
 * A 429 has "not been processed" in MessageBird's own words. Of a 5xx and of error 99 it does not say so, nor does it
 * de-duplicate what is posted: the message may have been sent. Other errors are about the message (9 missing, 10 invalid
 * parameters, 21 bad request) and final, unless one of several is repairable: without an access key everything is wrong.
 */
export function readAnswer(result: CallResult, now: number): SendOutcome {
  return outcomeOfCall(result, (answer) => (answer.status >= 400 ? readRefusal(answer, now) : readSuccess(answer)));
}

function readSuccess({ status, body }: Answered): SendOutcome {
  const { id } = jsonFields(body);
  const isAccepted = status < 300 && isProviderId(id);
  return isAccepted ? { kind: 'accepted', providerMessageId: id } : { kind: 'unknown', code: `http-${status}` };
}

function readRefusal(answer: Answered, now: number): SendOutcome {
  const { status } = answer;
  const errors = errorsOf(answer);
  const repairable = errors.find((error) => REPAIRABLE_ERRORS.has(error));
  const code = String(repairable ?? errors[0] ?? `http-${status}`);
  if (status >= 500 || errors.includes(INTERNAL_ERROR)) return { kind: 'unknown', code };
  if (status === 429) return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, now) };
  const isOfAccount = status === 401 || errors.some((error) => ACCOUNT_ERRORS.has(error));
  if (isOfAccount) return { kind: 'transient', code, cause: 'account' };
  if (errors.length === 0 || repairable !== undefined) return { kind: 'transient', code };
  return { kind: 'rejected', code, isOptOut: false };
}

/** The codes of `{"errors": [{"code": 9, "description": "…", "parameter": "…"}]}`. */
function errorsOf({ body }: Answered): readonly number[] {
  const { errors } = jsonFields(body);
  const listed: readonly unknown[] = Array.isArray(errors) ? errors : [];
  return listed.flatMap((error) => (isFields(error) && isCode(error.code) ? [error.code] : []));
}

function isCode(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
