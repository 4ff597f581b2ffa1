import type { ClientBase, QueryResult } from 'pg';
import { Bundle, type Statement } from './bundle.ts';
import { statementNames } from './prepared.ts';

type Query = (...args: readonly unknown[]) => unknown;

/**
 * From now on a client that is given to it makes fewer and cheaper round trips: statements that come again and again are
 * prepared, and a BEGIN travels with the statement that follows it.
 */
export function roundTripSaver(): (client: ClientBase) => void {
  const nameOf = statementNames();
  return (client) => {
    const query = client.query.bind(client) as Query;
    let opening: string | undefined;
    client.query = ((...args: readonly unknown[]) => {
      const [text, values, ...others] = args;
      if (typeof text !== 'string' || others.length > 0) return query(...args);
      if (OPENS.test(text)) {
        opening = text;
        return Promise.resolve(NOTHING);
      }
      const before = opening;
      opening = undefined;
      // Nothing was done in between.
      if (before !== undefined && ENDS.test(text)) return Promise.resolve(NOTHING);
      const list = Array.isArray(values) ? values : [];
      const statement: Statement = { text, values: list, name: list.length > 0 ? nameOf(text) : undefined };
      if (before !== undefined) return together(query, before, statement);
      return statement.name === undefined ? query(...args) : query(statement);
    }) as typeof client.query;
  };
}

const OPENS = /^(?:begin|start transaction)\b/i;
const ENDS = /^(?:commit|rollback)$/i;
const NOTHING = { command: '', rowCount: 0, oid: 0, fields: [], rows: [] } satisfies QueryResult;

function together(query: Query, opening: string, statement: Statement): Promise<QueryResult> {
  return new Promise((resolve, reject) => {
    query(new Bundle(opening, statement, (error, result) => (error ? reject(error) : resolve(result ?? NOTHING))));
  });
}
