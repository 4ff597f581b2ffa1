import { type RawBuilder, sql } from 'kysely';

/**
 * True of every one of the ids, and false of other months: `id = ANY($1)` alone makes Postgres look into the partition
 * of every month, because it cannot tell a list's months from its plan; two bounds it can. `column` is ours, never a
 * customer's.
 */
export function isWithin(column: string, ids: readonly string[]): RawBuilder<boolean> {
  const { least, most } = boundsOf(ids);
  return sql<boolean>`${sql.raw(column)} BETWEEN ${least}::bigint AND ${most}::bigint`;
}

/**
 * True of a row in that state, and of no use to a partial index on what waits. Statistics of a quiet hour say that next to
 * nothing waits, so Postgres would read that index from end to end to find the fifty rows of a pack; once a backlog of
 * thousands waits that is 2.3 ms a pack, and 0.08 ms by the primary key. Column and state are ours, never a customer's.
 */
export function isInState(column: string, state: string): RawBuilder<boolean> {
  return sql<boolean>`${sql.raw(column)} || '' = ${sql.lit(state)}`;
}

/** The least and the greatest of decimal ids without leading zeros; of none, bounds that no id lies in. */
function boundsOf(ids: readonly string[]): { readonly least: string; readonly most: string } {
  let [least = '0', most = '0'] = [ids[0], ids[0]];
  for (const id of ids) {
    if (isLess(id, least)) least = id;
    if (isLess(most, id)) most = id;
  }
  return { least, most };
}

/** Decimal numbers without leading zeros are in the order of their lengths, and of one length in that of their digits. */
function isLess(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length;
}
