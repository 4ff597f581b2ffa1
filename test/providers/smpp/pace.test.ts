import assert from 'node:assert/strict';
import { smppOptions } from '../../../src/providers/smpp/options.ts';
import { SEND_MS } from '../../../src/providers/smpp/submitter.ts';
import { smpp } from '../../../src/providers/smpp.ts';
import { parseMsisdn } from '../../../src/sms/msisdn.ts';
import { type FakeSmsc, startFakeSmsc } from '../../support/fake-smsc.ts';
import { type OpenChannel, type OpenChannelTerms, openSmppChannel, smppOptionsTo } from '../../support/smpp-channel.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Three parts. */
const LONG = 'Welcome to the club. '.repeat(20);

describe('The pace of a channel over SMPP', () => {
  let smsc: FakeSmsc;
  let channel: OpenChannel;

  beforeEach(async () => {
    smsc = await startFakeSmsc();
  });

  afterEach(async () => {
    await channel.stop();
    await smsc.close();
  });

  const open = async (terms: OpenChannelTerms) => {
    channel = await openSmppChannel(smsc, terms);
  };

  it('counts every submit_sm: nine parts of three texts take what nine texts would', async () => {
    await open({ messagesPerSecond: 20 });
    const began = performance.now();
    const outcomes = await Promise.all(['1', '2', '3'].map((replyId) => channel.send(replyId, LONG)));
    const tookMs = performance.now() - began;
    assert.ok(outcomes.every(({ kind }) => kind === 'accepted'));
    assert.equal(smsc.submits.length, 9);
    // Eight steps of 50 ms, and the millisecond by which each timer may be early.
    assert.ok(tookMs >= 8 * 49, `9 submit_sm in ${tookMs} ms`);
  });

  it('is the messagesPerSecond of the channel that the provider is made for', async () => {
    await open({});
    const identity = { key: 'operator', webhookUrl: '', addresses: ['2420'], messagesPerSecond: 20 };
    const provider = smpp.create(identity, smppOptionsTo(smsc), { now: Date.now });
    const running = provider.sessions?.run(
      { keep: async () => undefined, changed: () => undefined },
      new AbortController().signal,
      new AbortController().signal,
    );
    await waitFor(() => provider.sessions?.canSend(), { what: 'a session' });
    const to = parseMsisdn('+79160000567');
    assert.ok(to);
    const began = performance.now();
    const outcome = await provider.send({ replyId: '1', from: '2420', to, text: LONG }, new AbortController().signal);
    assert.equal(outcome.kind, 'accepted');
    assert.ok(performance.now() - began >= 2 * 49);
    await provider.close();
    await running;
  });

  it('is waited for on the spot: nothing is turned away that has its turn in time', async () => {
    await open({ messagesPerSecond: 50 });
    const outcomes = await Promise.all(Array.from({ length: 60 }, (_, index) => channel.send(String(index))));
    assert.ok(outcomes.every(({ kind }) => kind === 'accepted'));
  });

  it('lets nothing out that was called off while it waited', async () => {
    await open({ messagesPerSecond: 2 });
    const controller = new AbortController();
    const sent = [channel.send('1'), channel.send('2', 'Hello', controller.signal)];
    await sent[0];
    controller.abort();
    assert.deepEqual(await sent[1], { kind: 'transient', code: 'aborted' });
    assert.equal(smsc.submits.length, 1);
  });

  it('yields to the one that the SMSC imposes: whoever waited for a place has none any more', async () => {
    await open({ messagesPerSecond: 20 });
    const session = await smsc.session();
    smsc.usually = 'ESME_RTHROTTLED';
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => channel.send(String(index))));
    assert.ok(outcomes.every(({ kind }) => kind === 'throttled'));
    const written = session.seen.filter(({ command }) => command === 'submit_sm').length;
    assert.ok(written <= 3, `${written} of 20 were written`);
  });

  describe('and the time that a reply may take', () => {
    it('end together: what cannot be written in time was surely not taken, and only that comes again', async () => {
      // Written within 300 ms, so at most two of its parts.
      await open({ messagesPerSecond: 5, sendMs: 600, options: { responseTimeoutMs: 300 } });
      const began = performance.now();
      const outcome = await channel.send('1', LONG);
      assert.ok(performance.now() - began < 600);
      assert.ok(outcome.kind === 'throttled' && outcome.isBegun);
      assert.equal(smsc.submits.length, 2);
      await waitFor(async () => (await channel.send('1', LONG)).kind === 'accepted', { what: 'the rest' });
      const headers = smsc.submits.map(({ fields }) => [...(fields.short_message as Buffer).subarray(3, 6)]);
      const [reference] = headers[0] ?? [];
      assert.deepEqual(
        headers,
        [1, 2, 3].map((position) => [reference, 3, position]),
      );
    });

    it('leave room for the longest wait for an answer, and end before the reply would be taken for lost', async () => {
      await open({ options: { responseTimeoutMs: 30_000 } });
      const { error } = smppOptions.validate({ host: 'smsc', systemId: 'a', password: 'b', responseTimeoutMs: 30_001 });
      assert.match(error?.message ?? '', /responseTimeoutMs/);
      // 60 s: the lease in src/store/replies.ts.
      assert.ok(30_000 + 10_000 <= SEND_MS && SEND_MS + 10_000 <= 60_000);
    });

    it('bound the wait for a place in the window too', async () => {
      await open({ sendMs: 900, options: { responseTimeoutMs: 800, window: 1 } });
      smsc.plan('hold');
      const first = channel.send('1');
      await waitFor(() => smsc.heldCount === 1, { what: 'a full window' });
      const second = channel.send('2');
      assert.deepEqual(await Promise.race([first, second]), { kind: 'throttled', retryAfterMs: 1_000 });
      smsc.release();
      assert.equal((await first).kind, 'accepted');
      assert.equal(smsc.submits.length, 1);
    });
  });
});
