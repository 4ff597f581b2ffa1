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
/** A server of somebody's own has other databases, and those of other runs. */
const OURS = `test_${process.pid}`;

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
  cluster ??= findCluster();
  const { admin, urlOf } = await cluster;
  const name = `${OURS}_${++created}`;
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${source}`);
  const drop = async () => {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  return { url: urlOf(name), drop };
}

async function createTemplate(): Promise<string> {
  cluster ??= findCluster();
  const { admin, urlOf } = await cluster;
  const name = `${OURS}_template`;
  await admin.query(`CREATE DATABASE ${name}`);
  atRunEnd(async () => {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
  });
  await migrate(urlOf(name));
  return name;
}

/** The one at TEST_DATABASE_URL, whose user may make databases; else one of our own. */
async function findCluster(): Promise<Cluster> {
  const given = process.env.TEST_DATABASE_URL;
  const url = given === undefined || given === '' ? await startCluster() : given;
  const admin = new Pool({ connectionString: url, max: 1 });
  admin.on('error', () => undefined);
  atRunEnd(() => admin.end());
  return { admin, urlOf: (database) => Object.assign(new URL(url), { pathname: database }).href };
}

/** Its URL. */
async function startCluster(): Promise<string> {
  const dataDir = await temporaryFolder('postgres');
  const server = await startEmbeddedPostgres({ dataDir, log: createLogger({ level: 'silent' }), isDurable: false });
  const hasEnded = endWithRun(server.pid);
  atRunEnd(async () => {
    await server.stop();
    hasEnded();
  });
  return server.url;
}
