import { Pool } from 'pg';
import { createLogger } from '../../src/log.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded/postgres.ts';
import { migrate } from '../../src/store/migrate.ts';
import { atRunEnd, endWithRun, temporaryFolder } from './run.ts';

/** A database of the test's own on the run's Postgres. */
export interface TestDatabase {
  readonly url: string;
  /** Removes it, and whatever is still connected to it. */
  readonly drop: () => Promise<void>;
}

interface Cluster {
  readonly admin: Pool;
  readonly urlOf: (database: string) => string;
}

let cluster: Promise<Cluster> | undefined;
let template: Promise<string> | undefined;
let created = 0;

/** A database with today's schema and no rows: a copy of a template that is migrated once per run. */
export async function createTestDatabase(): Promise<TestDatabase> {
  template ??= createTemplate();
  return createDatabase(await template);
}

/** A database with nothing in it, for tests of the migrations themselves. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase('template0');
}

async function createDatabase(source: string): Promise<TestDatabase> {
  cluster ??= startCluster();
  const { admin, urlOf } = await cluster;
  const name = `test_${++created}`;
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${source}`);
  const drop = async () => {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  return { url: urlOf(name), drop };
}

async function createTemplate(): Promise<string> {
  cluster ??= startCluster();
  const { admin, urlOf } = await cluster;
  await admin.query('CREATE DATABASE cardwake_template');
  await migrate(urlOf('cardwake_template'));
  return 'cardwake_template';
}

async function startCluster(): Promise<Cluster> {
  const dataDir = await temporaryFolder('postgres');
  const server = await startEmbeddedPostgres({ dataDir, log: createLogger({ level: 'silent' }), isDurable: false });
  const hasEnded = endWithRun(server.pid);
  const admin = new Pool({ connectionString: server.url, max: 1 });
  admin.on('error', () => undefined);
  atRunEnd(async () => {
    await admin.end();
    await server.stop();
    hasEnded();
  });
  return { admin, urlOf: (database) => Object.assign(new URL(server.url), { pathname: database }).href };
}
