import assert from 'node:assert/strict';
import type { Channel } from '../../src/config.ts';
import { createPublicApp } from '../../src/http/app.ts';
import { type PhoneNeighbours, phoneChannels } from '../../src/http/phone-channels.ts';
import { createWebhooks } from '../../src/http/webhooks.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Received } from '../../src/providers/provider.ts';
import { simulator } from '../../src/providers/simulator.ts';
import { openTestStore, type TestStore } from '../store/open-test-store.ts';
import { channelOf } from '../support/channel.ts';
import { closeAll, quiet, serve } from './client.ts';

const SIMULATOR = channelOf({
  key: 'sim',
  webhookUrl: 'http://127.0.0.1:9/webhooks/sim',
  addresses: ['1234', '5678'],
  routes: [
    { program: 'club', address: '1234' },
    { program: 'bazaar', keyword: 'bazaar' },
    { program: 'bazaar', address: '5678' },
  ],
  options: { secret: 'a secret', requestTimeoutMs: 1000 },
});
const REHEARSED = channelOf({ key: 'next', provider: 'twilio', addresses: ['+14155550100'], isRehearsal: true });
const LIVE = channelOf({ key: 'live', provider: 'twilio', addresses: ['+14155550111'] });

describe('the channels that the phone page speaks as', () => {
  let store: TestStore;

  before(async () => {
    store = await openTestStore();
  });

  after(() => store.close());

  afterEach(closeAll);

  /** The phone of these channels, and what was kept without a webhook. */
  function phoneOf(channels: readonly Channel[], neighbours: Partial<PhoneNeighbours> = {}) {
    const kept: (readonly [channel: string, received: readonly Received[]])[] = [];
    const phone = phoneChannels({
      settings: { channels: new Map(channels.map((channel) => [channel.key, channel])), programs: new Map() },
      db: store.db,
      port: () => assert.fail('the webhook was called'),
      keep: async (channel, received) => void kept.push([channel, received]),
      ...neighbours,
    });
    return { phone, kept };
  }

  it('do not exist where all are live', () => {
    assert.equal(phoneOf([LIVE]).phone, undefined);
  });

  describe('a simulator', () => {
    it('takes the way of any provider: a signed call over HTTP to our own webhook', async () => {
      const kept: Received[] = [];
      const options = { secret: 'a secret', requestTimeoutMs: 1000 };
      const provider = simulator.create(SIMULATOR, options, { now: Date.now });
      const webhooks = createWebhooks({
        channels: new Map([['sim', { channel: SIMULATOR, provider }]]),
        keep: async (_channel, received) => void kept.push(...received),
        metrics: createMetrics(),
        log: quiet,
      });
      const { port } = await serve(createPublicApp({ webhooks, log: quiet }));
      const { phone } = phoneOf([SIMULATOR], { port: () => port });
      const posted = await phone?.send({ from: '+79161234567', text: 'Карта' });
      assert.ok(typeof posted === 'object');
      assert.equal(posted.status, 200);
      const message = { providerMessageId: posted.id, from: '+79161234567', to: '1234', text: 'Карта' };
      assert.deepEqual(kept, [{ kind: 'message', message }]);
      const again = await phone?.send({ id: 'page-1', from: '+79161234567', to: '5678', text: '' });
      assert.deepEqual(again, { id: 'page-1', status: 200 });
      const second = { providerMessageId: 'page-1', from: '+79161234567', to: '5678', text: '' };
      assert.deepEqual(kept[1], { kind: 'message', message: second });
      await provider.close();
    });
  });

  describe('a channel in rehearsal', () => {
    const sms = { from: '+79161234567', channel: 'next', text: 'Карта' };

    it('takes an SMS as if its provider had brought it, under an id that no provider makes', async () => {
      const { phone, kept } = phoneOf([SIMULATOR, REHEARSED]);
      const id = 'rehearsal-page-1';
      assert.deepEqual(await phone?.send({ ...sms, id: 'page-1' }), { id, status: 200 });
      assert.deepEqual(await phone?.send({ ...sms, id }), { id, status: 200 });
      const message = { providerMessageId: id, from: sms.from, to: '+14155550100', text: 'Карта' };
      const expected = ['next', [{ kind: 'message', message }]];
      assert.deepEqual(kept, [expected, expected]);
    });

    it('gives each SMS an id of its own', async () => {
      const { phone } = phoneOf([REHEARSED]);
      const ids = await Promise.all([phone?.send(sms), phone?.send(sms)]);
      assert.equal(new Set(ids.map((posted) => typeof posted === 'object' && posted.id)).size, 2);
    });

    it('answers as a webhook does when the store does not take the SMS', async () => {
      const { phone } = phoneOf([REHEARSED], { keep: () => Promise.reject(new Error('no database')) });
      assert.deepEqual(await phone?.send({ ...sms, id: 'rehearsal-1' }), { id: 'rehearsal-1', status: 503 });
    });
  });

  const shut: readonly (readonly [what: string, place: { readonly channel?: string; readonly to?: string }])[] = [
    ['a live channel', { channel: 'live' }],
    ['a live channel’s address', { to: '+14155550111' }],
    ['a live channel’s address on another', { channel: 'next', to: '+14155550111' }],
    ['a channel that does not exist', { channel: 'none' }],
    ['an address of nobody', { to: '9999' }],
  ];
  for (const [what, place] of shut) {
    it(`keep the door of ${what} shut`, async () => {
      const { phone, kept } = phoneOf([LIVE, SIMULATOR, REHEARSED]);
      assert.equal(await phone?.send({ from: '+79161234567', text: 'Карта', ...place }), 'shut');
      assert.deepEqual(kept, []);
    });
  }

  it('show what a phone wrote to them, known by its national form, and nothing of live ones', async () => {
    const from = { sender: '+79161234567', sender_raw: '89161234567', recipient: '1234', text: 'Карта' };
    await store.db
      .insertInto('inbox')
      .values(['sim', 'next', 'live'].map((channel) => ({ channel, provider_message_id: `of-${channel}`, ...from })))
      .execute();
    const { phone } = phoneOf([LIVE, SIMULATOR, REHEARSED]);
    const shown = async (typed: string, channel?: string) =>
      (await phone?.conversation(typed, channel))?.map(({ id }) => id).toSorted();
    assert.deepEqual(await shown('+79161234567'), ['of-next', 'of-sim']);
    assert.deepEqual(await shown('8 (916) 123-45-67'), ['of-next', 'of-sim']);
    assert.deepEqual(await shown('8 (916) 123-45-67', 'next'), ['of-next']);
    assert.deepEqual(await shown('+79161234567', 'live'), []);
  });

  it('offer each address with each keyword that leads somewhere there, and cards of its programme', async () => {
    await store.db.insertInto('cards').values({ program: 'bazaar', number: '7700' }).execute();
    const sim = { channel: 'sim', provider: 'simulator', isRehearsal: false };
    const bazaar = { program: 'bazaar', cards: ['7700'] };
    assert.deepEqual(await phoneOf([LIVE, SIMULATOR, REHEARSED]).phone?.lines(), [
      { ...sim, address: '1234', program: 'club', cards: [] },
      { ...sim, address: '1234', keyword: 'bazaar', ...bazaar },
      { ...sim, address: '5678', keyword: 'bazaar', ...bazaar },
      { ...sim, address: '5678', ...bazaar },
      { channel: 'next', provider: 'twilio', isRehearsal: true, address: '+14155550100', program: 'club', cards: [] },
    ]);
  });
});
