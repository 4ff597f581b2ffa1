import { sql } from 'kysely';
import type { Finding } from '../finding.ts';
import { type Database, sqlState } from './database.ts';
import { PART_PREFIX } from './long-messages.ts';
import { firstIdOf, type Month, monthAfter, monthOf, startOf } from './months.ts';
import { databaseTime, listPartitions, type MonthlyTable, type Partition } from './partitions.ts';

/** A month that is old enough to go and stays. */
export interface KeptMonth {
  /** Of its partition. */
  readonly name: string;
  /** What of it is not done: rows by what they wait for. */
  readonly undone: Readonly<Record<string, number>>;
}

/** What became of the months that are old. */
export interface DroppedMonths {
  /** Names of the partitions that are gone. */
  readonly dropped: readonly string[];
  readonly kept: readonly KeptMonth[];
  /** A transaction held on to one for longer than 2 seconds, or another process was at it: the rest is left to the next time. */
  readonly isPutOff: boolean;
}

/**
 * Drops the partitions whose messages are all older than so many months, unless something in them is not done; and what is
 * kept of the parts of long SMS that old. The ids of all SMS stay, so that one that comes again is still known. Nothing
 * waits for it, and it waits for nobody longer than 2 seconds.
 *
 * What is dropped is gone, and a host may come up years ahead: it throws when the database's clock and `now`, this machine's,
 * are more than a day apart, and takes the two oldest months at most, so that somebody may notice.
 */
export async function dropOldMonths(db: Database, keepMonths: number, now: Date): Promise<DroppedMonths> {
  return await db.connection().execute(async (own) => {
    const none: DroppedMonths = { dropped: [], kept: [], isPutOff: true };
    const { rows } = await sql<{ got: boolean }>`SELECT pg_try_advisory_lock(${LOCK}) AS got`.execute(own);
    if (rows[0]?.got !== true) return none;
    try {
      await sql`SET lock_timeout = '2s'`.execute(own);
      const databaseNow = await databaseTime(own);
      assertSameDay(databaseNow, now);
      const oldest = oldestKept(databaseNow, keepMonths);
      const { goneBefore, ...result } = await dropBefore(own, oldest);
      if (goneBefore !== undefined) await forgetLongMessages(own, goneBefore);
      return result;
    } finally {
      await sql`RESET lock_timeout`.execute(own);
      await sql`SELECT pg_advisory_unlock(${LOCK})`.execute(own);
    }
  });
}

/** Tells of each month that is old enough to go and has something undone. */
export async function keptFindings(db: Database, keepMonths: number): Promise<Finding[]> {
  const oldest = oldestKept(await databaseTime(db), keepMonths);
  const findings: Finding[] = [];
  for (const partition of await listPartitions(db)) {
    if (partition.month >= oldest || partition.isLeaving) continue;
    const undone = await undoneIn(db, partition);
    if (undone !== undefined) findings.push(keptFinding({ name: partition.name, undone }));
  }
  return findings;
}

function keptFinding({ name, undone }: KeptMonth): Finding {
  const what = Object.entries(undone).map(([reason, rows]) => `${reason}: ${rows}`);
  return {
    level: 'warning',
    what: `${name} is older than retention.messagesMonths and stays, because something in it is not done (${what.join(', ')})`,
    advice: 'resolve the open cases; an SMS that still waits needs a worker, and a reply its channel in cardwake.yaml',
  };
}

/** The advisory lock of the one process that drops; a number that nothing else in this database uses. */
const LOCK = 6_219_004;

/** Months that go at a time. */
const MONTHS_AT_ONCE = 2;

const DAY_MS = 86_400_000;

function assertSameDay(databaseNow: Date, now: Date): void {
  if (Math.abs(databaseNow.getTime() - now.getTime()) <= DAY_MS) return;
  throw new Error("The database's clock and this machine's are more than a day apart: no month of messages is dropped");
}

/** Rows of long SMS that one statement forgets: it has to end within the pool's time limit. */
const LONG_MESSAGES_AT_ONCE = 5_000;

/** The whole months before the present one stay, as many as were asked for. */
function oldestKept(now: Date, keepMonths: number): Month {
  return monthAfter(monthOf(now), -keepMonths);
}

interface DroppedBefore extends DroppedMonths {
  /** The month before which nothing is left but what stays for a reason; absent when it was put off. */
  readonly goneBefore?: Month;
}

async function dropBefore(own: Database, oldest: Month): Promise<DroppedBefore> {
  const dropped: string[] = [];
  const kept: KeptMonth[] = [];
  const months = new Set<Month>();
  try {
    for (const name of await detachedBefore(own)) {
      await drop(own, name);
      dropped.push(name);
    }
    const old = (await listPartitions(own)).filter(({ month }) => month < oldest);
    for (const partition of old.toSorted(inTurn)) {
      const undone = partition.isLeaving ? undefined : await undoneIn(own, partition);
      if (undone !== undefined) {
        kept.push({ name: partition.name, undone });
        continue;
      }
      if (months.size === MONTHS_AT_ONCE && !months.has(partition.month)) {
        return { dropped, kept, isPutOff: false, goneBefore: partition.month };
      }
      months.add(partition.month);
      await detach(own, partition);
      await drop(own, partition.name);
      dropped.push(partition.name);
    }
    return { dropped, kept, isPutOff: false, goneBefore: oldest };
  } catch (error) {
    if (!HELD.has(sqlState(error) ?? '')) throw error;
    return { dropped, kept, isPutOff: true };
  }
}

/** Of each table only one can be leaving at a time; then the oldest month first. */
function inTurn(a: Partition, b: Partition): number {
  if (a.isLeaving !== b.isLeaving) return a.isLeaving ? -1 : 1;
  return startOf(a.month).getTime() - startOf(b.month).getTime();
}

/** A lock or the whole statement took too long. */
const HELD: ReadonlySet<string> = new Set(['55P03', '57014']);

/** Stands as the comment of a partition that is to go: one that an operator detached to keep it has none. */
const MARK = 'cardwake: to be dropped';

/** Partitions that were taken out, and whose process died before it could drop them. */
async function detachedBefore(own: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND NOT relispartition
      AND relnamespace = current_schema()::regnamespace AND obj_description(oid, 'pg_class') = ${MARK}`.execute(own);
  return rows.map(({ name }) => name);
}

/**
 * Takes the partition out of its table while everybody goes on: whoever began before is waited for, and nobody who comes
 * later waits. When that takes too long the partition is already out of sight, and the next time finishes it.
 */
async function detach(own: Database, { table, name, isLeaving }: Partition): Promise<void> {
  const [parent, partition] = [sql.table(table), sql.table(name)];
  if (isLeaving) await sql`ALTER TABLE ${parent} DETACH PARTITION ${partition} FINALIZE`.execute(own);
  else {
    await sql`COMMENT ON TABLE ${partition} IS ${sql.lit(MARK)}`.execute(own);
    await sql`ALTER TABLE ${parent} DETACH PARTITION ${partition} CONCURRENTLY`.execute(own);
  }
}

async function drop(own: Database, name: string): Promise<void> {
  await sql`DROP TABLE ${sql.table(name)}`.execute(own);
}

/** What of the partition is not done; undefined when it all is. */
async function undoneIn(db: Database, { table, name, month }: Partition): Promise<KeptMonth['undone'] | undefined> {
  const counts = Object.entries(UNDONE[table]).map(([reason, { of = name, where, id }]) => {
    const isOfMonth = sql`${sql.ref(id)} >= ${firstIdOf(month)}::bigint
      AND ${sql.ref(id)} < ${firstIdOf(monthAfter(month, 1))}::bigint`;
    return sql`SELECT ${reason}::text AS reason, count(*)::int AS count FROM ${sql.table(of)}
      WHERE ${sql.raw(where)} AND ${isOfMonth}`;
  });
  const { rows } = await sql<{ reason: string; count: number }>`
    SELECT reason, count FROM (${sql.join(counts, sql` UNION ALL `)}) found WHERE count > 0`.execute(db);
  return rows.length === 0 ? undefined : Object.fromEntries(rows.map(({ reason, count }) => [reason, count]));
}

interface Undone {
  /** The table to look in; absent: the partition itself. */
  readonly of?: string;
  readonly where: string;
  /** The column with the id of the message. */
  readonly id: string;
}

/**
 * Reasons to keep a month: what waits in it, and what is open elsewhere and names it. A reply that stays `unknown` was
 * given to an operator, and from then on it is the case that is open or not.
 */
const UNDONE: Readonly<Record<MonthlyTable, Readonly<Record<string, Undone>>>> = {
  inbox: {
    'SMS to decide': { where: `state = 'received'`, id: 'id' },
    'open cases': { of: 'cases', where: 'resolved_at IS NULL', id: 'inbound_id' },
    'requests to end': { of: 'offers', where: `kind = 'release' AND newcomer_told_at IS NULL`, id: 'inbound_id' },
  },
  replies: {
    'replies to send': { where: `sweep_at < 'infinity'`, id: 'id' },
    'open cases': { of: 'cases', where: 'resolved_at IS NULL', id: 'reply_id' },
  },
};

/**
 * Forgets the long SMS that were read before the month, and keeps the ids of their parts: a part that comes again is
 * known, as a whole SMS is.
 */
async function forgetLongMessages(own: Database, oldest: Month): Promise<void> {
  for (;;) {
    const { rows } = await sql<{ id: string }>`
      WITH old AS (
        SELECT id, inbox_id FROM long_messages WHERE read_at < ${startOf(oldest)} LIMIT ${LONG_MESSAGES_AT_ONCE}
      ), parts AS (
        DELETE FROM message_parts USING old WHERE long_message_id = old.id RETURNING channel, provider_message_id, inbox_id
      ), kept AS (
        INSERT INTO inbound_ids (channel, provider_message_id, inbox_id)
        SELECT channel, ${PART_PREFIX} || provider_message_id, inbox_id FROM parts ON CONFLICT DO NOTHING
      )
      SELECT id FROM old`.execute(own);
    if (rows.length === 0) return;
    const ids = rows.map(({ id }) => id);
    await sql`DELETE FROM long_messages WHERE id = ANY(${ids}::uuid[])`.execute(own);
  }
}
