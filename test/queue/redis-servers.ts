import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findRedisServer } from '../../scripts/lib/redis.mjs';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis.ts';
import { atRunEnd, endWithRun, temporaryFolder } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';

/** A Redis Cluster of one node that has every slot: it refuses commands whose keys lie in two slots, as any other. */
export async function startCluster(): Promise<{ readonly url: string; readonly nodeUrl: string }> {
  const port = await freePort();
  const busPort = await freePort();
  await launch('cluster', port, ['cluster-enabled yes', `cluster-port ${busPort}`, 'cluster-announce-ip 127.0.0.1']);
  const nodeUrl = `redis://127.0.0.1:${port}`;
  const node = new Redis(nodeUrl);
  await node.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await waitFor(async () => String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), {
    what: 'the cluster to be ready',
  });
  await node.quit();
  return { url: `redis+cluster://127.0.0.1:${port}`, nodeUrl };
}

/** A Redis that is found by asking a sentinel for `club`. */
export async function startSentinel(): Promise<{ readonly url: string; readonly nodeUrl: string }> {
  const master = await startRedis();
  const port = await freePort();
  await launch('sentinel', port, [`sentinel monitor club 127.0.0.1 ${master.port} 1`], '--sentinel');
  return { url: `redis+sentinel://127.0.0.1:${port}/club`, nodeUrl: master.url };
}

async function launch(name: string, port: number, settings: readonly string[], ...args: string[]): Promise<void> {
  const folder = await temporaryFolder(name);
  const file = join(folder, 'redis.conf');
  await writeFile(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, 'save ""', ...settings, ''].join('\n'));
  const child = spawn(await findRedisServer(), [file, ...args], { stdio: 'ignore', detached: true });
  await once(child, 'spawn');
  child.unref();
  const hasEnded = endWithRun(child.pid as number);
  atRunEnd(async () => {
    child.ref();
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    hasEnded();
  });
  await answer(port, name);
}

async function answer(port: number, name: string): Promise<void> {
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, enableReadyCheck: false });
  redis.on('error', () => undefined);
  await waitFor(() => redis.ping(), { what: `the ${name} to answer` });
  redis.disconnect();
}
