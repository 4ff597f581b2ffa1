import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { QueuedReply } from './write-pack.ts';

/**
 * The replies whose job seems lost: queued for longer than they should be. Each is looked at again after as long as it
 * has waited so far, from 8 seconds up to a minute. Only of the channels named.
 */
export async function sweepReplies(db: Database, channels: readonly string[], limit: number): Promise<QueuedReply[]> {
  const { rows } = await sql<QueuedReply>`
    UPDATE replies SET sweep_at = greatest(clock_timestamp(), next_attempt_at)
      + least(greatest(clock_timestamp() - created_at, interval '8 seconds'), interval '1 minute')
    WHERE id IN (SELECT id FROM replies WHERE status = 'queued' AND sweep_at <= clock_timestamp()
        AND channel = ANY(${channels}::text[])
      ORDER BY sweep_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING id, channel`.execute(db);
  return rows;
}

/**
 * Replies whose sender died, or never got an answer. A `sending` one past its lease becomes `unknown`; an `unknown` one
 * that no receipt explained within ten minutes is given to an operator, because to send it again could send it twice.
 */
export async function settleUnanswered(db: Database): Promise<{ unknown: number; held: number }> {
  const { rows } = await sql<{ unknown: number; held: number }>`
    WITH lost AS (
      UPDATE replies SET status = 'unknown', error_code = 'no-answer', sweep_at = clock_timestamp() + interval '10 minutes'
      WHERE status = 'sending' AND sweep_at <= clock_timestamp() RETURNING id
    ), held AS (
      UPDATE replies SET sweep_at = 'infinity'
      WHERE status = 'unknown' AND sweep_at <= clock_timestamp() RETURNING id, program, inbound_id
    ), opened AS (
      INSERT INTO cases (program, kind, inbound_id, reply_id) SELECT program, 'send-unknown', inbound_id, id FROM held
    )
    SELECT (SELECT count(*) FROM lost)::int AS unknown, (SELECT count(*) FROM held)::int AS held`.execute(db);
  return rows[0] ?? { unknown: 0, held: 0 };
}
