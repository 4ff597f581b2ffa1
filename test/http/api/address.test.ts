import assert from 'node:assert/strict';
import { Router } from 'express';
import { type Call, route } from '../../../src/http/api/route.ts';
import { createApi } from '../../../src/http/api/router.ts';
import { createPublicApp } from '../../../src/http/app.ts';
import { listen } from '../../../src/http/server.ts';
import { type ApiWorld, openApiWorld } from '../../support/api-world.ts';

describe('where a call of the API comes from', () => {
  let world: ApiWorld;
  let token: string;

  before(async () => {
    world = await openApiWorld();
    token = await world.giveKey('club', ['cards:read']);
  });

  after(() => world.close());

  async function addressBehind(trustedProxies: readonly string[], forwarded: string): Promise<string | undefined> {
    const calls: Call[] = [];
    const where = route({
      id: 'where',
      method: 'get',
      path: '/v1/where',
      summary: 'Where',
      scopes: ['cards:read'],
      answers: { 200: { description: 'Here.' } },
      handle: async (call) => {
        calls.push(call);
        return { status: 200 };
      },
    });
    const { log } = world.parts;
    const api = createApi(world.parts, { routes: [where] });
    const listening = await listen(createPublicApp({ webhooks: Router(), api, trustedProxies, log }), {
      port: 0,
      host: '127.0.0.1',
    });
    const headers = { 'x-forwarded-for': forwarded };
    await world.call({ method: 'get', path: '/v1/where', token, headers }, `http://127.0.0.1:${listening.port}`);
    await listening.close(0);
    return calls[0]?.remoteAddress;
  }

  it('is the other end of the connection, whatever it says, unless that is a proxy we trust', async () => {
    assert.equal(await addressBehind([], '203.0.113.9'), '127.0.0.1');
    assert.equal(await addressBehind(['10.0.0.0/8'], '203.0.113.9'), '127.0.0.1');
  });

  it('is an address without the port that the proxy writes behind it, and the proxies are known with theirs', async () => {
    assert.equal(await addressBehind(['loopback'], '203.0.113.9:54321'), '203.0.113.9');
    assert.equal(await addressBehind(['loopback'], '[2001:db8::9]:54321'), '2001:db8::9');
    assert.equal(await addressBehind(['loopback'], '[2001:db8::9]'), '2001:db8::9');
    assert.equal(await addressBehind(['loopback', '10.0.0.0/8'], '203.0.113.9:54321, 10.0.0.2:443'), '203.0.113.9');
  });

  it('is what the trusted proxy says, and not what the caller told the proxy', async () => {
    assert.equal(await addressBehind(['loopback'], '203.0.113.9'), '203.0.113.9');
    assert.equal(await addressBehind(['127.0.0.1'], '198.51.100.1, 203.0.113.9'), '203.0.113.9');
    assert.equal(await addressBehind(['127.0.0.1', '203.0.113.0/24'], '198.51.100.1, 203.0.113.9'), '198.51.100.1');
  });
});
