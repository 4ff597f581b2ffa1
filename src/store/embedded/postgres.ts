import { resolve } from 'node:path';
import { Client } from 'pg';

import type { Logger } from '../../log.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { type Access, CLUSTER_NAME, clusterUrl, ensureCluster, readAccess, writeAccess } from './cluster.ts';
import { findHome, type Home } from './home.ts';
import { lockDataDir } from './lock.ts';
import {
  awaitReadiness,
  endPostmaster,
  findPostmaster,
  freePort,
  logTail,
  type Postmaster,
  runsBinaries,
  spawnPostmaster,
} from './postmaster.ts';

/** What an embedded Postgres is told. */
export interface EmbeddedPostgresOptions {
  /** Data is kept in `<dataDir>/postgres`, or where that points; see `findHome`. */
  readonly dataDir: string;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** False only where data is thrown away: commits are then not forced to the disk. Default: true. */
  readonly isDurable?: boolean;
  /** Where the program that owns this Postgres answers people; told to whoever starts a second one. */
  readonly address?: string;
}

/** A Postgres that is ours until `stop`. */
export interface EmbeddedPostgres {
  /** Of the database `cardwake`, as its superuser, over TCP on 127.0.0.1. */
  readonly url: string;
  readonly pid: number;
  /** Ends the server and lets go of the data directory. Call it last, when the pools are closed. */
  readonly stop: () => Promise<void>;
}

const MAX_STARTS = 5;

/**
 * Starts Postgres 18 from the npm package's binaries, or takes over the one that a killed process of ours left behind.
 * The server outlives this process unless `stop` is called; the next start finds it.
 * @throws Error in one sentence, when another Cardwake owns `dataDir` or Postgres cannot run here.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const lock = await lockDataDir(resolve(options.dataDir), { address: options.address });
  try {
    const home = await findHome(options.dataDir);
    const binaries = await findBinaries(home.runAs, home.binariesCache);
    await ensureCluster(home, binaries, options.isDurable ?? true);
    const access = await readAccess(home.directory);
    const { pid, port } = await bringUp(home, binaries, access, options);
    await ensureDatabase(clusterUrl(port, access.password, 'postgres'));
    options.log.info({ postmaster: pid, port, directory: home.directory }, 'embedded Postgres is up');
    const stop = async () => {
      await endPostmaster(pid);
      await lock.release();
    };
    return { url: clusterUrl(port, access.password), pid, stop };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The URL of the embedded Postgres that serves a data directory now, for a second program such as the CLI. */
export async function findEmbeddedPostgres(dataDir: string): Promise<string | undefined> {
  try {
    const { directory } = await findHome(dataDir);
    const postmaster = await findPostmaster(directory);
    return postmaster && clusterUrl(postmaster.port, (await readAccess(directory)).password);
  } catch {
    return undefined;
  }
}

async function bringUp(
  home: Home,
  binaries: Binaries,
  access: Access,
  { log, isDurable = true }: EmbeddedPostgresOptions,
): Promise<Postmaster> {
  for (let start = 1; start <= MAX_STARTS; start++) {
    const found = await findPostmaster(home.directory);
    if (found && (await runsBinaries(found, binaries)) && (await awaitReadiness(found, access.password)) === 'ready') {
      log.info({ postmaster: found.pid }, 'taking over the Postgres that a killed process left behind');
      return found;
    }
    if (found) {
      log.warn({ postmaster: found.pid }, 'ending a Postgres that does not answer');
      await endPostmaster(found.pid);
    }
    const port = await freePort(start === 1 ? access.port : undefined);
    const spawned = { pid: await spawnPostmaster(home, binaries, port, isDurable), port };
    const readiness = await awaitReadiness(spawned, access.password);
    if (readiness === 'ready') {
      await writeAccess(home.directory, { ...access, port }, home.runAs);
      return spawned;
    }
    if (readiness === 'silent') await endPostmaster(spawned.pid);
    // The port may have been taken meanwhile, or processes of a killed server may still hold its memory: they end soon.
    await new Promise((done) => setTimeout(done, 500));
  }
  throw new Error(
    `Postgres does not start; the end of ${home.directory}/postgres.log:\n${await logTail(home.directory)}`,
  );
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [CLUSTER_NAME]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${CLUSTER_NAME}`);
  } finally {
    await client.end();
  }
}
