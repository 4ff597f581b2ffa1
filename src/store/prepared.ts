import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';

/** A text that came this often is one that comes again and again. */
const PREPARE_FROM = 3;
/** Each prepared statement keeps its plan in the memory of each connection's server process. */
const MAX_PREPARED = 200;
/** Texts that are counted; beyond them counting begins anew. */
const MAX_COUNTED = 1_000;

/**
 * From now on a connection that is given to it parses and plans a statement once that comes again and again with other
 * parameters: planning is the larger part of what a pack of SMS, or a till's question, costs Postgres. A statement that
 * takes "all columns" is left alone: it would fail on this connection when a migration adds one.
 */
export function statementPreparer(): (client: ClientBase) => void {
  const nameOf = namer();
  return (client) => {
    const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
    client.query = ((...args: readonly unknown[]) => {
      const [text, values, ...others] = args;
      const isNameable = typeof text === 'string' && Array.isArray(values) && values.length > 0;
      const name = isNameable ? nameOf(text) : undefined;
      return name === undefined ? query(...args) : query({ name, text, values }, ...others);
    }) as typeof client.query;
  };
}

/** The name that a text is prepared under; undefined for one that is not, or not yet. */
function namer(): (text: string) => string | undefined {
  const names = new Map<string, string>();
  const times = new Map<string, number>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size >= MAX_PREPARED || takesAllColumns(text)) return known;
    if (times.size >= MAX_COUNTED) times.clear();
    const count = (times.get(text) ?? 0) + 1;
    times.set(text, count);
    if (count < PREPARE_FROM) return undefined;
    const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    times.delete(text);
    names.set(text, name);
    return name;
  };
}

function takesAllColumns(text: string): boolean {
  return /^\s*select \*|returning \*/i.test(text);
}
