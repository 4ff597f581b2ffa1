import { sql } from 'kysely';
import type { Program } from '../activation/program.ts';
import type { Database } from './database.ts';

/** Counts a programme's replies of a UTC day so that its daily cap is never passed, by any number of processes. */
export interface ReplyQuota {
  /** Up to `want` replies that may be made now; none when the day's are used up. */
  take(program: Program, want: number): Promise<TakenReplies>;
}

/** Replies that a pack may make. */
export interface TakenReplies {
  readonly count: number;
  /** What was not used is there for others, on the day that it was taken from. */
  giveBack(unused: number): void;
}

/** A process takes shares of the day in one go, so that packs do not queue up for one counter row. */
const SHARES_PER_DAY = 100;
const LARGEST_SHARE = 500;

/**
 * A quota on the table `reply_quota`. A share that a crashed process had taken counts as used: the cap errs on the side
 * of sending too little.
 */
export function createReplyQuota(db: Database, now: () => Date): ReplyQuota {
  const shares = new Map<string, { day: string; left: number }>();

  function shareOf(program: Program): { day: string; left: number } {
    const day = now().toISOString().slice(0, 10);
    const share = shares.get(program.key);
    if (share?.day === day) return share;
    const fresh = { day, left: 0 };
    shares.set(program.key, fresh);
    return fresh;
  }

  return {
    async take(program, want) {
      const share = shareOf(program);
      if (share.left < want) {
        // Others take from the share meanwhile: it is read after the wait, not before.
        const reserved = await reserve(db, program, share.day, want - share.left);
        share.left += reserved;
      }
      const count = Math.min(want, share.left);
      share.left -= count;
      return {
        count,
        giveBack: (unused) => {
          share.left += unused;
        },
      };
    },
  };
}

/** Reserves at least `missing` if the day has them, and a share's worth if it has more: one round trip, but for the day's first. */
async function reserve(db: Database, program: Program, day: string, missing: number): Promise<number> {
  const cap = program.limits.repliesPerDay;
  const wanted = Math.max(missing, Math.min(LARGEST_SHARE, Math.floor(cap / SHARES_PER_DAY)));
  for (;;) {
    // What is left is read under the row's lock.
    const { rows } = await sql<{ reserved: number }>`UPDATE reply_quota q SET used = q.used + left_of.reserved
      FROM (SELECT program, day, greatest(0, least(${wanted}, ${cap} - used)) AS reserved FROM reply_quota
        WHERE program = ${program.key} AND day = ${day}::date FOR UPDATE) left_of
      WHERE q.program = left_of.program AND q.day = left_of.day RETURNING left_of.reserved`.execute(db);
    if (rows[0] !== undefined) return rows[0].reserved;
    await sql`INSERT INTO reply_quota (program, day, used) VALUES (${program.key}, ${day}::date, 0)
      ON CONFLICT DO NOTHING`.execute(db);
  }
}
