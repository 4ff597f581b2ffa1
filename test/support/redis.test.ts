import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { createTestRedis, startRedis } from './redis.ts';

async function withClient<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

describe('a Redis of the test’s own', () => {
  it('keeps acknowledged writes over a kill when it is append-only', async () => {
    const server = await startRedis({ appendonly: true });
    await withClient(server.url, (redis) => redis.set('kept', 'yes'));
    const killed = server.pid;
    await server.kill();
    await server.restart();
    assert.notEqual(server.pid, killed);
    assert.equal(await withClient(server.url, (redis) => redis.get('kept')), 'yes');
    await server.stop();
  });

  it('forgets everything over a kill when it is not', async () => {
    const server = await startRedis();
    await withClient(server.url, (redis) => redis.set('kept', 'yes'));
    await server.kill();
    await server.restart();
    assert.equal(await withClient(server.url, (redis) => redis.get('kept')), null);
    await server.stop();
  });
});

describe('a place on the shared Redis', () => {
  it('differs from every other', async () => {
    const [one, other] = [await createTestRedis(), await createTestRedis()];
    assert.notEqual(one.prefix, other.prefix);
    assert.equal(await withClient(one.url, (redis) => redis.ping()), 'PONG');
  });
});
