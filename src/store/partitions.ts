import { sql } from 'kysely';
import { type Finding, ok } from '../finding.ts';
import { type Database, sqlState, type Trx } from './database.ts';
import { firstIdOf, type Month, monthAfter, monthOf, parseMonth } from './months.ts';

/** The tables that have a partition for each month. */
export const MONTHLY = ['inbox', 'replies'] as const;

export type MonthlyTable = (typeof MONTHLY)[number];

/** The messages of one table and one month. */
export interface Partition {
  readonly table: MonthlyTable;
  readonly month: Month;
  /** Its own name, such as `inbox_2026_11`. */
  readonly name: string;
  /** Its detaching began and did not end: queries see it no more. */
  readonly isLeaving: boolean;
}

/** Months after the present one that have their partitions before they begin. */
const MONTHS_AHEAD = 2;

/**
 * Makes the partitions of the present month and the next two that are not there yet, and answers their names. Any number
 * of processes may do so at once. Nothing waits for it: a partition is made apart and attached, which queries do not
 * notice. `now` is the database's own time, which ids are made by.
 */
export async function preparePartitions(db: Database, now?: Date): Promise<string[]> {
  const present = monthOf(now ?? (await databaseTime(db)));
  if (missing(await listPartitions(db), present).length === 0) return [];
  return await db.transaction().execute(async (trx) => {
    await sql`SELECT pg_advisory_xact_lock(hashtextextended('cardwake partitions', 0))`.execute(trx);
    await sql`SET LOCAL lock_timeout = '2s'`.execute(trx);
    const wanted = missing(await listPartitions(trx), present);
    for (const { table, month } of wanted) await makePartition(trx, table, month);
    return wanted.map(({ table, month }) => partitionName(table, month));
  });
}

/** The partitions that there are, oldest first. */
export async function listPartitions(db: Database | Trx): Promise<Partition[]> {
  const { rows } = await sql<{ table: MonthlyTable; name: string; isLeaving: boolean }>`
    SELECT parent.relname AS table, child.relname AS name, inhdetachpending AS "isLeaving"
    FROM pg_inherits JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class child ON child.oid = inhrelid
    WHERE parent.relname = ANY(${MONTHLY}::text[]) AND parent.relkind = 'p'
      AND parent.relnamespace = current_schema()::regnamespace
    ORDER BY child.relname`.execute(db);
  return rows.flatMap((row) => {
    const month = parseMonth(row.name.slice(row.table.length + 1));
    return month === undefined ? [] : [{ ...row, month }];
  });
}

/** The database's clock, which the ids of messages are made by. */
export async function databaseTime(db: Database | Trx): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(db);
  if (rows[0] === undefined) throw new Error('Postgres did not tell the time');
  return rows[0].now;
}

/** True for the error of a message that has no partition to go to; another try succeeds once there is one. */
export function lacksPartition(error: unknown): boolean {
  // Of a check that the data fails, Postgres names the constraint.
  return sqlState(error) === '23514' && (error as { readonly constraint?: string }).constraint === undefined;
}

/** Whether this month and the next can take messages. */
export async function partitionsFinding(db: Database, now?: Date): Promise<Finding> {
  const present = monthOf(now ?? (await databaseTime(db)));
  const lacking = missing(await listPartitions(db), present);
  const soon = lacking.filter(({ month }) => month <= monthAfter(present, 1));
  if (soon.length === 0) return ok('this month and the next have their partitions');
  return {
    level: soon.some(({ month }) => month === present) ? 'problem' : 'warning',
    what: `there is no partition ${soon.map(({ table, month }) => partitionName(table, month)).join(', ')}: no message of that month can be kept`,
    advice: 'see that a process of Cardwake runs: each makes them when it starts and every hour, or logs why it cannot',
  };
}

function missing(there: readonly Partition[], present: Month): { table: MonthlyTable; month: Month }[] {
  const names = new Set(there.map(({ name }) => name));
  const months = Array.from({ length: MONTHS_AHEAD + 1 }, (_, ahead) => monthAfter(present, ahead));
  return months
    .flatMap((month) => MONTHLY.map((table) => ({ table, month })))
    .filter(({ table, month }) => !names.has(partitionName(table, month)));
}

function partitionName(table: MonthlyTable, month: Month): string {
  return `${table}_${month.replace('-', '_')}`;
}

/** `CREATE TABLE … PARTITION OF` would wait until nobody uses the whole table, and everybody would wait for it. */
async function makePartition(trx: Trx, table: MonthlyTable, month: Month): Promise<void> {
  const name = sql.table(partitionName(table, month));
  // Rows are updated a few times within seconds: with room on its page, a row moves nowhere and no index is touched.
  await sql`CREATE TABLE ${name} (LIKE ${sql.table(table)} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
    WITH (fillfactor = 80)`.execute(trx);
  // A unique index of the whole table would have to hold the id, and so would say nothing. What keeps an SMS from being
  // answered twice is the state of its inbox row, under its lock; this index is the second look, within a month.
  if (table === 'replies') await sql`CREATE UNIQUE INDEX ON ${name} (inbound_id, slot)`.execute(trx);
  await sql`ALTER TABLE ${sql.table(table)} ATTACH PARTITION ${name}
    FOR VALUES FROM (${sql.lit(firstIdOf(month))}) TO (${sql.lit(firstIdOf(monthAfter(month, 1)))})`.execute(trx);
}
