import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import type { Finding } from '../../src/finding.ts';
import { inspectRedis } from '../../src/queue/inspect.ts';
import { freePort } from '../support/ports.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';

describe('the settings of Redis', () => {
  let redis: RedisServer;
  before(async () => {
    redis = await startRedis({ appendonly: true });
  });
  after(() => redis.stop());
  beforeEach(() => configure('maxmemory-policy', 'noeviction', 'appendonly', 'yes'));

  it('are found good with noeviction and an append-only file', async () => {
    assert.deepEqual(await doubts(redis.url), []);
  });

  it('are a problem when Redis may throw jobs away', async () => {
    await configure('maxmemory-policy', 'allkeys-lru');
    const [finding] = await doubts(redis.url);
    assert.equal(finding?.level, 'problem');
    assert.match(finding?.what ?? '', /^maxmemory-policy is allkeys-lru/);
    assert.match(finding?.advice ?? '', /noeviction/);
  });

  it('are doubtful without an append-only file', async () => {
    await configure('appendonly', 'no');
    const [finding] = await doubts(redis.url);
    assert.equal(finding?.level, 'warning');
    assert.match(finding?.what ?? '', /append-only file is off/);
  });

  it('of a Redis that is not there are a problem, told without its password', async () => {
    const [finding] = await doubts(`redis://:secret@127.0.0.1:${await freePort()}`);
    assert.equal(finding?.level, 'problem');
    assert.match(finding?.what ?? '', /^it does not answer: connect ECONNREFUSED/);
    assert.ok(!JSON.stringify(finding).includes('secret'));
  });

  it('with a wrong password are a problem', async () => {
    await configure('requirepass', 'right');
    const [finding] = await doubts(redis.url.replace('//', '//:wrong@'));
    await configureWith('right', 'requirepass', '');
    assert.equal(finding?.level, 'problem');
    assert.match(finding?.what ?? '', /WRONGPASS/);
  });

  async function doubts(url: string): Promise<Finding[]> {
    return (await inspectRedis(url)).filter(({ level }) => level !== 'ok');
  }

  async function configure(...settings: string[]): Promise<void> {
    await configureWith(undefined, ...settings);
  }

  async function configureWith(password: string | undefined, ...settings: string[]): Promise<void> {
    const client = new Redis(redis.url, password === undefined ? {} : { password });
    await client.call('CONFIG', 'SET', ...settings);
    client.disconnect();
  }
});
