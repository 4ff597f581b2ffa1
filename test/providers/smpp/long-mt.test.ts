import assert from 'node:assert/strict';
import { type FakeSmsc, startFakeSmsc } from '../../support/fake-smsc.ts';
import { type OpenChannel, openSmppChannel } from '../../support/smpp-channel.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Three parts. */
const LONG = 'Welcome to the club. '.repeat(20);

describe('A long SMS that is handed to an SMSC', () => {
  let smsc: FakeSmsc;
  let channel: OpenChannel;

  beforeEach(async () => {
    smsc = await startFakeSmsc();
    channel = await openSmppChannel(smsc, { options: { responseTimeoutMs: 300 } });
  });

  afterEach(async () => {
    await channel.stop();
    await smsc.close();
  });

  const sendLong = () => channel.send('1', LONG);
  const bound = () =>
    waitFor(() => channel.provider.sessions.states()[0]?.state === 'bound', { what: 'the next session' });

  /** Answers what is on hold; resolves when we have read it: what the SMSC asked behind it has been answered. */
  async function answerLate(): Promise<void> {
    smsc.release();
    await smsc.sessions[0]?.request('enquire_link');
  }

  /** The positions of the parts that were taken, in order; all of them under one reference. */
  function positions(): number[] {
    const headers = smsc.submits.map(({ fields }) => [...(fields.short_message as Buffer).subarray(3, 6)]);
    assert.ok(headers.every(([reference, total]) => reference === headers[0]?.[0] && total === 3));
    return headers.map(([, , position]) => position ?? 0);
  }

  it('goes out in parts under one reference, and the last one’s receipt speaks for all', async () => {
    const outcome = await sendLong();
    assert.deepEqual(outcome, { kind: 'accepted', providerMessageId: smsc.submits.at(-1)?.messageId });
    assert.deepEqual(positions(), [1, 2, 3]);
    assert.deepEqual(
      smsc.submits.map(({ fields }) => fields.registered_delivery),
      [0, 0, 1],
    );
  });

  it('is rejected when a part is, and the rest stays here', async () => {
    smsc.plan('accept', 'ESME_RINVDSTADR');
    assert.equal((await sendLong()).kind, 'rejected');
    assert.deepEqual(positions(), [1]);
  });

  it('is not another channel’s when a later part has no route here', async () => {
    smsc.plan('accept', 'ESME_RINVSRCADR');
    assert.deepEqual(await sendLong(), { kind: 'rejected', code: 'ESME_RINVSRCADR', isOptOut: false });
  });

  it('is not begun when its first part was not taken: another channel may have it', async () => {
    smsc.plan('ESME_RSYSERR');
    assert.deepEqual(await sendLong(), { kind: 'transient', code: 'ESME_RSYSERR' });
  });

  for (const [behaviour, kind] of [
    ['ESME_RTHROTTLED', 'throttled'],
    ['ESME_RSYSERR', 'transient'],
  ] as const) {
    it(`has begun, and comes again after ${behaviour} with only what was not taken, under the same reference`, async () => {
      smsc.plan('accept', behaviour);
      const outcome = await sendLong();
      assert.ok(outcome.kind === kind && outcome.isBegun);
      await waitFor(async () => (await sendLong()).kind === 'accepted', { what: 'the rest' });
      assert.deepEqual(positions(), [1, 2, 3]);
    });
  }

  it('has begun, and goes on over the next session when it finds none between two parts', async () => {
    smsc.plan('accept', 'reset');
    assert.deepEqual(await sendLong(), { kind: 'transient', code: 'session-lost', isBegun: true });
    assert.deepEqual(await sendLong(), { kind: 'transient', code: 'not-bound', cause: 'no-session', isBegun: true });
    await bound();
    assert.equal((await sendLong()).kind, 'accepted');
    assert.deepEqual(positions(), [1, 2, 2, 3]);
  });

  for (const [what, before, repeated] of [
    ['first', [], [1, 1, 2, 3]],
    ['second', ['accept'], [1, 2, 2, 3]],
  ] as const) {
    it(`whose ${what} part stays unanswered comes again from there: to a phone it is the same part`, async () => {
      smsc.plan(...before, 'silence');
      assert.deepEqual(await sendLong(), { kind: 'transient', code: 'response-timeout', isBegun: true });
      assert.equal((await sendLong()).kind, 'accepted');
      assert.deepEqual(positions(), repeated);
    });

    it(`whose ${what} part is answered late comes again with what is behind it`, async () => {
      smsc.plan(...before, 'hold');
      assert.equal((await sendLong()).kind, 'transient');
      await answerLate();
      assert.equal((await sendLong()).kind, 'accepted');
      assert.deepEqual(positions(), [1, 2, 3]);
      assert.deepEqual(channel.kept, []);
    });
  }

  it('whose unanswered part is given no route when it comes again stays with this channel', async () => {
    smsc.plan('silence', 'ESME_RINVSRCADR');
    await sendLong();
    assert.deepEqual(await sendLong(), { kind: 'rejected', code: 'ESME_RINVSRCADR', isOptOut: false });
  });

  it('is unknown when its last part stays unanswered; sent again all the same, it is that part alone', async () => {
    smsc.plan('accept', 'accept', 'silence');
    assert.deepEqual(await sendLong(), { kind: 'unknown', code: 'response-timeout', isBegun: true });
    assert.equal((await sendLong()).kind, 'accepted');
    assert.deepEqual(positions(), [1, 2, 3, 3]);
  });

  it('whose last part is answered late is told through the door', async () => {
    smsc.plan('accept', 'accept', 'hold');
    assert.equal((await sendLong()).kind, 'unknown');
    await answerLate();
    const [told] = channel.kept;
    assert.ok(told?.kind === 'receipt');
    assert.deepEqual([told.receipt.replyId, told.receipt.status], ['1', 'accepted']);
  });

  it('begins anew when its words have become others', async () => {
    smsc.plan('accept', 'ESME_RSYSERR');
    await sendLong();
    assert.equal((await channel.send('1', `${LONG}!`)).kind, 'accepted');
    assert.equal(smsc.submits.length, 4);
  });

  it('is rejected when it would take more than 255 parts', async () => {
    const outcome = await channel.send('1', 'x'.repeat(255 * 153 + 1));
    assert.deepEqual(outcome, { kind: 'rejected', code: 'too-long', isOptOut: false });
  });
});
