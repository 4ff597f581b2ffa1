import { deepEqual, doesNotMatch, throws } from 'node:assert/strict';
import { parseRedisUrl } from '../../src/queue/redis-url.ts';

describe('REDIS_URL', () => {
  for (const url of ['redis://localhost:6379', 'rediss://user:p%40ss@redis.example.com:6380/2', 'redis://[::1]']) {
    it(`${url} is one server`, () => deepEqual(parseRedisUrl(url), { kind: 'single', url }));
  }

  it('names several sentinels and a master', () => {
    deepEqual(parseRedisUrl('redis+sentinel://user:p%40ss@one:26380,two,[::1]:26381/club/3'), {
      kind: 'sentinel',
      options: {
        username: 'user',
        password: 'p@ss',
        sentinels: [
          { host: 'one', port: 26_380 },
          { host: 'two', port: 26_379 },
          { host: '::1', port: 26_381 },
        ],
        name: 'club',
        db: 3,
      },
    });
  });

  it('names several nodes of a Cluster, with TLS', () => {
    deepEqual(parseRedisUrl('rediss+cluster://:secret@one:7000,two'), {
      kind: 'cluster',
      nodes: [
        { host: 'one', port: 7_000 },
        { host: 'two', port: 6_379 },
      ],
      options: { password: 'secret', tls: {} },
    });
  });

  for (const url of [
    '',
    'localhost:6379',
    'http://localhost',
    'redis://',
    'redis+sentinel://:secret@one',
    'redis+cluster://:secret@one/club',
    'redis+cluster://:secret@',
    'redis+cluster://:secret@one:port',
    'redis+flock://:secret@one',
  ]) {
    it(`${url || '(empty)'} is refused, without repeating what may be a password`, () => {
      throws(
        () => parseRedisUrl(url),
        (error: Error) => {
          doesNotMatch(error.message, /secret/);
          return error.message.startsWith('REDIS_URL must be');
        },
      );
    });
  }
});
