import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { type Database, sqlState } from './database.ts';
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
      if (!isAway(error)) throw error;
      log.warn({ error }, 'The database is away; trying again');
      await sleep(1_000, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** True of errors that tell of a database that is not there, starting or stopping; false of one that is wrong. */
function isAway(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const state = sqlState(cause);
  // Class 08: connection; 53: too many connections; 57: starting up or shutting down.
  if (state !== undefined) return ['08', '53', '57'].includes(state.slice(0, 2));
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  // node-postgres has no code for a connection that ended or took too long.
  return (
    /^E[A-Z_]+$/.test(code) || (cause instanceof Error && /^(?:Connection terminated|timeout)/i.test(cause.message))
  );
}
