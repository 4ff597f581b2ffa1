import { type RawBuilder, sql } from 'kysely';
import { arrayLiteral } from './array-literal.ts';

/**
 * So many rows or more travel as one array for each column, fewer as JSON. CPU of Postgres for a row of eight columns, of 100
 * rows: 2.5 µs as arrays, 5.7 as json, 7.8 as jsonb; of one: 110 as arrays, 80 as either JSON; of 10 there is no difference.
 */
const MANY = 16;

/**
 * Rows as parameters: `rows(list, 'id bigint, status text')` is a `FROM` item with those columns, so that a write of
 * fifty rows is one statement with one plan. Column names and types are ours, never a customer's; a value that is
 * undefined is NULL. `pack`: whose rows these are, so that all lists of one statement travel in the same way and
 * it has two texts, not one for each combination.
 */
export function rows(list: readonly object[], columns: string, pack: readonly unknown[] = list): RawBuilder<unknown> {
  if (pack.length < MANY) return sql`json_to_recordset(${JSON.stringify(list)}::json) AS r(${sql.raw(columns)})`;
  const { parsed, head, tail } = shapeOf(columns);
  const arrays = parsed.map((column, index) => sql`${literalOf(list, column, index === 0)}${column.cast}`);
  return sql`${head}${sql.join(arrays)}${tail}`;
}

interface Column {
  readonly name: string;
  readonly isJson: boolean;
  /** To what its literal is cast. */
  readonly cast: RawBuilder<unknown>;
}

/** What a statement says around the arrays of its columns. */
interface Shape {
  readonly parsed: readonly Column[];
  readonly head: RawBuilder<unknown>;
  readonly tail: RawBuilder<unknown>;
}

const shapes = new Map<string, Shape>();

function shapeOf(columns: string): Shape {
  let shape = shapes.get(columns);
  if (shape === undefined) {
    shape = makeShape(columns.split(',').map((column) => column.trim().split(' ')));
    shapes.set(columns, shape);
  }
  return shape;
}

/** `unnest` would take a column of arrays apart with the others: it travels as one of texts. */
function makeShape(columns: readonly (readonly string[])[]): Shape {
  const isArray = (type: string) => type.endsWith('[]');
  const selected = columns.map(([name = '', type = '']) => (isArray(type) ? `${name}::${type} AS ${name}` : name));
  return {
    parsed: columns.map(([name = '', type = '']) => ({
      name: name.replaceAll('"', ''),
      isJson: type === 'jsonb',
      cast: sql.raw(isArray(type) ? '::text[]' : `::${type}[]`),
    })),
    head: sql.raw(`(SELECT ${selected.join(', ')} FROM unnest(`),
    tail: sql.raw(`) AS u(${columns.map(([name]) => name).join(', ')})) AS r`),
  };
}

/** Postgres fills shorter columns up with NULL, so that one of nothing else is empty; but one must have every row. */
function literalOf(list: readonly object[], { name, isJson }: Column, isWhole: boolean): string {
  const values = list.map((row) => (row as Readonly<Record<string, unknown>>)[name] ?? null);
  if (!isWhole && values.every((value) => value === null)) return '{}';
  return arrayLiteral(isJson ? values.map((value) => (value === null ? null : JSON.stringify(value))) : values);
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
