/**
 * An array as Postgres reads it, such as `{"1","a \"b\"",NULL}`, of strings, numbers, booleans, dates, null, and arrays as
 * their texts; anything else stands there as JSON.
 */
export function arrayLiteral(values: readonly unknown[]): string {
  let literal = '{';
  for (const value of values) {
    const element = value === null ? 'NULL' : quoted(textOf(value));
    literal += literal.length > 1 ? `,${element}` : element;
  }
  return `${literal}}`;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return arrayLiteral(value);
  return value instanceof Date ? value.toISOString() : JSON.stringify(value);
}

/** Searching first is for the many that have nothing to escape. */
function quoted(text: string): string {
  return SPECIAL.test(text) ? `"${text.replaceAll(ALL_SPECIAL, '\\$&')}"` : `"${text}"`;
}

const SPECIAL = /["\\]/;
const ALL_SPECIAL = /["\\]/g;
