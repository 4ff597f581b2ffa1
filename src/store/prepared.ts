import { createHash } from 'node:crypto';

/** A text that came this often is one that comes again and again. */
const PREPARE_FROM = 3;
/** Each prepared statement keeps its plan in the memory of each connection's server process. */
const MAX_PREPARED = 200;
/** Texts that are counted; beyond them counting begins anew. */
const MAX_COUNTED = 1_000;

/**
 * Gives the name that a text is prepared under; undefined for one that is not, or not yet. A statement that comes again
 * and again with other parameters is parsed and planned once: planning is the larger part of what a pack of SMS, or a
 * till's question, costs Postgres. One that takes "all columns" is left alone: it would fail on its connection when a
 * migration adds one.
 */
export function statementNames(): (text: string) => string | undefined {
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
