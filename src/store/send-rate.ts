import { type RawBuilder, sql } from 'kysely';
import type { Database } from './database.ts';

/**
 * Reserves the next `count` places on a channel that carries `perSecond` messages, and answers how long to wait for the
 * first of them, in milliseconds. All processes share one row per channel, so that together they keep the rate. A row that
 * lies further ahead than all of them reserve is of a clock that has gone back since, as after a failover: the channel is
 * free.
 */
export async function reserveSends(db: Database, channel: string, count: number, perSecond: number): Promise<number> {
  const { rows } = await sql<{ wait_ms: number }>`
    INSERT INTO send_rate AS s (channel, free_at)
    VALUES (${channel}, clock_timestamp() + ${count / perSecond}::float8 * interval '1 second')
    ON CONFLICT (channel) DO UPDATE SET
      free_at = ${freeFrom(perSecond)} + ${count / perSecond}::float8 * interval '1 second'
    RETURNING greatest(0, extract(epoch FROM free_at - clock_timestamp()) * 1000 - ${(count / perSecond) * 1000}::float8)::float8
      AS wait_ms`.execute(db);
  return rows[0]?.wait_ms ?? 0;
}

/**
 * Jobs reserve a second's places at a time, or one place where a second carries less than one, and a process has four jobs
 * of a channel: so many turns ahead are those of fifteen processes.
 */
const TURNS_AHEAD = 60;

/** From when on the channel of the row `s` is free: never earlier than now. */
function freeFrom(perSecond: number): RawBuilder<Date> {
  const mostSeconds = TURNS_AHEAD * Math.max(1, 1 / perSecond);
  return sql`CASE WHEN s.free_at > clock_timestamp() + ${mostSeconds}::float8 * interval '1 second' THEN clock_timestamp()
    ELSE greatest(s.free_at, clock_timestamp()) END`;
}

/** Places on channels that this process may use at once. */
export interface SendShares {
  /** As many of `wanted` as the channel carries now: 0 when its next place is in the future. */
  take(channel: string, wanted: number, perSecond: number): Promise<number>;
}

/** A process reserves this part of a second's places at a time, so that a fast channel is not asked for every reply. */
const PART_OF_SECOND = 20;
/** Places that were not used lapse. So the rate is passed by a share of each process and a tenth of a second at most. */
const LAPSE_MS = 1_000;

/** Shares of a process that has none yet. */
export function createSendShares(db: Database): SendShares {
  const shares = new Map<string, { left: number; until: number }>();
  return {
    async take(channel, wanted, perSecond) {
      const share = shares.get(channel);
      const left = share === undefined || performance.now() >= share.until ? 0 : share.left;
      if (share !== undefined && left >= wanted) {
        share.left -= wanted;
        return wanted;
      }
      const until = performance.now() + LAPSE_MS;
      const most = Math.max(1, Math.floor(perSecond));
      const size = Math.min(most, Math.max(wanted - left, Math.floor(perSecond / PART_OF_SECOND)));
      if (share !== undefined) share.left = 0;
      const reserved = (await reserveNow(db, channel, size, perSecond)) ? size : 0;
      const count = Math.min(wanted, left + reserved);
      // Others may have taken a share meanwhile: both are kept.
      const now = shares.get(channel);
      const kept = now !== undefined && performance.now() < now.until ? now.left : 0;
      shares.set(channel, { left: kept + left + reserved - count, until });
      return count;
    },
  };
}

/** How early a place may be used: so that two processes that take a share in the same moment both get one. */
const EARLY = sql.raw(`interval '100 milliseconds'`);

/** Reserves `count` places if the channel is free about now, all or none. */
async function reserveNow(db: Database, channel: string, count: number, perSecond: number): Promise<boolean> {
  const { rows } = await sql`
    INSERT INTO send_rate AS s (channel, free_at)
    VALUES (${channel}, clock_timestamp() + ${count / perSecond}::float8 * interval '1 second')
    ON CONFLICT (channel) DO UPDATE SET
      free_at = ${freeFrom(perSecond)} + ${count / perSecond}::float8 * interval '1 second'
    WHERE ${freeFrom(perSecond)} <= clock_timestamp() + ${EARLY}
    RETURNING true`.execute(db);
  return rows.length > 0;
}
