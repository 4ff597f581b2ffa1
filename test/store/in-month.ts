import { sql } from 'kysely';
import type { Database } from '../../src/store/database.ts';
import { firstIdAt, monthAfter, monthOf, startOf } from '../../src/store/months.ts';
import { type MonthlyTable, preparePartitions } from '../../src/store/partitions.ts';

/** The columns that name a message by its id. */
const NAMED_IN: Readonly<Record<MonthlyTable, readonly (readonly [table: string, column: string])[]>> = {
  inbox: [
    ['inbound_ids', 'inbox_id'],
    ['long_messages', 'inbox_id'],
    ['offers', 'inbound_id'],
    ['cases', 'inbound_id'],
    ['replies', 'inbound_id'],
  ],
  replies: [['cases', 'reply_id']],
};

/** Moves a message to where it would be, had it come at that moment; its partition is made if need be. Answers its id of then. */
export async function moveTo(db: Database, table: MonthlyTable, id: string, at: Date): Promise<string> {
  await preparePartitions(db, at);
  const then = String(BigInt(firstIdAt(at)) + (BigInt(id) & 0xf_ff_ffn));
  for (const [name, column] of [[table, 'id'], ...NAMED_IN[table]] as const) {
    await sql`UPDATE ${sql.table(name)} SET ${sql.ref(column)} = ${then}::bigint
      WHERE ${sql.ref(column)} = ${id}::bigint`.execute(db);
  }
  return then;
}

/** The first moment of the UTC month so many months ago. */
export function monthsAgo(months: number): Date {
  return startOf(monthAfter(monthOf(new Date()), -months));
}
