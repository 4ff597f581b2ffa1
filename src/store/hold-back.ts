import { sql } from 'kysely';
import type { Database } from './database.ts';
import { isInState, isWithin } from './id-bounds.ts';
import { mayMove, type Place } from './replies.ts';
import { rows } from './rows.ts';

/** Of a reply that waits for its channel's provider to come back, or moved because it is away. */
export const CIRCUIT_OPEN = 'circuit-open';

/** Where the replies of a programme go from here. */
export interface FallbackPlace extends Place {
  readonly program: string;
}

/** Puts off those of the ids that are the channel's and due; nothing was attempted. Answers which they are. */
export async function putOff(
  db: Database,
  channel: string,
  ids: readonly string[],
  delayMs: number,
): Promise<string[]> {
  const { rows: waiting } = await sql<{ id: string }>`
    UPDATE replies r SET error_code = ${CIRCUIT_OPEN},
      next_attempt_at = clock_timestamp() + ${delayMs}::float8 * interval '1 millisecond',
      sweep_at = clock_timestamp() + ${delayMs}::float8 * interval '1 millisecond' + interval '8 seconds'
    FROM ${due(channel, ids)}
    WHERE r.id = due.id AND ${isWithin('r.id', ids)} RETURNING r.id`.execute(db);
  return waiting.map(({ id }) => id);
}

/**
 * Moves those of the ids that are the channel's and due, and may move, to the place of their programme, where they have all
 * their attempts again. Channel and sender that they had are kept in their rows. Answers which they are.
 */
export async function moveAway(
  db: Database,
  channel: string,
  ids: readonly string[],
  places: readonly FallbackPlace[],
): Promise<string[]> {
  const { rows: moved } = await sql<{ id: string }>`
    UPDATE replies r SET channel = place.channel, sender = place.sender, first_channel = r.channel,
      first_sender = r.sender, moved_because = ${CIRCUIT_OPEN}, error_code = ${CIRCUIT_OPEN}, attempts = 0,
      provider_message_id = NULL, next_attempt_at = clock_timestamp(), sweep_at = clock_timestamp() + interval '8 seconds'
    FROM ${due(channel, ids)},
      (SELECT * FROM ${rows(places, 'program text, channel text, sender text')}) place
    WHERE r.id = due.id AND ${isWithin('r.id', ids)} AND place.program = r.program AND ${mayMove} RETURNING r.id`.execute(
    db,
  );
  return moved.map(({ id }) => id);
}

function due(channel: string, ids: readonly string[]) {
  return sql`(SELECT id FROM replies WHERE id = ANY(${ids}::bigint[]) AND ${isWithin('id', ids)}
    AND channel = ${channel} AND ${isInState('status', 'queued')} AND next_attempt_at <= clock_timestamp() ORDER BY id FOR UPDATE SKIP LOCKED) due`;
}
