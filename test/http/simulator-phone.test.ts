import assert from 'node:assert/strict';
import type { Channel } from '../../src/config.ts';
import { createPublicApp } from '../../src/http/app.ts';
import { simulatorPhone } from '../../src/http/simulator-phone.ts';
import { createWebhooks } from '../../src/http/webhooks.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Received } from '../../src/providers/provider.ts';
import { simulator } from '../../src/providers/simulator.ts';
import { openTestStore, type TestStore } from '../store/open-test-store.ts';

import { closeAll, quiet, serve } from './client.ts';

const CHANNEL: Channel = {
  key: 'sim',
  provider: 'simulator',
  webhookUrl: 'http://127.0.0.1:9/webhooks/sim',
  addresses: ['1234', '5678'],
  routes: [
    { program: 'club', address: '1234' },
    { program: 'bazaar', keyword: 'bazaar' },
  ],
  country: 'RU',
  messagesPerSecond: 10,
  options: { secret: 'a secret', requestTimeoutMs: 1000 },
};

describe('the simulator’s phone', () => {
  let store: TestStore;

  before(async () => {
    store = await openTestStore();
  });

  after(() => store.close());

  afterEach(closeAll);

  const settings = { channels: new Map([['sim', CHANNEL]]), programs: new Map() };

  it('takes the way of any provider: a signed call over HTTP to our own webhook', async () => {
    const kept: Received[] = [];
    const keep = (_channel: string, received: readonly Received[]) => {
      kept.push(...received);
      return Promise.resolve();
    };
    const options = { secret: 'a secret', requestTimeoutMs: 1000 };
    const provider = simulator.create(CHANNEL, options, { now: Date.now });
    const channels = new Map([['sim', { channel: CHANNEL, provider }]]);
    const webhooks = createWebhooks({ channels, keep, metrics: createMetrics(), log: quiet });
    const { port } = await serve(createPublicApp({ webhooks, log: quiet }));
    const phone = simulatorPhone({ settings, db: store.db, port: () => port });
    const posted = await phone?.send({ from: '+79161234567', text: 'Карта' });
    assert.equal(posted?.status, 200);
    const message = { providerMessageId: posted?.id, from: '+79161234567', to: '1234', text: 'Карта' };
    assert.deepEqual(kept, [{ kind: 'message', message }]);
    const again = await phone?.send({ id: 'page-1', from: '+79161234567', to: '5678', text: '' });
    assert.equal(again?.id, 'page-1');
    const second = { providerMessageId: 'page-1', from: '+79161234567', to: '5678', text: '' };
    assert.deepEqual(kept[1], { kind: 'message', message: second });
    await provider.close();
  });

  it('knows a phone by its national form', async () => {
    const sms = { provider_message_id: 'sim-1', sender: '+79161234567', sender_raw: '89161234567', recipient: '1234' };
    await store.db
      .insertInto('inbox')
      .values({ channel: 'sim', text: 'Карта', ...sms })
      .execute();
    const phone = simulatorPhone({ settings, db: store.db, port: () => 0 });
    for (const typed of ['+79161234567', '8 (916) 123-45-67']) {
      assert.deepEqual(
        (await phone?.conversation(typed))?.map(({ id }) => id),
        ['sim-1'],
      );
    }
  });

  it('offers an address for each route, with the keyword it expects and cards of its programme', async () => {
    await store.db.insertInto('cards').values({ program: 'bazaar', number: '7700' }).execute();
    assert.deepEqual(await simulatorPhone({ settings, db: store.db, port: () => 0 })?.lines(), [
      { address: '1234', program: 'club', cards: [] },
      { address: '1234', keyword: 'bazaar', program: 'bazaar', cards: ['7700'] },
    ]);
  });

  it('does not exist where no simulator is configured', () => {
    const channels = new Map([['main', { ...CHANNEL, provider: 'twilio' }]]);
    assert.equal(simulatorPhone({ settings: { ...settings, channels }, db: store.db, port: () => 0 }), undefined);
  });
});
