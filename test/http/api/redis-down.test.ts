import assert from 'node:assert/strict';
import { hashSecret, makeToken } from '../../../src/http/api/token.ts';
import { createApiKey } from '../../../src/store/api-keys.ts';
import { addCards } from '../../support/club.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { type RunningService, runService } from '../../support/running-service.ts';
import { card, phone } from '../../support/world.ts';

const CONFIG = `
programs:
  club:
    name: Club
    countries: [RU]
    locales: [en]
    support: "+74950000000"
    series: [{ name: main, prefix: "9643", length: 16, check: luhn }]
channels:
  simulator:
    provider: simulator
    publicUrl: http://127.0.0.1:1
    secret: a-secret-of-this-test-alone-and-long-enough
    addresses: ["1234"]
    program: club
`;

describe('the till while Redis is dead', () => {
  let redis: RedisServer;
  let service: RunningService;

  before(async () => {
    redis = await startRedis();
    service = await runService({ config: CONFIG, queue: 'redis', redisUrl: redis.url });
    await addCards(service.db, [{ number: card(0) }, { number: card(1), holder: phone(1) }]);
  });

  after(async () => {
    await redis.restart();
    await service.stop();
    await redis.stop();
  });

  it('is answered about cards and members as before', async () => {
    const { prefix, secret } = makeToken();
    const key = { prefix, secretHash: hashSecret(secret), program: 'club', shop: undefined, name: 'till' };
    const scopes = ['cards:read', 'members:read'];
    await createApiKey(service.db, { ...key, scopes, expiresAt: undefined, actor: 'cli:test' });
    const ask = async (path: string) => {
      const headers = { authorization: `Bearer ${prefix}.${secret}` };
      const response = await fetch(`${service.origin}${path}`, { headers, signal: AbortSignal.timeout(2_000) });
      return { status: response.status, body: await response.json() };
    };
    const paths = [`/v1/cards/${card(0)}`, `/v1/cards/${card(1)}`, `/v1/members?phone=${phone(1)}`];
    const before = await Promise.all(paths.map(ask));
    await redis.kill();
    const after = await Promise.all(paths.map(ask));
    assert.deepEqual(after, before);
    assert.deepEqual(
      after.map(({ status }) => status),
      [200, 200, 200],
    );
  });
});
