import { type MigrationProvider, Migrator } from 'kysely';
import { type Database, openDatabase } from './database.ts';
import * as foundation from './migrations/0001-foundation.ts';
import * as members from './migrations/0002-members.ts';
import { preparePartitions } from './partitions.ts';

/** Named in the order they run; a released migration is never edited. */
const MIGRATIONS = { '0001-foundation': foundation, '0002-members': members };

const provider: MigrationProvider = { getMigrations: () => Promise.resolve(MIGRATIONS) };

/**
 * Brings the schema up to date, with the partitions of this month and the next two; safe to call from several processes at
 * once. Throws with the failed migration's name.
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const db = openDatabase({
    url: databaseUrl,
    poolSize: 1,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 0,
    onIdleError: () => {},
  });
  try {
    await migrateToLatest(db);
    await preparePartitions(db);
  } finally {
    await db.destroy();
  }
}

/** The names of the migrations that this database has not had yet, in the order they will run. */
export async function pendingMigrations(db: Database): Promise<string[]> {
  const migrations = await new Migrator({ db, provider }).getMigrations();
  return migrations.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name);
}

async function migrateToLatest(db: Database): Promise<void> {
  const { error, results } = await new Migrator({ db, provider }).migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find((result) => result.status === 'Error');
  throw new Error(`Migration ${failed?.migrationName ?? 'of the database'} failed`, { cause: error });
}
