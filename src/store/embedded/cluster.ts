import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.ts';
import type { Home, RunAs } from './home.ts';

/** What it takes to reach a cluster; kept inside its data directory, in a file that only its owner reads. */
export interface Access {
  readonly password: string;
  /** The port of the last start; preferred at the next, so that noted URLs stay true. */
  readonly port: number | undefined;
}

/** The superuser, and the database that everything is in. */
export const CLUSTER_NAME = 'cardwake';

/** Makes a cluster in `home.directory` unless there is one. A half-made one, left by a crash, is made anew. */
export async function ensureCluster(home: Home, binaries: Binaries, isDurable: boolean): Promise<void> {
  if ((await readFile(join(home.directory, 'PG_VERSION')).catch(() => undefined)) !== undefined) return;
  const draft = `${home.directory}.new`;
  const passwordFile = `${draft}.password`;
  const password = randomBytes(24).toString('hex');
  await rm(draft, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  await mkdir(draft, { mode: 0o700 });
  await give(draft, home.runAs);
  await writePrivately(passwordFile, password, home.runAs);
  try {
    await promisify(execFile)(binaries.initdb, initdbArguments(draft, passwordFile, isDurable), {
      ...home.runAs,
      cwd: draft,
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await writeAccess(draft, { password, port: undefined }, home.runAs);
  await rename(draft, home.directory);
}

/** @throws Error when the file is gone: without its password nobody gets in. */
export async function readAccess(directory: string): Promise<Access> {
  return JSON.parse(await readFile(join(directory, 'cardwake.json'), 'utf8')) as Access;
}

/** Replaces the file at once or not at all. */
export async function writeAccess(directory: string, access: Access, runAs: RunAs): Promise<void> {
  const path = join(directory, 'cardwake.json');
  await rm(`${path}.new`, { force: true });
  await writePrivately(`${path}.new`, JSON.stringify(access), runAs);
  await rename(`${path}.new`, path);
}

/** The URL of one of the cluster's databases. */
export function clusterUrl(port: number, password: string, database: string = CLUSTER_NAME): string {
  return `postgres://${CLUSTER_NAME}:${password}@127.0.0.1:${port}/${database}`;
}

function initdbArguments(directory: string, passwordFile: string, isDurable: boolean): string[] {
  return [
    `--pgdata=${directory}`,
    `--username=${CLUSTER_NAME}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Works without any locale installed: order by code point, upper and lower case of all Unicode letters.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(isDurable ? [] : ['--no-sync']),
  ];
}

async function writePrivately(path: string, content: string, runAs: RunAs): Promise<void> {
  await writeFile(path, content, { mode: 0o600, flag: 'wx' });
  await give(path, runAs);
}

async function give(path: string, { uid, gid }: RunAs): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}
