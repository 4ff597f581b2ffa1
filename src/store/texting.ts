import type { Program } from '../activation/program.ts';
import type { Database, Trx } from './database.ts';
import type { Wanted } from './load-world.ts';
import type { QueuedReply } from './new-replies.ts';
import type { ReplyQuota } from './reply-quota.ts';
import { withWorld } from './with-world.ts';

/** What a change that texts a customer works with. */
export interface Texting {
  readonly db: Database;
  readonly quota: ReplyQuota;
  /** Told of replies once they are committed; the sweeper finds what it loses. */
  readonly enqueue: { send(channel: string, ids: readonly string[]): void };
}

/** The address of ours that customers of a programme are texted from. */
export interface TextingAddress {
  /** The channel's key. */
  readonly channel: string;
  readonly address: string;
}

/** What one transaction may use. */
export interface Round {
  readonly trx: Trx;
  /** Cards and phones to load with the own ones; see `withWorld`. */
  readonly also: Wanted;
  /** 1, or 0 when the programme's replies of the day are used up. */
  readonly repliesLeft: number;
  /** Replies that the transaction queues: their jobs are enqueued after the commit. */
  readonly queued: QueuedReply[];
}

/**
 * Runs `work` in a transaction, with one reply of the day taken beforehand, on a connection that is given back by then;
 * hands the replies that it queued to their workers once they are committed.
 */
export async function changeAndText<T>(
  { db, quota, enqueue }: Texting,
  program: Program,
  work: (round: Round) => Promise<T>,
): Promise<T> {
  const taken = await quota.take(program, 1);
  let queued: QueuedReply[] = [];
  let used = 0;
  try {
    const result = await withWorld(db, (trx, also) => {
      queued = [];
      return work({ trx, also, queued, repliesLeft: taken.count });
    });
    used = queued.length;
    for (const { id, channel } of queued) enqueue.send(channel, [id]);
    return result;
  } finally {
    taken.giveBack(taken.count - used);
  }
}
