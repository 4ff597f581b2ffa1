import assert from 'node:assert/strict';
import { Router } from 'express';
import type { Channel } from '../../src/config.ts';
import { createPublicApp } from '../../src/http/app.ts';
import { createWebhooks } from '../../src/http/webhooks.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { call, closeAll, quiet, serve } from './client.ts';

describe('the address that a webhook call comes from', () => {
  afterEach(closeAll);

  /** What a provider is told when a call comes from this machine and claims to have come from elsewhere. */
  async function addressBehind(trustedProxies: readonly string[] | undefined, forwarded?: string) {
    const seen: string[] = [];
    const provider: Provider = {
      receive: ({ remoteAddress }) => {
        seen.push(remoteAddress);
        return { kind: 'forged', reason: 'only the address matters' };
      },
      send: () => Promise.reject(new Error('not used')),
      check: () => Promise.resolve({ kind: 'ok' }),
      close: () => Promise.resolve(),
    };
    const channels = new Map([['main', { channel: CHANNEL, provider }]]);
    const keep = () => Promise.resolve();
    const webhooks = createWebhooks({ channels, keep, metrics: createMetrics(), log: quiet });
    const app = createPublicApp({ webhooks, api: Router(), ...(trustedProxies && { trustedProxies }), log: quiet });
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    await call(await serve(app), { method: 'POST', path: '/webhooks/main', headers, body: '' });
    return seen[0];
  }

  const cases: readonly [about: string, proxies: readonly string[] | undefined, forwarded: string, told: string][] = [
    ['the peer’s, when no proxy is trusted, whatever it claims', undefined, '203.0.113.7', '127.0.0.1'],
    ['the peer’s, when the list of proxies is empty', [], '203.0.113.7', '127.0.0.1'],
    ['the peer’s, when only other proxies are trusted', ['10.0.0.0/8'], '203.0.113.7', '127.0.0.1'],
    ['what a trusted proxy saw', ['127.0.0.1'], '203.0.113.7', '203.0.113.7'],
    ['what the first untrusted hop was, not what it claims', ['loopback'], '10.9.9.9, 203.0.113.7', '203.0.113.7'],
    ['what a trusted proxy saw, without the port', ['loopback'], '203.0.113.7:54321', '203.0.113.7'],
    ['what stands behind two trusted proxies', ['loopback', '10.0.0.0/8'], '203.0.113.7, 10.0.0.2', '203.0.113.7'],
  ];
  for (const [about, proxies, forwarded, told] of cases) {
    it(`is ${about}`, async () => assert.equal(await addressBehind(proxies, forwarded), told));
  }
  it('is the peer’s when a trusted proxy says nothing', async () => {
    assert.equal(await addressBehind(['loopback']), '127.0.0.1');
  });
});

/** All that the door looks at. */
const CHANNEL = { key: 'main', webhookUrl: 'https://sms.example.com/webhooks/main' } as Channel;
