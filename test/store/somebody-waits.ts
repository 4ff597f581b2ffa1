import { sql } from 'kysely';
import type { Database } from '../../src/store/database.ts';

/** True while a session of this database waits for what another holds locked. */
export async function somebodyWaits(db: Database): Promise<boolean> {
  const { rows } = await sql`SELECT FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()`.execute(db);
  return rows.length > 0;
}
