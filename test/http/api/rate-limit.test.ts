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

  describe('of the visitors of a website, who all have its key,', () => {
    let site: ApiWorld;
    let key: string;
    before(async () => {
      site = await openApiWorld({ rateLimits: { visitors: 2, writes: 9 }, trustedProxies: ['loopback'] });
    });
    beforeEach(async () => {
      key = await site.giveKey('club', ['activations:enrol']);
    });
    after(() => site.close());

    const send = (token: string, from: string, headers: Record<string, string>, path: string) =>
      site.call({ method: 'post', path, token, body: {}, headers: { ...headers, 'x-forwarded-for': from } });
    const PAGE = { origin: 'https://club.example' };
    const visit = (from: string, headers: Record<string, string> = PAGE, path = '/v1/registrations') =>
      send(key, from, headers, path);

    it('hold up one who comes with another port each time, or with no address at all', async () => {
      for (const spell of [(n: number) => `203.0.113.9:${50_000 + n}`, (n: number) => `visitor-${n}`]) {
        for (let n = 0; n < 2; n += 1) assert.equal((await visit(spell(n))).status, 400);
        assert.equal((await visit(spell(2))).status, 429);
      }
    });

    it('hold up one, and none of the others', async () => {
      for (let n = 0; n < 2; n += 1) assert.equal((await visit('203.0.113.7')).status, 400);
      assert.equal((await visit('203.0.113.7')).status, 429);
      assert.equal((await visit('203.0.113.8')).status, 400);
    });

    for (const [what, headers, path] of [
      ['without an Origin', {}, '/v1/registrations'],
      ['of what a page has no use for', {}, '/v1/activations'],
      ['that its scope forbids', {}, '/v1/questionnaires'],
    ] as const) {
      it(`cannot be used up by one machine with calls ${what}`, async () => {
        for (let n = 0; n < 12; n += 1) await visit('203.0.113.7', headers, path);
        assert.equal((await visit('203.0.113.7', headers, path)).status, 429);
        assert.equal((await visit('203.0.113.8')).status, 400);
      });
    }

    it('do not hold for the key of a shop, behind whose address many tills stand', async () => {
      const till = await site.giveKey('club', ['activations:enrol'], { shop: 'Nevsky 10' });
      for (let n = 0; n < 9; n += 1) assert.equal((await send(till, '203.0.113.7', {}, '/v1/activations')).status, 400);
    });
  });

  it('count a call that its scope forbids', async () => {
    const token = await world.giveKey('club', ['cards:read']);
    for (let n = 0; n < 3; n += 1) assert.equal((await read(token)).status, 403);
    assert.equal((await read(token)).status, 429);
  });
});
