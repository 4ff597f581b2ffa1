import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';

/** A text that came this often is one that comes again and again. */
const PREPARE_FROM = 3;
/** Each prepared statement keeps its plan in the memory of each connection's server process. */
const MAX_PREPARED = 200;

/** How often a text came, or the name that it is prepared under. */
const texts = new Map<string, number | string>();

/**
 * From now on the connection parses and plans a statement once that comes again and again with other parameters: planning
 * is the larger part of what a pack of SMS, or a till's question, costs Postgres. A statement that takes "all columns" is
 * left alone: it would fail on this connection when a migration adds one.
 */
export function prepareStatements(client: ClientBase): void {
  const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
  client.query = ((...args: readonly unknown[]) => {
    const [text, values, ...others] = args;
    const name = typeof text === 'string' && Array.isArray(values) ? nameOf(text, values.length) : undefined;
    return name === undefined ? query(...args) : query({ name, text, values }, ...others);
  }) as typeof client.query;
}

function nameOf(text: string, parameters: number): string | undefined {
  const known = texts.get(text);
  if (typeof known === 'string') return known;
  if (known === undefined && (parameters === 0 || texts.size >= MAX_PREPARED || takesAllColumns(text)))
    return undefined;
  const times = (known ?? 0) + 1;
  const name = times < PREPARE_FROM ? times : createHash('sha256').update(text).digest('hex').slice(0, 32);
  texts.set(text, name);
  return typeof name === 'string' ? name : undefined;
}

function takesAllColumns(text: string): boolean {
  return /^\s*select \*|returning \*/i.test(text);
}
