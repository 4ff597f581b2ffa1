import { type Coalescer, coalesce } from '../flow/coalesce.ts';
import { within } from '../within.ts';
import type { NewJob, QueueBackend } from './backend.ts';
import { type JobKind, MAX_PACK, type QueueName, sendQueue } from './catalog.ts';

/**
 * Tells the workers of rows that wait. Fire and forget: returns at once, never throws, and no request waits for it.
 * An id that cannot be enqueued in time is dropped and counted; its row is in Postgres, and the sweeper brings it back.
 */
export interface Enqueuer {
  /** Inbox rows to decide on. */
  bind(ids: readonly string[]): void;
  /** Replies to hand to the channel's provider, now or not before `delayMs` have passed. */
  send(channel: string, ids: readonly string[], delayMs?: number): void;
  /** Resolves when every id is enqueued or dropped: within four seconds, whatever the store does. */
  drain(): Promise<void>;
  /** Ids dropped since the start. */
  readonly dropped: number;
}

export interface EnqueuerOptions {
  /** For the metrics. */
  readonly onDropped?: (queue: QueueName, ids: number) => void;
  /** The time, in milliseconds since some fixed moment. */
  readonly now?: () => number;
}

interface Waiting {
  readonly id: string;
  readonly since: number;
  /** 0: at once. */
  readonly dueAt: number;
}

type Lane = Coalescer<Waiting, boolean>;

/** An enqueue that has not answered for this long is given up: adding to a Redis that fell silent hangs for good. */
const ANSWER_MS = 2_000;
const MAX_IN_FLIGHT = 2;
/**
 * Jobs of 50 in one enqueue. An overrun process turns its event loop ten times a second, and hears an answer of the store
 * once in a turn: with one job at a time no more than 1,000 SMS a second were handed on, and the rest waited for the sweeper.
 */
const MAX_JOBS = 10;
/**
 * Each job costs four commands of Redis and as many wake-ups, and a decision. An SMS that comes alone waits for nothing. Where
 * SMS come in company, at 300 a second, 20 ms make one job of six for 30 % less CPU than 8 ms, and the reply comes 7 ms later.
 */
const JOB_EVERY_MS = 8;
const JOB_EVERY_MS_IN_COMPANY = 20;
const MAX_WAITING = 10_000;
/** Delayed ids that are due in the same quarter of a second travel together, and never early. */
const DUE_STEP_MS = 250;

/** What waits while two enqueues of a queue are in flight, or for some milliseconds after one, travels together, up to 50 ids in a job. */
export function createEnqueuer(backend: QueueBackend, options: EnqueuerOptions = {}): Enqueuer {
  const { onDropped, now = Date.now } = options;
  const lanes = new Map<QueueName, Lane>();
  let dropped = 0;

  function drop(queue: QueueName): void {
    dropped += 1;
    onDropped?.(queue, 1);
  }

  function laneOf(kind: JobKind, queue: QueueName): Lane {
    const lane = lanes.get(queue) ?? openLane(backend, kind, queue, now);
    lanes.set(queue, lane);
    return lane;
  }

  function enqueue(kind: JobKind, queue: QueueName, ids: readonly string[], delayMs: number): void {
    const lane = laneOf(kind, queue);
    const since = now();
    const dueAt = delayMs > 0 ? Math.ceil((since + delayMs) / DUE_STEP_MS) * DUE_STEP_MS : 0;
    for (const id of ids) {
      lane.add({ id, since, dueAt }).then(
        (isEnqueued) => isEnqueued || drop(queue),
        () => drop(queue),
      );
    }
  }

  return {
    bind: (ids) => enqueue('bind', 'bind', ids, 0),
    send: (channel, ids, delayMs = 0) => enqueue('send', sendQueue(channel), ids, delayMs),
    drain: async () => {
      await Promise.all([...lanes.values()].map((lane) => lane.drain()));
    },
    get dropped() {
      return dropped;
    },
  };
}

function openLane(backend: QueueBackend, kind: JobKind, queue: QueueName, now: () => number): Lane {
  return coalesce({
    maxItems: MAX_PACK * MAX_JOBS,
    maxInFlight: MAX_IN_FLIGHT,
    everyMs: JOB_EVERY_MS,
    everyMsInCompany: JOB_EVERY_MS_IN_COMPANY,
    maxWaiting: MAX_WAITING,
    run: async (items) => {
      // Who waited for longer than an answer may take waits behind a store that is silent. Letting go of them here
      // keeps the waiting room from standing full for minutes, and the drain short.
      const isFresh = items.map(({ since }) => now() - since < ANSWER_MS);
      const jobs = packsOf(
        items.filter((_, index) => isFresh[index]),
        now(),
      );
      if (jobs.length > 0) await within(ANSWER_MS, backend.add(kind, queue, jobs));
      return isFresh;
    },
  });
}

/** Those that are due together share jobs of up to 50: who goes at once, and who goes in the same quarter of a second. */
function packsOf(items: readonly Waiting[], nowMs: number): NewJob[] {
  const idsByDueAt = new Map<number, string[]>();
  for (const { id, dueAt } of items) {
    const ids = idsByDueAt.get(dueAt) ?? [];
    ids.push(id);
    idsByDueAt.set(dueAt, ids);
  }
  return [...idsByDueAt].flatMap(([dueAt, ids]) => {
    const delayMs = Math.max(0, dueAt - nowMs);
    return Array.from({ length: Math.ceil(ids.length / MAX_PACK) }, (_, index) => ({
      pack: { ids: ids.slice(index * MAX_PACK, (index + 1) * MAX_PACK) },
      delayMs,
    }));
  });
}
