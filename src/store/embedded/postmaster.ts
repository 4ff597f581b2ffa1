import { spawn } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Binaries } from './binaries.ts';
import { clusterUrl } from './cluster.ts';
import type { Home } from './home.ts';
import { hasEnded, inspectProcess } from './process.ts';

/** A server that lives: its first process and where it listens on 127.0.0.1. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** `silent`: it lives, but for ten seconds it neither let us in nor said that it is busy starting. */
export type Readiness = 'ready' | 'gone' | 'silent';

const SILENCE_MS = 10_000;
const MAX_LOG_BYTES = 8 * 1024 * 1024;
const CANNOT_CONNECT_NOW = '57P03';

/** The server that serves a data directory now: proven by `postmaster.pid` and by the living process's command line. */
export async function findPostmaster(directory: string): Promise<Postmaster | undefined> {
  const lines = (await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!(pid > 0)) return undefined;
  const living = await inspectProcess(pid);
  return living?.command.includes(` -D ${directory} `) ? { pid, port } : undefined;
}

/** True when it runs exactly these binaries: an update in between leaves it without its libraries. */
export async function runsBinaries({ pid }: Postmaster, binaries: Binaries): Promise<boolean> {
  const [living, file] = await Promise.all([inspectProcess(pid), stat(binaries.postgres)]);
  const running = await stat(`/proc/${pid}/exe`).catch(() => undefined);
  const isSameFile = running === undefined || (running.ino === file.ino && running.dev === file.dev);
  return isSameFile && living?.command.startsWith(`${binaries.postgres} `) === true;
}

/**
 * Starts a server in a session of its own, so that Ctrl-C in our terminal does not reach it.
 * @returns its pid; it is not ready yet.
 */
export async function spawnPostmaster(
  home: Home,
  binaries: Binaries,
  port: number,
  isDurable: boolean,
): Promise<number> {
  const log = await openLog(home);
  const settings = {
    listen_addresses: '127.0.0.1',
    // A socket's path may have 107 bytes at most, and a data directory's may be longer.
    unix_socket_directories: '',
    shared_buffers: '128MB',
    // Disks have no moving parts: an index is worth it for few rows, too (4.3 instead of 7 CPU s per 1000 SMS, at 100/s).
    random_page_cost: '1.1',
    max_connections: '100',
    synchronous_commit: 'on',
    fsync: isDurable ? 'on' : 'off',
    full_page_writes: isDurable ? 'on' : 'off',
  };
  const args = ['-D', home.directory, '-p', String(port)];
  for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`);
  try {
    const child = spawn(binaries.postgres, args, {
      ...home.runAs,
      cwd: home.directory,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return child.pid as number;
  } finally {
    await log.close();
  }
}

/** Waits until the server lets us in, however long it recovers, as long as it says so. */
export async function awaitReadiness({ pid, port }: Postmaster, password: string): Promise<Readiness> {
  let lastSign = Date.now();
  while ((await inspectProcess(pid)) !== undefined) {
    const answer = await knock(clusterUrl(port, password, 'postgres'));
    if (answer === 'open') return 'ready';
    if (answer === 'busy') lastSign = Date.now();
    if (Date.now() - lastSign > SILENCE_MS) return 'silent';
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return 'gone';
}

/** Ends a server: politely to its clients' transactions first, after 15 seconds by force. */
export async function endPostmaster(pid: number): Promise<void> {
  const living = await inspectProcess(pid);
  if (living === undefined) return;
  // postgres(1): SIGINT is a fast shutdown, SIGQUIT an immediate one, which the next start recovers from.
  for (const [signal, patienceMs] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    if (await hasEnded(pid, living, patienceMs)) return;
  }
}

/** A TCP port on 127.0.0.1 that was free a moment ago; `preferred` if it is. */
export async function freePort(preferred = 0): Promise<number> {
  const server = createServer();
  try {
    return await new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(preferred, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
  } catch (error) {
    if (preferred === 0) throw error;
    return freePort();
  } finally {
    server.close();
  }
}

/** The log's last lines, for an error message. */
export async function logTail(directory: string): Promise<string> {
  const log = await readFile(join(directory, 'postgres.log'), 'utf8').catch(() => '');
  return log.trim().split('\n').slice(-5).join('\n');
}

async function openLog({ directory, runAs }: Home) {
  const path = join(directory, 'postgres.log');
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size > MAX_LOG_BYTES) await rename(path, `${path}.1`);
  const log = await open(path, 'a', 0o600);
  if (runAs.uid !== undefined && runAs.gid !== undefined) await log.chown(runAs.uid, runAs.gid);
  return log;
}

async function knock(url: string): Promise<'open' | 'busy' | 'closed'> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return 'open';
  } catch (error) {
    return (error as { code?: string }).code === CANNOT_CONNECT_NOW ? 'busy' : 'closed';
  } finally {
    await client.end().catch(() => undefined);
  }
}
