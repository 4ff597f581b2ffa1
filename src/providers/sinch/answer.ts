import { type Answered, outcomeOfCall, retryAfterMs } from '../answers.ts';
import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import { isFields, jsonFields } from '../json.ts';
import { withoutPlus } from '../plus.ts';
import type { LookupOutcome, SendOutcome, UnansweredSend } from '../provider.ts';

/** A batch may be missing from the list for so long after it was taken; that it is ever longer is not documented. */
const MIN_AGE_MS = 600_000;
/** Sinch does not promise to list batches for ever. */
const MAX_AGE_MS = 3 * 86_400_000;

/**
 * What Sinch's answer to a new batch means, `now` in ms since 1970.
 *
 * Final is only a 400 in Sinch's own words: it is about this message. A 401, 403 or 404 is about the account, the plan or
 * the route (`missing_callback_url`, `unknown_campaign`) and passes when somebody repairs that. Sinch does not say that a
 * 5xx was not taken, nor does it de-duplicate batches, so after one the lookup or the receipt decides
 * (https://developers.sinch.com/docs/sms/api-reference/status-codes).
 */
export function readAnswer(result: CallResult, now: number): SendOutcome {
  return outcomeOfCall(result, (answer) => (answer.status >= 400 ? readRefusal(answer, now) : readSuccess(answer)));
}

/**
 * What the list of batches with our reference, from an hour before the attempt on, says of an unanswered send. Only a
 * list that is empty long after the attempt means that the batch was never taken.
 */
export function readLookup(result: CallResult, message: UnansweredSend, now: number): LookupOutcome {
  if (result.kind !== 'answered') return { kind: 'unclear', code: result.code };
  const { batches } = jsonFields(result.body);
  if (result.status !== 200 || !Array.isArray(batches)) return { kind: 'unclear', code: `http-${result.status}` };
  for (const batch of batches) {
    if (isFields(batch) && isProviderId(batch.id) && isOf(batch, message)) {
      const status = batch.canceled === true ? 'failed' : 'accepted';
      const { replyId } = message;
      return { kind: 'found', receipt: { replyId, providerMessageId: batch.id, status, isOptOut: false } };
    }
  }
  if (batches.length > 0) return { kind: 'unclear', code: 'other-batches' };
  const ageMs = now - message.attemptedAt.getTime();
  if (ageMs < MIN_AGE_MS) return { kind: 'unclear', code: 'too-early' };
  return ageMs > MAX_AGE_MS ? { kind: 'unclear', code: 'too-late' } : { kind: 'absent' };
}

function isOf(batch: ReturnType<typeof jsonFields>, { replyId, to }: UnansweredSend): boolean {
  const recipients: readonly unknown[] = Array.isArray(batch.to) ? batch.to : [];
  return batch.client_reference === replyId && recipients.some((one) => withoutPlus(String(one)) === withoutPlus(to));
}

function readSuccess({ status, body }: Answered): SendOutcome {
  const { id } = jsonFields(body);
  const isAccepted = status < 300 && isProviderId(id);
  return isAccepted ? { kind: 'accepted', providerMessageId: id } : { kind: 'unknown', code: `http-${status}` };
}

function readRefusal(answer: Answered, now: number): SendOutcome {
  const { status } = answer;
  const word = wordOf(answer);
  const code = word ?? `http-${status}`;
  if (status >= 500) return { kind: 'unknown', code };
  if (status === 429) return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, now) };
  if (status === 401 || status === 402) return { kind: 'transient', code, cause: 'account' };
  if (status === 400 && word !== undefined) return { kind: 'rejected', code, isOptOut: false };
  return { kind: 'transient', code };
}

/** `{"code": "syntax_…"}`, or in newer answers `{"error": {"status": "INVALID_ARGUMENT"}}`. */
function wordOf({ body }: Answered): string | undefined {
  const { code, error } = jsonFields(body);
  const word = isFields(error) ? error.status : code;
  return typeof word === 'string' && /^[a-z]\w{0,63}$/i.test(word) ? word : undefined;
}
