import { type Database, openDatabase } from '../../src/store/database.ts';
import { createTestDatabase } from '../support/postgres.ts';

/** A migrated database of the test's own with an open pool. */
export interface TestStore {
  readonly url: string;
  readonly db: Database;
  readonly close: () => Promise<void>;
}

/** Opens a new, empty database; the pool is big enough for the races that are tested. */
export async function openTestStore(): Promise<TestStore> {
  const { url, drop } = await createTestDatabase();
  const db = openTestPool(url);
  const close = async () => {
    await db.destroy();
    await drop();
  };
  return { url, db, close };
}

/** Another pool on a test's database, with connections of its own. */
export function openTestPool(url: string, pepper?: string): Database {
  return openDatabase({
    url,
    pepper,
    poolSize: 24,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 30_000,
    onIdleError: () => {},
  });
}
