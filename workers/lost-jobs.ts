import type { Line } from '../src/lines.ts';
import type { Metrics } from '../src/metrics.ts';
import type { QueueBackend } from '../src/queue/backend.ts';
import { type QueueName, sendQueue } from '../src/queue/catalog.ts';
import type { Enqueuer } from '../src/queue/enqueue.ts';
import type { Database } from '../src/store/database.ts';
import { sweepInbound } from '../src/store/inbox.ts';
import { sweepReplies } from '../src/store/reply-sweep.ts';

/** What rows are brought back with. */
export interface LostJobNeighbours {
  readonly db: Database;
  readonly lines: ReadonlyMap<string, Line>;
  readonly queue: Pick<QueueBackend, 'depth' | 'waitingSince'>;
  readonly enqueue: Enqueuer;
  readonly metrics: Metrics;
}

/** Packs that wait in a queue: with more, most of its rows are not lost but late, and their turn comes. */
const BUSY_PACKS = 20;
/** Rows brought back in one sweep: of a queue that soon wants more, and of one that has enough before it. */
const ROWS_PER_SWEEP = 5_000;
const ROWS_OF_BUSY = 300;

/**
 * How long a queue is waited for. Nobody waits for a sweep, and an overrun process, which hears an answer late, is the one
 * that has rows to bring back.
 */
const ANSWER_MS = 2_000;

/** Brings back the SMS whose job is lost. */
export async function bringBackSms({ db, queue, enqueue, metrics }: LostJobNeighbours): Promise<void> {
  const search = await searchOf(queue, 'bind');
  if (search === undefined) return;
  const ids = await sweepInbound(db, search.limit, search.dueBy);
  enqueue.bind(ids);
  metrics.swept.inc({ kind: 'inbox' }, ids.length);
}

/** Brings back the replies whose job is lost, of each channel as its own queue lets it. */
export async function bringBackReplies({ db, lines, queue, enqueue, metrics }: LostJobNeighbours): Promise<void> {
  const searches = [...lines.keys()].map(
    async (channel) => [channel, await searchOf(queue, sendQueue(channel))] as const,
  );
  for (const [channel, search] of await Promise.all(searches)) {
    if (search === undefined) continue;
    const replies = await sweepReplies(db, [channel], search.limit, search.dueBy);
    for (const { id } of replies) enqueue.send(channel, [id]);
    metrics.swept.inc({ kind: 'replies' }, replies.length);
  }
}

/** Which rows of a queue are looked for. */
interface Search {
  readonly limit: number;
  /** Set: only those that should have had their turn by then. */
  readonly dueBy: Date | undefined;
}

/**
 * A queue is first in, first out: a row that was due to be looked for before the next job was even added has no job that
 * waits. So what a killed worker had in hand, or a silent Redis did not take, comes back however long the queue stays.
 * Undefined when the queue does not answer: what is enqueued now would be dropped.
 */
async function searchOf(queue: LostJobNeighbours['queue'], name: QueueName): Promise<Search | undefined> {
  try {
    const [depth] = await queue.depth([name], ANSWER_MS);
    if ((depth?.waiting ?? 0) < BUSY_PACKS) return { limit: ROWS_PER_SWEEP, dueBy: undefined };
    return { limit: ROWS_OF_BUSY, dueBy: await queue.waitingSince(name, ANSWER_MS) };
  } catch {
    return undefined;
  }
}
