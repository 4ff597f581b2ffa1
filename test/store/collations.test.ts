import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { openTestStore } from './open-test-store.ts';

describe('the keys of all tables', () => {
  // Postgres 14 to 17 pass over an index when what its column is compared with has another collation: for each pack of SMS they
  // read all bindings of the chain, because a programme was of the database's collation and a phone of "C".
  it('are compared by bytes, so that an index serves whichever other key it is compared with', async () => {
    const { db, close } = await openTestStore();
    try {
      const { rows } = await sql<{ key: string; collation: string }>`
        SELECT format('%s.%s', t.relname, a.attname) AS key, c.collname AS collation
        FROM pg_index i
        JOIN pg_class t ON t.oid = i.indrelid
        CROSS JOIN unnest(i.indkey::int2[]) AS part (attnum)
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = part.attnum
        JOIN pg_collation c ON c.oid = a.attcollation
        WHERE t.relnamespace = current_schema()::regnamespace AND t.relname NOT LIKE 'kysely%'`.execute(db);
      assert.ok(rows.length > 50, `${rows.length} keys of text`);
      const others = rows.filter(({ collation }) => collation !== 'C').map(({ key }) => key);
      assert.deepEqual([...new Set(others)], []);
    } finally {
      await close();
    }
  });
});
