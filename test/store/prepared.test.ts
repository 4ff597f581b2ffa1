import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Database } from '../../src/store/database.ts';
import { openTestStore } from './open-test-store.ts';

describe('prepared statements', () => {
  let db: Database;
  let close: () => Promise<void>;
  before(async () => ({ db, close } = await openTestStore()));
  after(() => close());

  /** What the connection of `trx` has prepared, of the statements that hold a word. */
  const prepared = async (on: Database, word: string) => {
    const { rows } = await sql<{ statement: string; plans: number }>`
      SELECT statement, generic_plans::int + custom_plans::int AS plans FROM pg_prepared_statements`.execute(on);
    return rows.filter(({ statement }) => statement.includes(word));
  };

  it('a statement that comes again and again is planned once for all its parameters, and answers the same', async () => {
    await db.connection().execute(async (one) => {
      const double = async (n: number) => {
        const { rows } = await sql<{ twice: number }>`SELECT ${n}::int * 2 AS twice`.execute(one);
        return rows[0]?.twice;
      };
      for (let n = 0; n < 10; n += 1) assert.equal(await double(n), n * 2);
      const [statement, ...others] = await prepared(one, 'AS twice');
      assert.deepEqual(others, []);
      assert.equal(statement?.plans, 8, 'all but the first two calls used it');
    });
  });

  it('what is asked once, or never with parameters, is not kept', async () => {
    await db.connection().execute(async (one) => {
      await sql`SELECT ${1}::int AS asked_once`.execute(one);
      for (let n = 0; n < 10; n += 1) await sql`SELECT 1 AS without_parameters`.execute(one);
      assert.deepEqual(await prepared(one, 'asked_once'), []);
      assert.deepEqual(await prepared(one, 'without_parameters AS'), []);
    });
  });

  it('a column that a migration adds disturbs no open connection', async () => {
    await sql`CREATE TABLE growing (id int)`.execute(db);
    await sql`INSERT INTO growing VALUES (1)`.execute(db);
    await db.connection().execute(async (one) => {
      const all = () => sql`select * from growing WHERE id = ${1}`.execute(one);
      const some = () => sql`SELECT id FROM growing WHERE id = ${1}`.execute(one);
      for (let n = 0; n < 5; n += 1) await Promise.all([all(), some()]);
      await sql`ALTER TABLE growing ADD COLUMN name text`.execute(db);
      assert.deepEqual((await all()).rows, [{ id: 1, name: null }]);
      assert.deepEqual((await some()).rows, [{ id: 1 }]);
    });
  });
});
