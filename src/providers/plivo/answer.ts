import { type Answered, outcomeOfCall, retryAfterMs } from '../answers.ts';
import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import { jsonFields } from '../json.ts';
import type { SendOutcome } from '../provider.ts';

/**
 * What Plivo's answer to a new message means, `now` in ms since 1970.
 *
 * Plivo names errors of the API in words alone, which are not documented, so the status decides
 * (https://www.plivo.com/docs/messaging/api/request). Only a 400 is about this message, unless it speaks of credit: for
 * two minutes after the account has run dry all sends are refused so. Plivo neither de-duplicates what is posted nor says
 * that a 5xx was not taken, so after one the receipt decides.
 */
export function readAnswer(result: CallResult, now: number): SendOutcome {
  return outcomeOfCall(result, (answer) => (answer.status >= 400 ? readRefusal(answer, now) : readSuccess(answer)));
}

/** A send to one phone gives one id, or names the phone as no number. */
function readSuccess({ status, body }: Answered): SendOutcome {
  const { message_uuid: ids, invalid_number: invalid } = jsonFields(body);
  const [id] = Array.isArray(ids) ? ids : [];
  if (status < 300 && isProviderId(id)) return { kind: 'accepted', providerMessageId: id };
  const isInvalid = status < 300 && Array.isArray(ids) && Array.isArray(invalid) && invalid.length > 0;
  return isInvalid
    ? { kind: 'rejected', code: 'invalid_number', isOptOut: false }
    : { kind: 'unknown', code: `http-${status}` };
}

function readRefusal(answer: Answered, now: number): SendOutcome {
  const { status } = answer;
  const code = `http-${status}`;
  if (status >= 500) return { kind: 'unknown', code };
  if (status === 429) return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, now) };
  if (status === 401 || status === 402) return { kind: 'transient', code, cause: 'account' };
  if (status !== 400) return { kind: 'transient', code };
  const { error, api_id: apiId } = jsonFields(answer.body);
  // A 400 that is not in Plivo's words came from something between.
  if (error === undefined && apiId === undefined) return { kind: 'transient', code };
  if (typeof error === 'string' && /insufficient credit/i.test(error)) {
    return { kind: 'transient', code: 'insufficient-credit', cause: 'account' };
  }
  // There is no code for an opt-out: Plivo takes such a message and fails it with 200 in a receipt.
  return { kind: 'rejected', code, isOptOut: false };
}
