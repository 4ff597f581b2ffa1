import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from '../metrics.ts';
import { comeBack, hasShortBody } from './refuse.ts';

/** Decides how many calls may wait for their commit at once. */
export interface Admission {
  /** How many may wait now. */
  readonly limit: number;
  /** Whether one more would be too many. */
  isFull(): boolean;
  /** One more waits. */
  enter(): void;
  /** One waits no more. */
  leave(): void;
  /** A connection was opened; so many are open now. */
  connected(open: number): void;
}

/**
 * Those of two commits under way, and some. It shares out the processor between those who are kept and those who are refused:
 * with 500, up to 42,000 of the 420,000 calls of the benchmark's overload found no connection for 15 s.
 */
const MAX_WAITING = 400;

/** However slow the machine is, some are kept. */
const MIN_WAITING = 100;

/**
 * Whoever just missed a turn of the event loop waits for that one and the next, and must have an answer within a second.
 * At full load without an overload, turns take 0.2 s.
 */
const LONG_TURN_MS = 350;

/** As TCP finds its rate, quickly down and slowly up: at most halved by one turn, and as many more after a short one. */
const LEAST_SHARE = 0.5;
const MORE = 5;

/**
 * New connections in one turn that are a crowd, once more are open than may wait. Whoever of them is last is accepted some
 * turns later, and what is kept makes these long: of nine overloads' crowds in turn the slowest refusal came after 1.1 to
 * 1.6 s without a rule, 0.8 to 1.2 with 256 here, 0.7 to 0.8 with 64.
 */
const CROWD = 64;

/**
 * Admits `maxWaiting` at a time, and fewer while a turn of the event loop, in which every connection is heard once, takes too
 * long to refuse the others in time. How many that may be is another number on each machine, and in each hour of a shared
 * one: with 400 whatever happened, three of seven overloads in slow hours of the host left 3,700 to 9,100 calls unanswered.
 * When a crowd comes, which makes the next turns long, it does not wait to see them.
 */
export function createAdmission({ maxWaiting = MAX_WAITING, nowMs = () => performance.now() } = {}): Admission {
  let waiting = 0;
  let limit = maxWaiting;
  let isTurnTimed = false;
  let newcomers = 0;

  function timeTurn(): void {
    isTurnTimed = true;
    const beganMs = nowMs();
    setImmediate(() => {
      isTurnTimed = false;
      newcomers = 0;
      limit = limitAfter(nowMs() - beganMs, limit, maxWaiting);
    });
  }

  return {
    get limit() {
      return limit;
    },
    isFull() {
      if (!isTurnTimed) timeTurn();
      return waiting >= limit;
    },
    enter() {
      waiting += 1;
    },
    leave() {
      waiting -= 1;
    },
    connected(open) {
      if (!isTurnTimed) timeTurn();
      newcomers += 1;
      if (newcomers >= CROWD && open > maxWaiting) limit = Math.min(limit, MIN_WAITING);
    },
  };
}

function limitAfter(turnMs: number, limit: number, maxWaiting: number): number {
  if (turnMs <= LONG_TURN_MS) return Math.min(maxWaiting, limit + MORE);
  const fewer = Math.ceil(limit * Math.max(LEAST_SHARE, LONG_TURN_MS / turnMs));
  return Math.min(maxWaiting, Math.max(MIN_WAITING, fewer));
}

/**
 * Answers 503 at once to a webhook call that is one too many; says whether it did. It stands before the app, whose way to a
 * refusal costs a third more: what an overrun door spends on those whom it refuses is missing for those whom it keeps.
 * Calls with long bodies are left to the app.
 */
export function turnAway(admission: Admission, { webhookSeconds }: Pick<Metrics, 'webhookSeconds'>) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (!request.url?.startsWith('/webhooks/') || !admission.isFull() || !hasShortBody(request)) return false;
    webhookSeconds.observe({ status: 503 }, 0);
    comeBack(response);
    return true;
  };
}
