import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { waitFor } from '../support/wait-for.ts';
import { openTestPool, openTestStore } from './open-test-store.ts';

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
