import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { type Database, isDatabaseAway, openDatabase, pingDatabase } from '../../src/store/database.ts';
import { isOfMessage } from '../../src/store/inbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { openTestPool, openTestStore, type TestStore } from './open-test-store.ts';

describe('the connection pool', () => {
  it('fails the statement and the transaction whose server process ends, and nothing else', async () => {
    const { url, db, close } = await openTestStore();
    const other = openTestPool(url);
    const end = (query: string) => async () => {
      const { rows } = await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE ${query} AND pid <> pg_backend_pid()`.execute(other);
      return rows.length > 0;
    };
    try {
      const sleeping = assert.rejects(sql`SELECT pg_sleep(60)`.execute(db), /terminating connection/);
      await waitFor(end('SELECT pg_sleep%'), { what: 'the statement to run' });
      await sleeping;
      const idling = db.transaction().execute(async (trx) => {
        await sql`SELECT 'idle in transaction'`.execute(trx);
        await waitFor(end(`SELECT 'idle in transaction'%`), { what: 'the transaction to idle' });
        await waitFor(
          () =>
            sql`SELECT 1`.execute(trx).then(
              () => false,
              () => true,
            ),
          { what: 'the end to be noticed' },
        );
      });
      await assert.rejects(idling);
      await waitFor(() => sql`SELECT 1`.execute(db), { what: 'the pool to have replaced the connection' });
    } finally {
      await other.destroy();
      await close();
    }
  });
});

describe('a server that takes no writes, as a standby after a failover', () => {
  let store: TestStore;
  /** A pool of one connection, which was opened while no writes were taken; they are again for whoever connects now. */
  let late: Database;
  beforeEach(async () => {
    store = await openTestStore();
    await takeWrites(false);
    late = openDatabase({
      url: store.url,
      poolSize: 1,
      connectTimeoutMs: 5_000,
      statementTimeoutMs: 5_000,
      onIdleError: () => {},
    });
    await sql`SELECT`.execute(late);
    await takeWrites(true);
  });
  afterEach(async () => {
    await late.destroy();
    await store.close();
  });

  const takeWrites = (does: boolean) =>
    store.db.connection().execute(async (one) => {
      await sql`SET default_transaction_read_only = off`.execute(one);
      await sql`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = ${sql.raw(does ? 'off' : 'on')}',
        current_database()); END $$`.execute(one);
    });

  const tries: readonly (readonly [how: string, failing: (db: Database) => Promise<unknown>])[] = [
    ['a statement', (db) => sql`INSERT INTO send_rate VALUES (${'main'}, now())`.execute(db)],
    [
      'a transaction',
      (db) =>
        db.transaction().execute(async (trx) => {
          await sql`SELECT`.execute(trx);
          await sql`UPDATE send_rate SET free_at = now()`.execute(trx);
        }),
    ],
    ['a look at its health', pingDatabase],
  ];
  for (const [how, failing] of tries) {
    it(`fails ${how} as a database that is away does, and its connection is left for a new one`, async () => {
      await assert.rejects(failing(late), (error) => {
        assert.deepEqual([isDatabaseAway(error), isOfMessage(error)], [true, false]);
        return true;
      });
      await pingDatabase(late);
      await failing(late);
    });
  }
});
