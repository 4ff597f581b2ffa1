import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { QueuedReply } from './new-replies.ts';
import { rows } from './rows.ts';

/**
 * The replies whose job seems lost: queued for longer than they should be. Each is looked at again after as long as it
 * has waited so far, from 8 seconds up to a minute. Only of the channels named; with `dueBy` only those that were due then.
 */
export async function sweepReplies(
  db: Database,
  channels: readonly string[],
  limit: number,
  dueBy?: Date,
): Promise<QueuedReply[]> {
  const { rows: swept } = await sql<QueuedReply>`
    UPDATE replies SET sweep_at = greatest(clock_timestamp(), next_attempt_at)
      + least(greatest(clock_timestamp() - created_at, interval '8 seconds'), interval '1 minute')
    WHERE id IN (SELECT id FROM replies WHERE status = 'queued' AND sweep_at <= clock_timestamp()
        AND sweep_at <= ${dueBy ?? 'infinity'}::timestamptz AND channel = ANY(${channels}::text[])
      ORDER BY sweep_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING id, channel`.execute(db);
  return swept;
}

/** What becomes of a channel's unanswered sends. */
export interface UnansweredPolicy {
  readonly channel: string;
  /** How long a receipt is waited for, in milliseconds. */
  readonly waitMs: number;
  /** How often the provider is asked then; 0: it cannot tell, or shall not be asked. */
  readonly lookups: number;
  /** Sent once more after all that, though it may have gone out; false: given to an operator. */
  readonly isResent: boolean;
}

export interface Settled {
  /** Replies that are `unknown` from now on. */
  readonly unknown: number;
  /** Replies that an operator has to look at. */
  readonly held: number;
  /** Replies that are in the outbox again. */
  readonly resent: readonly QueuedReply[];
}

/** Of a channel that is not configured any more. */
const NO_POLICY = { wait: 600_000, lookups: 0, resend: false } as const;

/**
 * Replies whose sender died, or never got an answer. A `sending` one past its lease becomes `unknown`; an `unknown` one
 * that no receipt explained in time, and that the provider was asked about as often as the policy says, is given to an
 * operator, because to send it again could send it twice; or, if the policy would rather have that, sent again once.
 */
export async function settleUnanswered(db: Database, policies: readonly UnansweredPolicy[]): Promise<Settled> {
  const list = policies.map(({ channel, waitMs, lookups, isResent }) => ({
    channel,
    wait: waitMs,
    lookups,
    resend: isResent,
  }));
  const { rows: answer } = await sql<Settled>`
    WITH policy AS (SELECT * FROM ${rows(list, 'channel text, wait float8, lookups int, resend boolean')}),
    lost AS (
      UPDATE replies SET status = 'unknown', error_code = 'no-answer', sweep_at = clock_timestamp()
        + coalesce((SELECT wait FROM policy WHERE policy.channel = replies.channel), ${NO_POLICY.wait})
          * interval '1 millisecond'
      WHERE status = 'sending' AND sweep_at <= clock_timestamp() RETURNING id
    ), resent AS (
      UPDATE replies SET status = 'queued', was_resent = true, next_attempt_at = clock_timestamp(),
        sweep_at = clock_timestamp() + interval '8 seconds'
      WHERE ${isGivenUp} AND NOT was_resent AND ${isResent} RETURNING id, channel
    ), held AS (
      UPDATE replies SET sweep_at = 'infinity'
      WHERE ${isGivenUp} AND (was_resent OR NOT ${isResent}) RETURNING id, program, inbound_id
    ), opened AS (
      INSERT INTO cases (program, kind, inbound_id, reply_id) SELECT program, 'send-unknown', inbound_id, id FROM held
    )
    SELECT (SELECT count(*) FROM lost)::int AS unknown, (SELECT count(*) FROM held)::int AS held,
      coalesce((SELECT jsonb_agg(jsonb_build_object('id', id::text, 'channel', channel)) FROM resent), '[]') AS resent`.execute(
    db,
  );
  return answer[0] ?? { unknown: 0, held: 0, resent: [] };
}

const isGivenUp = sql.raw(`status = 'unknown' AND sweep_at <= clock_timestamp() AND lookups >=
  coalesce((SELECT policy.lookups FROM policy WHERE policy.channel = replies.channel), ${NO_POLICY.lookups})`);
const isResent = sql.raw(
  `coalesce((SELECT resend FROM policy WHERE policy.channel = replies.channel), ${NO_POLICY.resend})`,
);
