import { type Answered, outcomeOfCall, retryAfterMs } from '../answers.ts';
import type { CallResult } from '../http-call.ts';
import { isProviderId } from '../ids.ts';
import { parseJson } from '../json.ts';
import type { SendOutcome } from '../provider.ts';
import { replyMark } from './ids.ts';
import { placeOf, type Source, textAt } from './place.ts';
import { type Conditions, holds } from './words.ts';
import { parseXml } from './xml.ts';

/**
 * What a rule may say of a send. `accountTrouble` and `recipientLater` are `transient`: nothing of the account is taken
 * until somebody mends it, or this phone has to wait. `noRoute` and `optedOut` are `rejected`: another channel might
 * reach the phone, or the recipient has opted out.
 */
export const OUTCOMES = [
  'accepted',
  'throttled',
  'transient',
  'accountTrouble',
  'recipientLater',
  'rejected',
  'noRoute',
  'optedOut',
  'unknown',
] as const;

/** One rule of how an answer is understood. All that it names has to be so. */
export interface OutcomeRule {
  /** `200`, or `4xx`. */
  readonly status?: readonly (number | string)[];
  readonly when?: Conditions;
  readonly outcome: (typeof OUTCOMES)[number];
  /** The wait of `throttled`, when the answer does not name one. */
  readonly retryAfterSeconds: number;
}

/** How answers to a send are read. */
export interface AnswerReading {
  readonly answer: 'json' | 'xml' | 'text';
  /** Where the provider's id of the SMS is; absent: it has none, and receipts come with our reply's. */
  readonly id?: string;
  readonly errorCode?: string;
  readonly outcomes: readonly OutcomeRule[];
}

/** What came of a send: the first rule that fits says it, and without one nobody knows. `now` in ms since 1970. */
export function outcomeOf(result: CallResult, reading: AnswerReading, replyId: string, now: number): SendOutcome {
  return outcomeOfCall(result, (answer) => answeredOutcome(answer, reading, replyId, now));
}

function answeredOutcome(answer: Answered, reading: AnswerReading, replyId: string, now: number): SendOutcome {
  const source = sourceOf(answer, reading.answer);
  const rule = reading.outcomes.find((one) => fits(one, answer.status, source));
  const code = codeIn(source, reading) ?? `http-${answer.status}`;
  if (rule === undefined) return { kind: 'unknown', code };
  switch (rule.outcome) {
    case 'accepted': {
      const id = reading.id === undefined ? replyMark(replyId) : textAt(placeOf(reading.id), source)?.trim();
      return isProviderId(id) ? { kind: 'accepted', providerMessageId: id } : { kind: 'unknown', code };
    }
    case 'throttled':
      return { kind: 'throttled', retryAfterMs: retryAfterMs(answer, now, rule.retryAfterSeconds * 1_000) };
    case 'transient':
    case 'unknown':
      return { kind: rule.outcome, code };
    case 'accountTrouble':
      return { kind: 'transient', code, cause: 'account' };
    case 'recipientLater':
      return { kind: 'transient', code, cause: 'recipient' };
    case 'noRoute':
      return { kind: 'rejected', code, isOptOut: false, isOfRoute: true };
    case 'rejected':
    case 'optedOut':
      return { kind: 'rejected', code, isOptOut: rule.outcome === 'optedOut' };
    default:
      return rule.outcome satisfies never;
  }
}

/** What an answer says, for places to be read from. Of one that was cut only the status and the headers count. */
export function sourceOf({ headers, body, isWhole }: Answered, kind: AnswerReading['answer']): Source {
  return { headers, query: {}, content: isWhole ? contentIn(body.toString(), kind) : undefined };
}

/** True when the rule's status and its conditions are those of the answer. */
export function fits({ status, when }: Pick<OutcomeRule, 'status' | 'when'>, told: number, source: Source): boolean {
  const isStatus = status?.some((one) => String(one) === String(told) || one === `${Math.floor(told / 100)}xx`) ?? true;
  return isStatus && holds(when, source);
}

/** A text is read as itself, in `text`, and as its words, in `words.0` and so on. */
function contentIn(body: string, kind: AnswerReading['answer']): unknown {
  if (kind === 'text') return { text: body.trim(), words: body.split(/[\s,;:|=]+/).filter((word) => word !== '') };
  return kind === 'xml' ? parseXml(body) : parseJson(body);
}

/** A code is logged, so nothing that could be a phone, or a piece of a text, becomes one. */
function codeIn(source: Source, { errorCode }: AnswerReading): string | undefined {
  const code = errorCode === undefined ? undefined : textAt(placeOf(errorCode), source)?.trim();
  return code !== undefined && /^[\w.-]{1,32}$/.test(code) && !/\d{7}/.test(code) ? code : undefined;
}
