import { sql } from 'kysely';
import type { ReplyFacts } from '../../src/activation/decision.ts';
import { REPLY_STATUS_RANK, type ReplyStatus } from '../../src/sms/message.ts';
import type { Database } from '../../src/store/database.ts';
import { type RecordedAttempt, recordAttempts } from '../../src/store/replies.ts';
import { look } from '../support/club.ts';
import { phone } from '../support/world.ts';

/** What a test may want of a reply before it begins. */
export interface GivenReply {
  readonly status?: ReplyStatus;
  readonly recipient?: string;
  readonly template?: string;
  readonly channel?: string;
  readonly program?: string;
  readonly attempts?: number;
  readonly facts?: ReplyFacts;
}

/** Puts replies into the outbox and answers their ids, in the same order. */
export async function addReplies(db: Database, given: readonly GivenReply[]): Promise<string[]> {
  const ids: string[] = [];
  for (const one of given) {
    const [row] = await db
      .insertInto('replies')
      .values({
        inbound_id: null,
        program: one.program ?? 'club',
        channel: one.channel ?? 'main',
        sender: '2420',
        recipient: one.recipient ?? phone(0),
        template: one.template ?? 'help',
        locale: 'en',
        variables: JSON.stringify(one.facts ?? {}),
        status: one.status ?? 'queued',
        attempts: one.attempts ?? 0,
        text: null,
        segments: null,
        provider_message_id: null,
        error_code: null,
        accepted_at: null,
        finished_at: null,
        ...(isSettled(one.status) && { sweep_at: null }),
      })
      .returning('id')
      .execute();
    if (row !== undefined) ids.push(row.id);
  }
  return ids;
}

/** Writes down what came of replies, as whoever took them out last does. */
export async function recordAsTaken(
  db: Database,
  results: readonly Omit<RecordedAttempt, 'attemptedAt'>[],
): Promise<void> {
  const taken = await look<{ id: string; at: string | null }>(
    db,
    sql`SELECT id, attempted_at::text AS at FROM replies`,
  );
  const at = new Map(taken.map((row) => [row.id, row.at]));
  await recordAttempts(
    db,
    results.map((one) => ({ ...one, attemptedAt: at.get(one.id) ?? '-infinity' })),
  );
}

/** Nothing is to be sent of it any more. */
function isSettled(status: ReplyStatus = 'queued'): boolean {
  return REPLY_STATUS_RANK[status] >= REPLY_STATUS_RANK.accepted;
}

/** A reply as it stands. */
export interface ReplyRow {
  readonly id: string;
  readonly status: ReplyStatus;
  readonly attempts: number;
  readonly text: string | null;
  readonly error_code: string | null;
  readonly provider_message_id: string | null;
  /** Seconds until it may be tried again, and until the sweeper looks; rounded. */
  readonly due_in: number;
  readonly swept_in: number;
  readonly isAccepted: boolean;
  readonly isFinished: boolean;
}

/** All replies, oldest first. */
export function repliesIn(db: Database): Promise<ReplyRow[]> {
  const seconds = (column: string) =>
    // Before Postgres 17 nothing can be subtracted from infinity.
    `round(extract(epoch FROM least(${column}, clock_timestamp() + interval '1000000 seconds') - clock_timestamp()))::int`;
  return look<ReplyRow>(
    db,
    sql`SELECT id, status, attempts, text, error_code, provider_message_id, accepted_at IS NOT NULL AS "isAccepted",
      finished_at IS NOT NULL AS "isFinished", ${sql.raw(seconds('next_attempt_at'))} AS due_in,
      ${sql.raw(seconds('sweep_at'))} AS swept_in FROM replies ORDER BY id`,
  );
}

/** The phones that are opted out. */
export async function optedOut(db: Database): Promise<string[]> {
  const rows = await look<{ phone: string }>(
    db,
    sql`SELECT phone FROM phones WHERE opted_out_at IS NOT NULL ORDER BY phone`,
  );
  return rows.map((row) => row.phone);
}
