import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findRedisServer } from '../../scripts/lib/redis.mjs';
import { freePort } from '../support/ports.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { atRunEnd, endWithRun, temporaryFolder } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';

/** A Redis Cluster of one node that has every slot: it refuses commands whose keys lie in two slots, as any other. */
export async function startCluster(): Promise<{ readonly url: string; readonly nodeUrl: string }> {
  const { port } = await startClusterNode();
  await asked(port, 'the cluster to take the slots', (node) => node.call('CLUSTER', 'ADDSLOTSRANGE', 0, SLOTS - 1));
  await isClusterUp(port);
  return { url: `redis+cluster://127.0.0.1:${port}`, nodeUrl: `redis://127.0.0.1:${port}` };
}

/** How many a cluster's nodes divide among each other. */
export const SLOTS = 16_384;

/** A node of a cluster, as yet alone and without slots. */
export async function startClusterNode() {
  const [port, busPort] = [await freePort(), await freePort()];
  const settings = ['cluster-enabled yes', 'cluster-node-timeout 1000', 'cluster-announce-ip 127.0.0.1'];
  const { kill } = await launch('cluster', port, [...settings, `cluster-port ${busPort}`]);
  return { port, busPort, kill };
}

/** Resolves when the node at `port` finds that every slot has its master. */
export async function isClusterUp(port: number): Promise<void> {
  await asked(port, 'the cluster to be ready', async (node) =>
    String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok'),
  );
}

/** A Redis that is found by asking a sentinel for `club`. */
export async function startSentinel(): Promise<{ readonly url: string; readonly nodeUrl: string }> {
  const master = await startRedis();
  const { url } = await startSentinelOf(master);
  return { url, nodeUrl: master.url };
}

/** A sentinel that gives a master up after half a second, alone. */
export async function startSentinelOf({
  port: master,
}: RedisServer): Promise<{ readonly url: string; readonly port: number }> {
  const port = await freePort();
  const settings = [
    `sentinel monitor club 127.0.0.1 ${master} 1`,
    'sentinel down-after-milliseconds club 500',
    'sentinel failover-timeout club 2000',
  ];
  await launch('sentinel', port, settings, '--sentinel');
  return { url: `redis+sentinel://127.0.0.1:${port}/club`, port };
}

/** What the server at `port` answers, asked again while it answers false or with an error. */
export async function asked<T>(port: number, what: string, question: (redis: Redis) => Promise<T>) {
  const redis = new Redis(port, '127.0.0.1').on('error', () => undefined);
  try {
    return await waitFor(() => question(redis), { what });
  } finally {
    redis.disconnect();
  }
}

async function launch(name: string, port: number, settings: readonly string[], ...args: string[]) {
  const folder = await temporaryFolder(name);
  const file = join(folder, 'redis.conf');
  await writeFile(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, 'save ""', ...settings, ''].join('\n'));
  const child = spawn(await findRedisServer(), [file, ...args], { stdio: 'ignore', detached: true });
  await once(child, 'spawn');
  child.unref();
  const hasEnded = endWithRun(child.pid as number);
  const kill = async () => {
    child.ref();
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    hasEnded();
  };
  atRunEnd(kill);
  await answer(port, name);
  return { kill };
}

async function answer(port: number, name: string): Promise<void> {
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, enableReadyCheck: false });
  redis.on('error', () => undefined);
  await waitFor(() => redis.ping(), { what: `the ${name} to answer` });
  redis.disconnect();
}
