import { sql } from 'kysely';
import type { Database } from './database.ts';

/** A session as people are shown it; see `SessionState` of the provider's port. */
export interface ShownSession {
  readonly name: string;
  readonly state: 'closed' | 'connecting' | 'binding' | 'bound' | 'unbinding' | 'waiting';
  readonly since: Date;
  readonly inFlight: number;
  readonly reason?: string;
}

/** Who asks for a channel's sessions, and for how long at a time. */
export interface LeaseClaim {
  readonly channel: string;
  /** Of this process alone. */
  readonly holder: string;
  /** After so long without a renewal anybody may take it. */
  readonly forMs: number;
  /** What people are shown of the sessions. */
  readonly states: readonly ShownSession[];
}

/** Takes the lease of a channel's sessions, or renews it; false while another process holds it. */
export async function holdLease(db: Database, claim: LeaseClaim): Promise<boolean> {
  const { channel, holder, forMs, states } = claim;
  const areBound = states.length > 0 && states.every(({ state }) => state === 'bound');
  // Sessions that a process left behind ended with its lease.
  const { rows } = await sql`
    INSERT INTO session_leases AS held (channel, holder, until, states, unbound_since)
    VALUES (${channel}, ${holder}, clock_timestamp() + ${forMs} * interval '1 millisecond', ${JSON.stringify(states)}::jsonb,
      CASE WHEN ${areBound}::boolean THEN NULL ELSE clock_timestamp() END)
    ON CONFLICT (channel) DO UPDATE SET holder = excluded.holder, until = excluded.until, states = excluded.states,
      unbound_since = CASE WHEN excluded.unbound_since IS NOT NULL
        THEN coalesce(held.unbound_since, least(held.until, excluded.unbound_since)) END
    WHERE held.holder = excluded.holder OR held.until < clock_timestamp()
    RETURNING channel`.execute(db);
  if (rows.length > 0) return true;
  await shortenLease(db, claim);
  return false;
}

/**
 * A lease that lasts longer than any is of a clock that has gone back since, as after a failover. It is not taken, because
 * its holder may be about to renew it, but ends after its own length from now.
 */
async function shortenLease(db: Database, { channel, holder, forMs }: LeaseClaim): Promise<void> {
  const end = sql`clock_timestamp() + ${forMs} * interval '1 millisecond'`;
  await sql`UPDATE session_leases SET until = ${end}
    WHERE channel = ${channel} AND holder <> ${holder} AND until > ${end}`.execute(db);
}

/** Gives the lease back, so that the next process need not wait for its end. */
export async function leaveLease(db: Database, channel: string, holder: string): Promise<void> {
  await sql`
    UPDATE session_leases SET holder = NULL, until = '-infinity', states = '[]',
      unbound_since = coalesce(unbound_since, clock_timestamp())
    WHERE channel = ${channel} AND holder = ${holder}`.execute(db);
}

/**
 * Seconds since when not every session of a channel is bound, by channel: 0 when all are; also while nobody has them.
 * A channel whose sessions nobody ever had is not there.
 */
export async function unboundSeconds(db: Database): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ channel: string; seconds: number }>`
    SELECT channel, coalesce(extract(epoch FROM
      clock_timestamp() - coalesce(unbound_since, CASE WHEN until < clock_timestamp() THEN until END)), 0)::float8 AS seconds
    FROM session_leases`.execute(db);
  return new Map(rows.map(({ channel, seconds }) => [channel, seconds]));
}

/** A channel's sessions as their holder last told. */
export interface HeldSessions {
  readonly channel: string;
  readonly holder: string;
  /** False when the holder has not renewed in time: what it told is old. */
  readonly isAlive: boolean;
  readonly states: readonly (Omit<ShownSession, 'since'> & { readonly since: string })[];
}

/** The sessions of one channel; undefined when nobody holds them. */
export async function findLease(db: Database, channel: string): Promise<HeldSessions | undefined> {
  const { rows } = await sql<HeldSessions>`
    SELECT channel, holder, until >= clock_timestamp() AS "isAlive", states FROM session_leases
    WHERE holder IS NOT NULL AND channel = ${channel}`.execute(db);
  return rows[0];
}

/** The sessions of all channels that somebody holds, or held last. */
export async function listLeases(db: Database): Promise<HeldSessions[]> {
  const { rows } = await sql<HeldSessions>`
    SELECT channel, holder, until >= clock_timestamp() AS "isAlive", states FROM session_leases
    WHERE holder IS NOT NULL ORDER BY channel`.execute(db);
  return rows;
}
