// @ts-check
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findRedisServer } from '../../scripts/lib/redis.mjs';
import { freePort } from '../../test/support/ports.ts';
import { startProgram } from './processes.mjs';

/**
 * A Redis of one round's own, durable as one that holds a queue has to be.
 * @param {string} folder
 * @param {'everysec' | 'always'} fsync when the append-only file is forced to the disk
 */
export async function startRedis(folder, fsync) {
  const port = await freePort();
  const dir = join(folder, 'redis');
  await mkdir(dir);
  const settings = {
    port,
    bind: '127.0.0.1',
    dir,
    save: '',
    appendonly: 'yes',
    appendfsync: fsync,
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const isReady = () => answers(port);
  const started = await startProgram(await findRedisServer(), { name: 'Redis', folder, args, isReady });
  return { ...started, url: `redis://127.0.0.1:${port}` };
}

async function answers(/** @type {number} */ port) {
  const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } finally {
    redis.disconnect();
  }
}
