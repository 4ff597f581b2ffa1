import { type RawBuilder, sql } from 'kysely';

/**
 * Rows as one parameter: `rows(list, 'id bigint, status text')` is a `FROM` item with those columns, so that a write of
 * fifty rows is one statement with one plan. Column names and types are ours, never a customer's.
 */
export function rows(list: readonly object[], columns: string): RawBuilder<unknown> {
  return sql`jsonb_to_recordset(${JSON.stringify(list)}::jsonb) AS r(${sql.raw(columns)})`;
}

/** Decimal ids as one parameter, to be cast to `bigint[]`: pg would put each of them into quotes, for 2 % of a worker's garbage. */
export function idList(ids: readonly string[]): string {
  return `{${ids.join(',')}}`;
}

/**
 * Several data-modifying statements as one round trip: each becomes a `WITH` part of `last`. They see the same snapshot
 * and run in no certain order, so none may depend on what another wrote; `last` may read what those of `byName` give.
 */
export function together<T>(
  parts: readonly RawBuilder<unknown>[],
  last: RawBuilder<T>,
  byName: Readonly<Record<string, RawBuilder<unknown>>> = {},
): RawBuilder<T> {
  const all = [...parts.map((part, index) => [`part_${index}`, part] as const), ...Object.entries(byName)];
  if (all.length === 0) return last;
  const named = all.map(([name, part]) => sql`${sql.raw(name)} AS (${part})`);
  return sql`WITH ${sql.join(named)} ${last}`;
}
