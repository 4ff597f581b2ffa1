import { sql } from 'kysely';
import type { Database } from './database.ts';

/**
 * Reserves the next `count` places on a channel that carries `perSecond` messages, and answers how long to wait for the
 * first of them, in milliseconds. All processes share one row per channel, so that together they keep the rate.
 */
export async function reserveSends(db: Database, channel: string, count: number, perSecond: number): Promise<number> {
  const { rows } = await sql<{ wait_ms: number }>`
    INSERT INTO send_rate AS s (channel, free_at)
    VALUES (${channel}, clock_timestamp() + ${count / perSecond}::float8 * interval '1 second')
    ON CONFLICT (channel) DO UPDATE SET
      free_at = greatest(s.free_at, clock_timestamp()) + ${count / perSecond}::float8 * interval '1 second'
    RETURNING greatest(0, extract(epoch FROM free_at - clock_timestamp()) * 1000 - ${(count / perSecond) * 1000}::float8)::float8
      AS wait_ms`.execute(db);
  return rows[0]?.wait_ms ?? 0;
}
