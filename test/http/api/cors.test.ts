import assert from 'node:assert/strict';
import { DECLARED_ROUTES } from '../../../src/http/api/routes.ts';
import { type ApiWorld, openApiWorld } from '../../support/api-world.ts';

const CLUB = 'https://club.example';

describe('calls from browsers', () => {
  let world: ApiWorld;
  let token: string;

  before(async () => {
    world = await openApiWorld();
    token = await world.giveKey('club', ['activations:enrol']);
  });

  after(() => world.close());

  const ask = (path: string, origin: string) =>
    world.call({
      method: 'options',
      path,
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });
  const register = (headers: Record<string, string>) =>
    world.call({ method: 'post', path: '/v1/registrations', token, body: {}, headers });

  it('are let in from the origins of a programme, exactly as they are written', async () => {
    const { status, headers } = await ask('/v1/registrations', CLUB);
    assert.equal(status, 204);
    assert.equal(headers.get('access-control-allow-origin'), CLUB);
    assert.equal(headers.get('access-control-allow-methods'), 'POST');
    assert.match(headers.get('access-control-allow-headers') ?? '', /authorization.*idempotency-key/);
    assert.equal(headers.get('access-control-allow-credentials'), null);
    assert.match(headers.get('vary') ?? '', /origin/i);
  });

  for (const origin of [
    'https://evil.example',
    'https://club.example.evil.example',
    'http://club.example',
    'https://club.example:8443',
    'https://CLUB.example',
    'https://sub.club.example',
    'null',
    '*',
  ]) {
    it(`are not let in from ${origin}`, async () => {
      const asked = await ask('/v1/registrations', origin);
      assert.deepEqual([asked.status, asked.headers.get('access-control-allow-origin')], [405, null]);
      const called = await register({ origin });
      assert.deepEqual([called.status, called.body.code], [403, 'forbidden']);
      assert.equal(called.headers.get('access-control-allow-origin'), null);
    });
  }

  it('may read the answer, problems too', async () => {
    const { status, headers, body } = await register({ origin: CLUB });
    assert.deepEqual([status, body.code], [400, 'invalid-request']);
    assert.equal(headers.get('access-control-allow-origin'), CLUB);
    assert.match(headers.get('access-control-expose-headers') ?? '', /retry-after/);
    const stranger = await world.call({
      method: 'post',
      path: '/v1/registrations',
      headers: { origin: CLUB },
      body: {},
    });
    assert.deepEqual([stranger.status, stranger.headers.get('access-control-allow-origin')], [401, CLUB]);
  });

  it('are refused from a page of another programme', async () => {
    const called = await register({ origin: 'https://bakery.example' });
    assert.deepEqual([called.status, called.body.code], [403, 'forbidden']);
  });

  it('are possible for the registration only', async () => {
    for (const route of DECLARED_ROUTES) {
      const { status, headers } = await ask(route.path.replace(/\{\w+\}/, 'x'), CLUB);
      assert.equal(status === 204, route.isForBrowsers === true, route.id);
      assert.equal(headers.has('access-control-allow-origin'), route.isForBrowsers === true);
    }
  });
});
