import { type Answered, outcomeOfCall, retryAfterMs } from '../answers.ts';
import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import { isFields, jsonFields } from '../json.ts';
import type { SendOutcome } from '../provider.ts';

/**
 * What the `status` of a message that was not taken means for the next step. `no-route`: another channel may reach the
 * phone, or write under a sender of its own. `account` and `setting`: a matter of the account or of a setting, whatever the
 * message. A status that is not here is `unknown`.
 * Source: https://developer.vonage.com/en/api-errors/sms
 */
const MEANING = new Map<string, 'slow-down' | 'final' | 'no-route' | 'account' | 'setting' | 'this-phone'>([
  ['1', 'slow-down'], // throttled
  ['2', 'final'], // a parameter is missing
  ['3', 'final'], // the value of a parameter is invalid
  ['4', 'account'], // invalid credentials
  ['6', 'no-route'], // invalid message, for example a prefix that is not recognised
  ['7', 'final'], // number barred
  ['8', 'account'], // account suspended
  ['9', 'account'], // no credit
  ['10', 'slow-down'], // too many connections
  ['11', 'account'], // account not enabled for HTTP
  ['12', 'final'], // message too long
  ['14', 'account'], // invalid signature
  ['15', 'no-route'], // a sender that is not ours
  ['22', 'final'], // invalid network code
  ['23', 'setting'], // invalid callback URL
  ['29', 'this-phone'], // demo account, and the number is not on its list
  ['32', 'account'], // signature and secret together
  ['33', 'final'], // number deactivated
]);

/**
 * Refusals in the words of HTTP alone, by Vonage or a proxy: the request was not acted upon. A proxy says 503 also when it
 * lost sight of one that was.
 */
const isNotTaken = (status: number) => status >= 400 && status < 500;

/**
 * What Vonage's answer to a new SMS means, `now` in ms since 1970. The answer has one status for each part of a long
 * SMS. When some parts were taken and others not, the outcome is `unknown`: to send all of it again would repeat the parts
 * that were taken.
 */
export function readAnswer(result: CallResult, now: number): SendOutcome {
  return outcomeOfCall(result, (answer) => readMessages(answer, now) ?? readStatus(answer, now));
}

function readStatus(answer: Answered, now: number): SendOutcome {
  const code = `http-${answer.status}`;
  if (answer.status === 429) return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, now) };
  if (answer.status === 401) return { kind: 'transient', code, cause: 'account' };
  return isNotTaken(answer.status) ? { kind: 'transient', code } : { kind: 'unknown', code };
}

/** Undefined when the answer is not in Vonage's words. */
function readMessages(answer: Answered, now: number): SendOutcome | undefined {
  const { messages } = jsonFields(answer.body);
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isFields)) return undefined;
  const refusals = messages.map(({ status }) => String(status)).filter((status) => status !== '0');
  const [refusal] = refusals;
  const { 'message-id': id } = messages[0] ?? {};
  if (refusal === undefined) return isProviderId(id) ? { kind: 'accepted', providerMessageId: id } : undefined;
  if (refusals.length < messages.length) return { kind: 'unknown', code: `partly-${codeOf(refusal)}` };
  return readRefusal(refusals.find((status) => !MEANING.has(status)) ?? refusal, answer, now);
}

function readRefusal(status: string, answer: Answered, now: number): SendOutcome {
  const code = codeOf(status);
  const meaning = MEANING.get(status);
  switch (meaning) {
    case 'slow-down':
      return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, now) };
    case 'final':
      return { kind: 'rejected', code, isOptOut: false };
    case 'no-route':
      return { kind: 'rejected', code, isOptOut: false, isOfRoute: true };
    case 'account':
      return { kind: 'transient', code, cause: 'account' };
    case 'this-phone':
      return { kind: 'transient', code, cause: 'recipient' };
    case 'setting':
      return { kind: 'transient', code };
    case undefined:
      return { kind: 'unknown', code };
    default:
      return meaning satisfies never;
  }
}

function codeOf(status: string): string {
  return /^\d{1,4}$/.test(status) ? status : 'odd-status';
}
