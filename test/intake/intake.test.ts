import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createIntake, type Intake } from '../../src/intake/intake.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Received } from '../../src/providers/provider.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { PROGRAMS } from '../activation/programs.ts';
import { openTestStore, type TestStore } from '../store/open-test-store.ts';
import { channelOf } from '../support/channel.ts';
import { deferred } from '../support/deferred.ts';
import { accept, scriptedProvider } from '../support/scripted-provider.ts';

const CHANNEL = channelOf({ addresses: ['1234'] });

const sms = (id: string, changes: object = {}): Received => ({
  kind: 'message',
  message: { providerMessageId: id, from: '+79161234567', to: '1234', text: '9643000000000012', ...changes },
});

describe('the intake', () => {
  const enqueued: string[] = [];
  const lines: string[] = [];
  const metrics = createMetrics();
  let store: TestStore;
  let intake: Intake;
  const intakeOn = (db: Database) =>
    createIntake({
      db,
      programs: new Map([['club', PROGRAMS.club]]),
      lines: new Map([['main', { channel: CHANNEL, provider: scriptedProvider(accept) }]]),
      enqueue: { bind: (ids) => void enqueued.push(...ids) },
      metrics,
      log: createLogger({ level: 'warn', destination: { write: (line) => void lines.push(line) } }),
    });

  before(async () => {
    store = await openTestStore();
    intake = intakeOn(store.db);
  });

  after(() => store.close());

  it('counts each thing once, by what it is', async () => {
    const raw = Buffer.from('raw');
    await intake.keep('main', [sms('a'), sms('b', { from: 'BANK' })], raw);
    await intake.keep('main', [sms('a')], raw);
    await intake.keep('main', [{ kind: 'unreadable', providerMessageId: 'c', reason: 'no id' }], raw);
    const text = await metrics.registry.metrics();
    assert.match(text, /cardwake_received_total\{channel="main",kind="message"\} 2\n/);
    assert.match(text, /cardwake_received_total\{channel="main",kind="repeated"\} 1\n/);
    assert.match(text, /cardwake_received_total\{channel="main",kind="unreadable"\} 1\n/);
    assert.match(text, /cardwake_outcomes_total\{program="club",outcome="unsupported-sender",silence=""\} 1\n/);
    assert.equal(enqueued.length, 1, 'only what is to be decided is enqueued, and once');
  });

  it('keeps the first SMS of an id, and tells security of another one under it', async () => {
    await intake.keep('main', [sms('d')], Buffer.from('raw'));
    await intake.keep('main', [sms('d')], Buffer.from('raw'));
    await intake.drain();
    assert.equal(lines.filter((line) => line.includes('"security":true')).length, 0);
    await intake.keep('main', [sms('d', { text: '9643000000000020' })], Buffer.from('raw'));
    await intake.keep('main', [sms('d', { from: '+79161234568' })], Buffer.from('raw'));
    await intake.drain();
    assert.equal(lines.filter((line) => line.includes('"security":true')).length, 2);
    const kept = await store.db.selectFrom('inbox').select('text').where('provider_message_id', '=', 'd').execute();
    assert.deepEqual(kept, [{ text: '9643000000000012' }]);
  });

  it('acknowledges what is repeated without waiting for its comparison, which is one statement for all', async () => {
    const raw = Buffer.from('raw');
    const storm = Array.from({ length: 50 }, (_, n) => sms(`storm-${n}`));
    await intake.keep('main', storm, raw);
    const timeouts = { connectTimeoutMs: 500, statementTimeoutMs: 5_000 };
    const busy = openDatabase({ url: store.url, poolSize: 1, ...timeouts, onIdleError: () => {} });
    const again = intakeOn(busy);
    const { promise: released, resolve: release } = deferred();
    try {
      const kept = Promise.all(storm.map((one) => again.keep('main', [one], raw)));
      await nextTurn();
      // Gets the only connection once the SMS are kept, before the comparison can have it.
      const held = busy.connection().execute(() => released);
      await kept;
      await again.drain();
      release();
      await held;
      const told = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg.startsWith('Repeated SMS were not'));
      assert.deepEqual(
        told.map(({ messages }) => messages),
        [50],
      );
    } finally {
      release();
      await busy.destroy();
    }
  });

  it('keeps a text that Postgres could not hold, cleaned, with the body beside it', async () => {
    await intake.keep('main', [sms('e', { text: '9643\0 0000\ud800 00000012' })], Buffer.from('as it came'));
    const [kept] = await store.db
      .selectFrom('inbox')
      .select(['text', 'raw'])
      .where('provider_message_id', '=', 'e')
      .execute();
    assert.equal(kept?.text, '9643 0000\ufffd 00000012');
    assert.equal(kept?.raw?.toString(), 'as it came');
  });

  it('does not take the keyword that we told people to write for their language', async () => {
    const scriptOf = async (id: string, text: string) => {
      await intake.keep('main', [sms(id, { text })], Buffer.from('raw'));
      const rows = store.db.selectFrom('inbox').select('script').where('provider_message_id', '=', id);
      return (await rows.executeTakeFirstOrThrow()).script;
    };
    assert.equal(await scriptOf('f', 'CLUB 9643000000000012'), null);
    assert.equal(await scriptOf('g', 'Club: 9643000000000012 спасибо'), 'cyrillic');
    assert.equal(await scriptOf('h', 'card 9643000000000012'), 'latin');
  });

  it('takes an id of any length and still knows it again', async () => {
    const id = 'x'.repeat(60_000);
    await intake.keep('main', [sms(id)], Buffer.from('raw'));
    const before = enqueued.length;
    await intake.keep('main', [sms(id)], Buffer.from('raw'));
    assert.equal(enqueued.length, before);
  });
});
