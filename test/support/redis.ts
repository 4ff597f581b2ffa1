import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { findRedisServer } from '../../scripts/lib/redis.mjs';
import { freePort } from './ports.ts';
import { atRunEnd, endWithRun, temporaryFolder } from './run.ts';
import { waitFor } from './wait-for.ts';

/** A Redis of the test's own that may be killed, emptied and started again. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Holds the append-only files. */
  readonly directory: string;
  /** Of the process that runs now, or of the last one. */
  readonly pid: number;
  /** SIGKILL; resolves when it is dead. What was written to files stays. */
  readonly kill: () => Promise<void>;
  /** Starts it again on the same port and files, after `kill`. */
  readonly restart: () => Promise<void>;
  /** Ends it for good and removes its files. Also done when the run ends. */
  readonly stop: () => Promise<void>;
}

/** A place on the run's Redis that no other test uses: a prefix for every key, and mostly a database of its own. */
export interface TestRedis {
  readonly url: string;
  readonly prefix: string;
}

/** Starts a real redis-server on a free port. `appendonly` forces each write to the disk before it is answered. */
export async function startRedis({ appendonly = false } = {}): Promise<RedisServer> {
  const program = await findRedisServer();
  const directory = await temporaryFolder('redis');
  const port = await freePort();
  const args = redisArguments(port, directory, appendonly);
  let running = await launch(program, args, port);
  const server: RedisServer = {
    url: `redis://127.0.0.1:${port}`,
    port,
    directory,
    get pid() {
      return running.pid;
    },
    kill: () => running.end('SIGKILL'),
    restart: async () => {
      running = await launch(program, args, port);
    },
    stop: async () => {
      await running.end('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
  atRunEnd(server.stop);
  return server;
}

let shared: Promise<{ readonly url: string; readonly isOurs: boolean }> | undefined;
let given = 0;

/** A place on the Redis that all tests of a run share: the one at REDIS_URL, else one of our own. */
export async function createTestRedis(): Promise<TestRedis> {
  shared ??= findShared();
  const { url, isOurs } = await shared;
  return { url: isOurs ? `${url}/${++given}` : url, prefix: `test-${randomUUID()}` };
}

async function findShared() {
  const url = process.env.REDIS_URL;
  if (url === undefined || url === '') return { url: (await startRedis()).url, isOurs: true };
  if (!(await answers(url))) throw new Error('REDIS_URL is set, but no Redis answers there.');
  return { url, isOurs: false };
}

function redisArguments(port: number, directory: string, appendonly: boolean): string[] {
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: directory,
    save: '',
    appendonly: appendonly ? 'yes' : 'no',
    appendfsync: 'always',
    'maxmemory-policy': 'noeviction',
    databases: 10_000,
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

async function launch(program: string, args: readonly string[], port: number) {
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  await once(child, 'spawn');
  child.unref();
  const pid = child.pid as number;
  const hasEnded = endWithRun(pid);
  const end = async (signal: NodeJS.Signals) => {
    await endChild(child, signal);
    hasEnded();
  };
  await waitFor(() => answers(`redis://127.0.0.1:${port}`), { what: 'redis-server to answer' });
  return { pid, end };
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  child.kill(signal);
  await once(child, 'exit');
}

async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 2_000 });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}
