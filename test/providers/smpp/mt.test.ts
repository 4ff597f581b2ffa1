import assert from 'node:assert/strict';
import { type FakeSmsc, type SubmitBehaviour, startFakeSmsc } from '../../support/fake-smsc.ts';
import { type OpenChannel, openSmppChannel } from '../../support/smpp-channel.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('An SMS that is handed to an SMSC', () => {
  let smsc: FakeSmsc;
  let channel: OpenChannel;

  beforeEach(async () => {
    smsc = await startFakeSmsc();
    channel = await openSmppChannel(smsc, { options: { responseTimeoutMs: 400, window: 10 } });
  });

  afterEach(async () => {
    await channel.stop();
    await smsc.close();
  });

  const reopen = async (options: Readonly<Record<string, unknown>>, firstSequence?: number) => {
    await channel.stop();
    channel = await openSmppChannel(smsc, { options, ...(firstSequence !== undefined && { firstSequence }) });
  };
  const sendMany = (count: number) => Array.from({ length: count }, (_, index) => channel.send(String(index + 1)));

  it('goes out with its coding said, asking for a receipt, and keeps the id that it got', async () => {
    assert.deepEqual(await channel.send('1', 'Card •••• 3456'.replaceAll('•', '*')), {
      kind: 'accepted',
      providerMessageId: smsc.submits[0]?.messageId,
    });
    const { data_coding, registered_delivery, destination_addr, short_message } = smsc.submits[0]?.fields ?? {};
    assert.deepEqual(
      { data_coding, registered_delivery, destination_addr, short_message },
      {
        data_coding: 0,
        registered_delivery: 1,
        destination_addr: '79160000567',
        short_message: Buffer.from('Card **** 3456'),
      },
    );
  });

  it('in Cyrillic goes out as UCS-2', async () => {
    await channel.send('1', 'Карта');
    const { data_coding, short_message } = smsc.submits[0]?.fields ?? {};
    assert.deepEqual([data_coding, short_message], [8, Buffer.from('Карта', 'utf16le').swap16()]);
  });

  const ANSWERS: readonly (readonly [SubmitBehaviour, object])[] = [
    ['ESME_RINVDSTADR', { kind: 'rejected', code: 'ESME_RINVDSTADR', isOptOut: false }],
    ['ESME_RX_P_APPN', { kind: 'rejected', code: 'ESME_RX_P_APPN', isOptOut: false }],
    ['ESME_RINVSRCADR', { kind: 'rejected', code: 'ESME_RINVSRCADR', isOptOut: false, isOfRoute: true }],
    ['ESME_RSYSERR', { kind: 'transient', code: 'ESME_RSYSERR' }],
    ['ESME_RSUBMITFAIL', { kind: 'transient', code: 'ESME_RSUBMITFAIL' }],
    ['nack', { kind: 'transient', code: 'ESME_RINVCMDLEN' }],
    ['silence', { kind: 'unknown', code: 'response-timeout' }],
    ['reset', { kind: 'unknown', code: 'session-lost' }],
  ];
  for (const [behaviour, outcome] of ANSWERS) {
    it(`answered by ${behaviour} is ${JSON.stringify(outcome)}`, async () => {
      smsc.plan(behaviour);
      assert.deepEqual(await channel.send('1'), outcome);
    });
  }

  it('is refused in the SMSC’s own words when the channel knows them', async () => {
    await reopen({ statuses: { '0x45': 'opted-out' } });
    smsc.plan('ESME_RSUBMITFAIL');
    assert.deepEqual(await channel.send('1'), { kind: 'rejected', code: 'ESME_RSUBMITFAIL', isOptOut: true });
  });

  it('is refused for want of credit when the channel knows that word: nothing more is to be tried', async () => {
    await reopen({ statuses: { '0x45': 'account' } });
    smsc.plan('ESME_RSUBMITFAIL');
    assert.deepEqual(await channel.send('1'), { kind: 'transient', code: 'ESME_RSUBMITFAIL', cause: 'account' });
  });

  it('is accepted by an answer whose optional fields cannot be read', async () => {
    smsc.plan('malformed');
    assert.deepEqual(await channel.send('1'), { kind: 'accepted', providerMessageId: smsc.submits[0]?.messageId });
  });

  it('keeps the window: no more are under way than it holds, and all get out', async () => {
    smsc.usually = 'hold';
    const sent = sendMany(25);
    await waitFor(() => smsc.heldCount === 10, { what: 'a full window' });
    assert.equal(channel.provider.sessions.states()[0]?.inFlight, 10);
    const session = await smsc.session();
    await session.request('enquire_link');
    assert.equal(smsc.submits.length, 10);
    smsc.usually = 'accept';
    smsc.release();
    assert.ok((await Promise.all(sent)).every(({ kind }) => kind === 'accepted'));
  });

  it('gets its own answer when answers come in another order', async () => {
    smsc.usually = 'hold';
    const sent = sendMany(10);
    await waitFor(() => smsc.heldCount === 10, { what: 'ten on hold' });
    smsc.release((held) => held.toReversed());
    const ids = (await Promise.all(sent)).map((outcome) => outcome.kind === 'accepted' && outcome.providerMessageId);
    assert.deepEqual(
      ids,
      smsc.submits.map(({ messageId }) => messageId),
    );
  });

  for (const window of [1, 10, 50]) {
    it(`that a reset leaves unanswered is unknown, with a window of ${window} exactly those; the rest come again`, async () => {
      await reopen({ window });
      smsc.usually = 'hold';
      const sent = sendMany(window + 7);
      await waitFor(() => smsc.heldCount === window, { what: 'a full window' });
      smsc.sessions[0]?.reset();
      const outcomes = await Promise.all(sent);
      assert.deepEqual(
        outcomes.slice(0, window),
        Array.from({ length: window }, () => ({ kind: 'unknown', code: 'session-lost' })),
      );
      assert.deepEqual(
        outcomes.slice(window),
        Array.from({ length: 7 }, () => ({ kind: 'transient', code: 'session-lost' })),
      );
      smsc.usually = 'accept';
      await waitFor(() => channel.provider.sessions.states()[0]?.state === 'bound', { what: 'the next session' });
      assert.equal((await channel.send('99')).kind, 'accepted');
    });
  }

  it('has sequence numbers that wrap at 0x7FFFFFFF', async () => {
    await reopen({}, 0x7fff_fffd);
    for (const { kind } of await Promise.all(sendMany(5))) assert.equal(kind, 'accepted');
    assert.deepEqual(
      smsc.submits.map(({ sequence }) => sequence),
      [0x7fff_fffe, 0x7fff_ffff, 1, 2, 3],
    );
  });

  it('that finds no session says so: it was surely not taken, and nothing else will be', async () => {
    const { port } = smsc;
    await smsc.close();
    await waitFor(() => channel.provider.sessions.states()[0]?.state !== 'bound', { what: 'the end of the session' });
    for (const sent of sendMany(50)) {
      assert.deepEqual(await sent, { kind: 'transient', code: 'not-bound', cause: 'no-session' });
    }
    smsc = await startFakeSmsc({ port });
    await waitFor(() => channel.provider.sessions.states()[0]?.state === 'bound', { what: 'the next session' });
    assert.equal((await channel.send('1')).kind, 'accepted');
  });

  it('that is called off before it is written leaves nothing', async () => {
    const controller = new AbortController();
    controller.abort();
    assert.deepEqual(await channel.send('1', 'Hello', controller.signal), { kind: 'transient', code: 'aborted' });
    assert.equal(smsc.submits.length, 0);
  });

  it('goes over the session that has the least to do', async () => {
    await reopen({ sessions: 2 });
    smsc.usually = 'hold';
    const sent = sendMany(8);
    await waitFor(() => smsc.heldCount === 8, { what: 'eight on hold' });
    const bySession = new Map<unknown, number>();
    for (const { session } of smsc.submits) bySession.set(session, (bySession.get(session) ?? 0) + 1);
    assert.deepEqual([...bySession.values()], [4, 4]);
    smsc.release();
    await Promise.all(sent);
  });

  it('whose answer comes late is told through the door, with our reply id', async () => {
    smsc.plan('hold');
    assert.equal((await channel.send('42')).kind, 'unknown');
    smsc.release();
    await waitFor(() => channel.kept.length === 1, { what: 'the late answer' });
    const receipt = {
      replyId: '42',
      providerMessageId: smsc.submits[0]?.messageId,
      status: 'accepted',
      isOptOut: false,
    };
    assert.deepEqual(channel.kept, [{ kind: 'receipt', receipt }]);
  });

  it('may have its receipt before its answer: both come through', async () => {
    smsc.plan('receipt-first');
    const outcome = await channel.send('1');
    assert.equal(outcome.kind, 'accepted');
    const [receipt] = channel.kept;
    assert.ok(receipt?.kind === 'receipt' && outcome.kind === 'accepted');
    assert.equal(receipt.receipt.providerMessageId, outcome.providerMessageId);
  });

  it('gets one spelling of its id where answers are hexadecimal and receipts decimal', async () => {
    await reopen({ receiptIds: 'hex-to-decimal' });
    assert.deepEqual(await channel.send('1'), { kind: 'accepted', providerMessageId: String(0x3e8) });
  });

  describe('too fast', () => {
    it('is throttled, and only what was throttled comes again, until all is out and nothing twice', async () => {
      smsc.plan(
        ...Array.from({ length: 40 }, (_, index) =>
          index % 4 === 0 ? ('ESME_RTHROTTLED' as const) : ('accept' as const),
        ),
      );
      const waiting = new Set(Array.from({ length: 40 }, (_, index) => `Reply ${index}`));
      const taken = () => smsc.submits.map(({ fields }) => String(fields.short_message));
      const outcomes = await Promise.all(
        [...waiting].map(async (text) => [text, await channel.send(text, text)] as const),
      );
      for (const [text, { kind }] of outcomes) {
        if (kind === 'accepted') waiting.delete(text);
        else assert.equal(kind, 'throttled');
      }
      assert.ok(waiting.size >= 10);
      assert.equal(taken().length, 40 - waiting.size);
      await waitFor(
        async () => {
          const [text] = waiting;
          if (text === undefined) return true;
          if ((await channel.send(text, text)).kind === 'accepted') waiting.delete(text);
          return false;
        },
        { what: 'all of them', timeoutMs: 15_000 },
      );
      assert.equal(taken().length, 40);
      assert.equal(new Set(taken()).size, 40);
    });

    it('slows down after ESME_RMSGQFUL too', async () => {
      smsc.plan('ESME_RMSGQFUL');
      const outcome = await channel.send('1');
      assert.ok(outcome.kind === 'throttled' && outcome.retryAfterMs >= 1_000);
    });
  });
});
