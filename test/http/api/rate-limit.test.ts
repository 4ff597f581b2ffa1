import assert from 'node:assert/strict';
import { type ApiWorld, openApiWorld } from '../../support/api-world.ts';

describe('rate limits', () => {
  let world: ApiWorld;

  beforeEach(async () => {
    world = await openApiWorld({ rateLimits: { reads: 3, writes: 2, failures: 2 } });
  });

  afterEach(() => world.close());

  const read = (token?: string) => world.call({ method: 'get', path: '/v1/members?profile=incomplete', token });
  const write = (token: string) => world.call({ method: 'post', path: '/v1/questionnaires', token, body: {} });

  it('tell each caller what is left, and answer the call too many with a problem and Retry-After', async () => {
    const token = await world.giveKey('club', ['members:read', 'members:write']);
    const left: (string | undefined)[] = [];
    for (let n = 0; n < 3; n += 1) {
      const { status, headers } = await read(token);
      assert.equal(status, 200);
      left.push(/^"reads"; r=(\d+); t=\d+$/.exec(headers.get('ratelimit') ?? '')?.[1]);
      assert.match(headers.get('ratelimit-policy') ?? '', /^"reads"; q=3; w=60/);
    }
    assert.deepEqual(left, ['2', '1', '0']);
    const { status, headers, body } = await read(token);
    assert.deepEqual([status, body.code], [429, 'rate-limited']);
    assert.equal(headers.get('content-type'), 'application/problem+json');
    const wait = Number(headers.get('retry-after'));
    assert.ok(wait > 0 && wait <= 60);
  });

  it('count reads and changes apart, and each key for itself', async () => {
    const [one, two] = [
      await world.giveKey('club', ['members:read', 'members:write']),
      await world.giveKey('club', ['members:read']),
    ];
    for (let n = 0; n < 3; n += 1) await read(one);
    assert.equal((await read(one)).status, 429);
    assert.equal((await write(one)).status, 400);
    assert.equal((await read(two)).status, 200);
  });

  it('hold up an address without a valid key, and never the valid keys behind it', async () => {
    const token = await world.giveKey('club', ['members:read']);
    assert.deepEqual([(await read()).status, (await read('nonsense')).status], [401, 401]);
    const tooMany = await read();
    assert.deepEqual([tooMany.status, tooMany.body.code], [429, 'rate-limited']);
    assert.equal((await read(token)).status, 200);
  });

  it('hold up one visitor of a website, and none of the others who call with the same key', async () => {
    const limited = await openApiWorld({ rateLimits: { visitors: 2, writes: 1e9 }, trustedProxies: ['loopback'] });
    try {
      const token = await limited.giveKey('club', ['activations:enrol']);
      const visit = (from: string) =>
        limited.call({
          method: 'post',
          path: '/v1/registrations',
          token,
          body: {},
          headers: { origin: 'https://club.example', 'x-forwarded-for': from },
        });
      for (let n = 0; n < 2; n += 1) assert.equal((await visit('203.0.113.7')).status, 400);
      assert.equal((await visit('203.0.113.7')).status, 429);
      assert.equal((await visit('203.0.113.8')).status, 400);
    } finally {
      await limited.close();
    }
  });

  it('count a call that its scope forbids', async () => {
    const token = await world.giveKey('club', ['cards:read']);
    for (let n = 0; n < 3; n += 1) assert.equal((await read(token)).status, 403);
    assert.equal((await read(token)).status, 429);
  });
});
