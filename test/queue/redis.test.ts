import { Redis } from 'ioredis';
import { createLogger } from '../../src/log.ts';
import { openQueueBackend } from '../../src/queue/backend.ts';
import { createTestRedis } from '../support/redis.ts';
import { backendContract, type StoreUnderTest } from './backend.contract.ts';

const log = createLogger({ level: 'silent' });

async function createStore(): Promise<StoreUnderTest> {
  const { url, prefix } = await createTestRedis();
  const redis = new Redis(url);
  const keys = () => redis.keys(`${prefix}:*`);
  return {
    open: () => openQueueBackend({ redisUrl: url, prefix, databaseUrl: 'postgres://unused', log }),
    empty: async () => {
      const found = await keys();
      if (found.length > 0) await redis.del(...found);
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

backendContract('Redis', createStore);
