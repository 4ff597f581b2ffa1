import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
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
import { inspectProcess } from './process.ts';

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
  /** Of the server's first process; changes when the server has to be started again. */
  readonly pid: number;
  /** Ends the server and lets go of the data directory. Call it last, when the pools are closed. */
  readonly stop: () => Promise<void>;
}

type KeptServer = Postmaster & Pick<EmbeddedPostgres, 'stop'>;

const MAX_STARTS = 5;
const WATCH_MS = 500;

/**
 * Starts Postgres 18 from the npm package's binaries, or takes over the one that a killed process of ours left behind;
 * starts it again should it die before `stop`. The server outlives a process that is killed: the next start finds it.
 * @throws Error in one sentence, when another Cardwake owns `dataDir` or Postgres cannot run here.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const lock = await lockDataDir(resolve(options.dataDir), { address: options.address });
  let server: KeptServer | undefined;
  try {
    const home = await findHome(options.dataDir);
    const binaries = await findBinaries(home.runAs, home.binariesCache);
    await ensureCluster(home, binaries, options.isDurable ?? true);
    const { password } = await readAccess(home.directory);
    const kept = await keepUp(() => bringUp(home, binaries, options), options.log);
    server = kept;
    const { port } = kept;
    await ensureDatabase(clusterUrl(port, password, 'postgres'));
    options.log.info({ postmaster: kept.pid, port, directory: home.directory }, 'Embedded Postgres is up');
    return {
      url: clusterUrl(port, password),
      get pid() {
        return kept.pid;
      },
      stop: () => kept.stop().then(lock.release),
    };
  } catch (error) {
    await server?.stop();
    await lock.release();
    throw error;
  }
}

/** The URL of the embedded Postgres that serves a data directory now, for a second program such as the CLI. */
export async function findEmbeddedPostgres(dataDir: string): Promise<string | undefined> {
  try {
    const directory = await realpath(join(dataDir, 'postgres'));
    const postmaster = await findPostmaster(directory);
    return postmaster && clusterUrl(postmaster.port, (await readAccess(directory)).password);
  } catch {
    return undefined;
  }
}

/** Brings a server up, and again whenever it is found dead, until it is stopped. */
async function keepUp(bringItUp: () => Promise<Postmaster>, log: EmbeddedPostgresOptions['log']): Promise<KeptServer> {
  let current = await bringItUp();
  const stopping = new AbortController();
  const watch = async () => {
    while (!stopping.signal.aborted) {
      await delay(WATCH_MS, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted || (await inspectProcess(current.pid)) !== undefined) continue;
      log.warn({ postmaster: current.pid }, 'Embedded Postgres died: starting it again');
      current = await bringItUp().catch((error: unknown) => {
        log.warn({ error }, 'Embedded Postgres does not start');
        return current;
      });
    }
  };
  const watched = watch();
  const stop = async () => {
    stopping.abort();
    await watched;
    await endPostmaster(current.pid);
  };
  return {
    port: current.port,
    get pid() {
      return current.pid;
    },
    stop,
  };
}

async function bringUp(
  home: Home,
  binaries: Binaries,
  { log, isDurable = true }: EmbeddedPostgresOptions,
): Promise<Postmaster> {
  const access = await readAccess(home.directory);
  for (let start = 1; start <= MAX_STARTS; start++) {
    const left = await takeOver(home, binaries, access, log);
    if (left !== undefined) return left;
    const port = await freePort(start === 1 ? access.port : undefined);
    const spawned = { pid: await spawnPostmaster(home, binaries, port, isDurable), port };
    const readiness = await awaitReadiness(spawned, access.password);
    if (readiness === 'ready') {
      await writeAccess(home.directory, { ...access, port }, home.runAs);
      return spawned;
    }
    if (readiness === 'silent') await endPostmaster(spawned.pid);
    // The port may have been taken meanwhile, or processes of a killed server may still hold its memory: they end soon.
    await delay(500);
  }
  throw new Error(
    `Postgres does not start; the end of ${home.directory}/postgres.log:\n${await logTail(home.directory)}`,
  );
}

/** The server that is left from before, if it is good; otherwise it is ended. */
async function takeOver(
  home: Home,
  binaries: Binaries,
  access: Access,
  log: EmbeddedPostgresOptions['log'],
): Promise<Postmaster | undefined> {
  const found = await findPostmaster(home.directory);
  if (found === undefined) return undefined;
  if ((await runsBinaries(found, binaries)) && (await awaitReadiness(found, access.password)) === 'ready') {
    log.info({ postmaster: found.pid }, 'Taking over the Postgres that a killed process left behind');
    return found;
  }
  // It may have ended by itself while we waited, and its pid be another's.
  if ((await findPostmaster(home.directory))?.pid !== found.pid) return undefined;
  log.warn({ postmaster: found.pid }, 'Ending a Postgres that does not answer or is of another version');
  await endPostmaster(found.pid);
  return undefined;
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
