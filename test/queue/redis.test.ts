import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createLogger } from '../../src/log.ts';
import { openQueueBackend } from '../../src/queue/backend.ts';
import { createTestRedis } from '../support/redis.ts';
import { backendContract } from './backend.contract.ts';
import type { StoreUnderTest } from './queues-of.ts';
import { startCluster, startSentinel } from './redis-servers.ts';

const log = createLogger({ level: 'silent' });

/** The queues whose keys begin with `prefix`, in the Redis that `url` leads to and that is looked at by `nodeUrl`. */
async function storeAt(url: string, nodeUrl: string, prefix: string): Promise<StoreUnderTest> {
  const redis = new Redis(nodeUrl);
  const keys = () => redis.keys(`${prefix}:*`);
  return {
    open: () => openQueueBackend({ redisUrl: url, prefix, databaseUrl: 'postgres://unused', log }),
    empty: async () => {
      const found = await keys();
      await Promise.all(found.map((key) => redis.del(key)));
    },
    dump: async () => {
      const found = await keys();
      return JSON.stringify([found, await Promise.all(found.map((key) => contents(redis, key)))]);
    },
    payloads: async () => {
      const found = await keys();
      const types = await Promise.all(found.map((key) => redis.type(key)));
      const hashes = found.filter((_, index) => types[index] === 'hash');
      const data = await Promise.all(hashes.map((key) => redis.hget(key, 'data')));
      return data
        .filter((json) => json !== null)
        .toSorted()
        .map((json) => JSON.parse(json) as unknown);
    },
    release: async () => {
      await redis.quit();
    },
  };
}

async function contents(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'zset':
      return redis.zrange(key, '0', '-1');
    case 'set':
      return redis.smembers(key);
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      return redis.get(key);
  }
}

backendContract('Redis', async () => {
  const { url, prefix } = await createTestRedis();
  return storeAt(url, url, prefix);
});

let cluster: ReturnType<typeof startCluster> | undefined;
backendContract('a Redis Cluster', async () => {
  cluster ??= startCluster();
  const { url, nodeUrl } = await cluster;
  return storeAt(url, nodeUrl, `test-${randomUUID()}`);
});

let sentinel: ReturnType<typeof startSentinel> | undefined;
backendContract('a Redis behind Sentinel', async () => {
  sentinel ??= startSentinel();
  const { url, nodeUrl } = await sentinel;
  return storeAt(url, nodeUrl, `test-${randomUUID()}`);
});
