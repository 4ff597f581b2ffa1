import type { CallResult } from './http-call.ts';
import type { Acknowledgement, Received, Reception, SendOutcome } from './provider.ts';

/** A call that got an answer. */
export type Answered = Extract<CallResult, { kind: 'answered' }>;

/** A call that is not believed. `reason` is logged: nothing personal in it. */
export function forged(reason: string): Reception {
  return { kind: 'forged', reason };
}

/** A call that is believed, and what it is answered with once all of it is committed. */
export function authentic(received: readonly Received[], acknowledgement: Acknowledgement): Reception {
  return { kind: 'authentic', received, acknowledgement };
}

/**
 * What came of a send: `read` tells what an answer means. What never left is `transient`, so it may be sent again; what was
 * not answered is `unknown`, because it may have been taken.
 */
export function outcomeOfCall(result: CallResult, read: (answer: Answered) => SendOutcome): SendOutcome {
  switch (result.kind) {
    case 'never-left':
      return { kind: 'transient', code: result.code };
    case 'unanswered':
      return { kind: 'unknown', code: result.code };
    case 'answered':
      return read(result);
    default:
      return result satisfies never;
  }
}

const DEFAULT_WAIT_MS = 1_000;
const MAX_WAIT_MS = 3_600_000;

/**
 * What `Retry-After` (seconds or a date) asks for, in ms; `otherwise` without a readable one. From a second, also when it
 * says 0, because a throttled send uses up no attempt and must not spin, to an hour. `now` in ms since 1970.
 */
export function retryAfterMs(answer: Answered, now: number, otherwise = DEFAULT_WAIT_MS): number {
  const header = answer.headers['retry-after']?.trim() ?? '';
  const askedMs = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(askedMs) ? otherwise : Math.min(Math.max(askedMs, DEFAULT_WAIT_MS), MAX_WAIT_MS);
}
