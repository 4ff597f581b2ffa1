import { pause } from '../flow/pause.ts';
import type { Logger } from '../log.ts';
import { type Database, isDatabaseAway } from './database.ts';
import { assertSafeToStart } from './health.ts';
import { migrate } from './migrate.ts';

/**
 * Brings the schema up to date and checks that it is safe to use. A database that is away is tried again every second,
 * until `signal` is aborted; then it throws, as it does when the database is wrong.
 */
export async function prepareDatabase(url: string, db: Database, log: Logger, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await migrate(url);
      return await assertSafeToStart(db);
    } catch (error) {
      signal.throwIfAborted();
      if (!isDatabaseAway(error)) throw error;
      log.warn({ error }, 'The database is away; trying again');
      await pause(1_000, signal);
    }
  }
}
