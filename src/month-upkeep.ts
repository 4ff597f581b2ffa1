import { everySoOften } from './flow/every-so-often.ts';
import type { Logger } from './log.ts';
import type { Database } from './store/database.ts';
import { preparePartitions } from './store/partitions.ts';
import { dropOldMonths } from './store/retention.ts';

/** What the months are kept up with. */
export interface MonthNeighbours {
  readonly db: Database;
  readonly log: Logger;
  /** Whole months of messages to keep beside the present one; undefined: none is dropped here. */
  readonly messagesMonths: number | undefined;
  /** This machine's clock, which the database's is compared with before anything is dropped. */
  readonly now: () => Date;
}

const EVERY_MS = 3_600_000;

/**
 * Makes partitions ahead of the months, and drops the old ones, now and every hour. Any number of processes may do so.
 * Answers the function that stops it, after the work at hand.
 */
export function keepUpMonths(neighbours: MonthNeighbours): () => Promise<void> {
  return everySoOften(
    EVERY_MS,
    () => keepUpOnce(neighbours),
    (error) => neighbours.log.error({ error }, 'The months of messages were not kept up'),
  );
}

/** Once: what is missing is made, what is old is dropped, and what is old and stays is told of. */
export async function keepUpOnce({ db, log, messagesMonths, now }: MonthNeighbours): Promise<void> {
  const made = await preparePartitions(db);
  if (made.length > 0) log.info({ partitions: made }, 'Partitions were made ahead');
  if (messagesMonths === undefined) return;
  const { dropped, kept, isPutOff } = await dropOldMonths(db, messagesMonths, now());
  if (dropped.length > 0) log.info({ partitions: dropped }, 'Old months of messages were dropped');
  for (const { name, undone } of kept) {
    const waiting = Object.entries(undone).map(([reason, rows]) => `${reason}: ${rows}`);
    log.warn({ partition: name, waiting }, 'An old month of messages stays: something in it is not done');
  }
  if (isPutOff) log.debug('Old months are dropped by another process, or the next time');
}
