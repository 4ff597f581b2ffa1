import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Database } from '../../src/store/database.ts';
import { openTestStore } from './open-test-store.ts';

describe('a BEGIN that travels with its first statement', () => {
  let db: Database;
  let close: () => Promise<void>;
  before(async () => ({ db, close } = await openTestStore()));
  after(() => close());
  beforeEach(async () => {
    await sql`DROP TABLE IF EXISTS kept`.execute(db);
    await sql`CREATE TABLE kept (n int PRIMARY KEY)`.execute(db);
  });
  const kept = async () => (await sql<{ n: number }>`SELECT n FROM kept ORDER BY n`.execute(db)).rows.map(({ n }) => n);
  const keep = (n: number) => sql<{ n: number }>`INSERT INTO kept VALUES (${n}) RETURNING n`;

  it('opens a transaction: all of it is there in the end, or nothing', async () => {
    for (let n = 0; n < 8; n += 1) {
      const answered = await db.transaction().execute(async (trx) => (await keep(n).execute(trx)).rows);
      assert.deepEqual(answered, [{ n }], 'the statement has its own result, prepared or not');
      await assert.rejects(
        db.transaction().execute(async (trx) => {
          await keep(n + 100).execute(trx);
          throw new Error('changed my mind');
        }),
        /changed my mind/,
      );
    }
    assert.deepEqual(await kept(), [0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('sees nothing of others’ work before it and locks for as long as it lasts', async () => {
    await keep(1).execute(db);
    await db.transaction().execute(async (trx) => {
      await sql`SELECT n FROM kept FOR UPDATE`.execute(trx);
      const free = await sql`SELECT n FROM kept FOR UPDATE SKIP LOCKED`.execute(db);
      assert.deepEqual(free.rows, []);
    });
    const free = await sql`SELECT n FROM kept FOR UPDATE SKIP LOCKED`.execute(db);
    assert.equal(free.rows.length, 1);
  });

  it('leaves a connection in order whose first statement fails, prepared, unprepared or unparsable', async () => {
    const failing = [keep(1), sql`SELECT 1 / 0`, sql`SELECT nonsense FROM nowhere WHERE n = ${1}`];
    await keep(1).execute(db);
    await db.connection().execute(async (one) => {
      for (let round = 0; round < 5; round += 1) {
        for (const statement of failing) {
          await assert.rejects(
            one.transaction().execute((trx) => statement.execute(trx)),
            /duplicate key|division by zero|does not exist/,
          );
        }
        const { rows } = await sql<{ open: boolean }>`SELECT now() <> statement_timestamp() AS open`.execute(one);
        assert.equal(rows[0]?.open, false, 'no transaction is left open');
      }
    });
  });

  it('leaves a connection in order when a value of the first statement cannot be written', async () => {
    const hostile = {
      toPostgres() {
        throw new Error('not a value');
      },
    };
    await db.connection().execute(async (one) => {
      await assert.rejects(
        one.transaction().execute((trx) => sql`SELECT ${hostile}`.execute(trx)),
        /not a value/,
      );
      assert.deepEqual((await sql`SELECT 1 AS one`.execute(one)).rows, [{ one: 1 }]);
    });
  });

  it('is not sent at all when nothing is done', async () => {
    await db.connection().execute(async (one) => {
      await one.transaction().execute(async () => undefined);
      await assert.rejects(
        one.transaction().execute(() => Promise.reject(new Error('nothing done'))),
        /nothing done/,
      );
      const { rows } = await sql<{ query: string }>`
        SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()`.execute(one);
      assert.match(rows[0]?.query ?? '', /pg_stat_activity/);
    });
  });

  it('keeps the isolation level that was asked for', async () => {
    const level = await db
      .transaction()
      .setIsolationLevel('serializable')
      .execute(
        async (trx) =>
          (await sql<{ level: string }>`SELECT current_setting('transaction_isolation') AS level`.execute(trx)).rows,
      );
    assert.deepEqual(level, [{ level: 'serializable' }]);
  });
});
