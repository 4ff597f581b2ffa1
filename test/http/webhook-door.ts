import { createAdmission, turnAway } from '../../src/http/admission.ts';
import { createPublicApp } from '../../src/http/app.ts';
import { createWebhooks, type Webhooks } from '../../src/http/webhooks.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Provider, ProviderRequest, Received } from '../../src/providers/provider.ts';
import { channelOf } from '../support/channel.ts';
import { quiet, serve } from './client.ts';

/** What the fake provider reads out of every call that it believes. */
export const MESSAGE: Received = {
  kind: 'message',
  message: { providerMessageId: 'SM1', from: '+79161234567', to: '1234', text: '9643' },
};

export const CHANNEL = channelOf({
  provider: 'fake',
  webhookUrl: 'https://sms.example.com/webhooks/main',
  addresses: ['1234'],
});

/** Believes whoever says `x-secret: right`, and remembers what it was asked. */
export function fakeProvider(asked: ProviderRequest[]): Provider {
  return {
    receive: (request) => {
      asked.push(request);
      if (request.headers['x-secret'] !== 'right') return { kind: 'forged', reason: 'no secret' };
      const acknowledgement = { status: 201, contentType: 'text/xml', body: '<Response/>' };
      return { kind: 'authentic', received: [MESSAGE], acknowledgement };
    },
    send: () => Promise.reject(new Error('not used')),
    check: () => Promise.resolve({ kind: 'ok' }),
    close: () => Promise.resolve(),
  };
}

/** The door on a free port until `closeAll`, with what the provider was asked and what was kept. */
export async function openDoor(changes: Partial<Webhooks> = {}) {
  const asked: ProviderRequest[] = [];
  const kept: { channelKey: string; received: readonly Received[]; rawBody: string }[] = [];
  const metrics = createMetrics();
  const keep: Webhooks['keep'] = (channelKey, received, rawBody) => {
    kept.push({ channelKey, received, rawBody: rawBody.toString() });
    return Promise.resolve();
  };
  const channels = new Map([['main', { channel: CHANNEL, provider: fakeProvider(asked) }]]);
  const { admission = createAdmission() } = changes;
  const webhooks = createWebhooks({ channels, keep, metrics, log: quiet, ...changes, admission });
  const isAnswered = turnAway(admission, metrics);
  const door = await serve(createPublicApp({ webhooks, log: quiet }), { isAnswered });
  return { door, asked, kept, metrics };
}

/** A call that the fake provider believes. */
export const authentic = { method: 'POST', path: '/webhooks/main', headers: { 'x-secret': 'right' }, body: 'a=1' };
