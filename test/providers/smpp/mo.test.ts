import assert from 'node:assert/strict';
import type { Received } from '../../../src/providers/provider.ts';
import { type FakeSmsc, receiptFields, startFakeSmsc } from '../../support/fake-smsc.ts';
import { type OpenChannel, openSmppChannel } from '../../support/smpp-channel.ts';
import { waitFor } from '../../support/wait-for.ts';

const SMS = {
  source_addr_ton: 1,
  source_addr: '79160000567',
  destination_addr: '500',
  short_message: Buffer.from('1234567'),
};
const RSYSERR = 8;

describe('An SMS that an SMSC delivers', () => {
  let smsc: FakeSmsc;
  let channel: OpenChannel;

  beforeEach(async () => {
    smsc = await startFakeSmsc();
    channel = await openSmppChannel(smsc, { options: { responseTimeoutMs: 500, enquireLinkSeconds: 1 } });
  });

  afterEach(async () => {
    await channel.stop();
    await smsc.close();
  });

  const idOf = (received: Received | undefined) =>
    received?.kind === 'message' ? received.message.providerMessageId : undefined;

  /** Deliveries at the door, which commit them when told to. */
  function slowDoor() {
    const asked: Received[] = [];
    const commits: (() => void)[] = [];
    channel.door = (received) => {
      asked.push(...received);
      return new Promise((resolve) => commits.push(resolve));
    };
    return { asked, commits };
  }

  it('is answered with status 0 only after it is committed', async () => {
    const { asked, commits } = slowDoor();
    const session = await smsc.session();
    const answer = smsc.deliver(SMS);
    await waitFor(() => asked.length === 1, { what: 'the SMS at the door' });
    // What the SMSC asks later is answered first: nothing waits for the commit but its own answer.
    await session.request('enquire_link');
    assert.ok(!session.seen.some(({ command }) => command === 'deliver_sm_resp'));
    commits[0]?.();
    assert.deepEqual([(await answer).command, (await answer).status], ['deliver_sm_resp', 0]);
    assert.deepEqual(channel.kept, [
      {
        kind: 'message',
        message: { providerMessageId: idOf(channel.kept[0]), from: '+79160000567', to: '500', text: '1234567' },
      },
    ]);
  });

  it('is answered with the temporary status when it cannot be committed, and the repeat is the same SMS', async () => {
    const refused: Received[] = [];
    channel.door = async (received) => {
      refused.push(...received);
      throw new Error('the database is down');
    };
    assert.equal((await smsc.deliver(SMS)).status, RSYSERR);
    channel.door = undefined;
    assert.equal((await smsc.deliver(SMS)).status, 0);
    assert.equal(idOf(channel.kept[0]), idOf(refused[0]));
  });

  it('is answered with the temporary status when the commit takes too long', async () => {
    const { asked } = slowDoor();
    assert.equal((await smsc.deliver(SMS)).status, RSYSERR);
    channel.door = undefined;
    assert.equal((await smsc.deliver(SMS)).status, 0);
    assert.equal(idOf(channel.kept[0]), idOf(asked[0]));
  });

  it('is answered with the channel’s own temporary status', async () => {
    await channel.stop();
    channel = await openSmppChannel(smsc, { options: { temporaryStatus: 'ESME_RX_T_APPN' } });
    channel.door = () => Promise.reject(new Error('the database is down'));
    assert.equal((await smsc.deliver(SMS)).status, 0x64);
  });

  it('is two SMS when it comes twice and both were answered', async () => {
    await smsc.deliver(SMS);
    await smsc.deliver(SMS);
    assert.equal(new Set(channel.kept.map(idOf)).size, 2);
  });

  it('is one SMS when it comes again while the first is being committed', async () => {
    const { asked, commits } = slowDoor();
    const answers = [smsc.deliver(SMS), smsc.deliver(SMS)];
    await waitFor(() => asked.length === 2, { what: 'both at the door' });
    for (const commit of commits) commit();
    for (const answer of answers) assert.equal((await answer).status, 0);
    assert.equal(new Set(asked.map(idOf)).size, 1);
  });

  it('is one SMS when the session ends between the commit and the answer', async () => {
    const { asked, commits } = slowDoor();
    void smsc.deliver(SMS);
    await waitFor(() => asked.length === 1, { what: 'the SMS at the door' });
    smsc.sessions[0]?.reset();
    await waitFor(() => smsc.binds.length === 2 && smsc.sessions.length === 1, { what: 'the next session' });
    commits[0]?.();
    channel.door = undefined;
    assert.equal((await smsc.deliver(SMS)).status, 0);
    assert.deepEqual(channel.kept.map(idOf), [idOf(asked[0]), idOf(asked[0])]);
    assert.equal((await smsc.deliver(SMS)).status, 0);
    assert.notEqual(idOf(channel.kept[2]), idOf(asked[0]));
  });

  it('is one SMS when the session ends and the answer may not have been read', async () => {
    await smsc.deliver(SMS);
    smsc.sessions[0]?.reset();
    await waitFor(() => smsc.binds.length === 2 && smsc.sessions.length === 1, { what: 'the next session' });
    await smsc.deliver(SMS);
    assert.equal(new Set(channel.kept.map(idOf)).size, 1);
  });

  it('is two SMS when the SMSC had surely read the answer before the session ended', async () => {
    await smsc.deliver(SMS);
    // Our own request was written after the answer, and the SMSC answered it.
    assert.equal((await channel.send('1')).kind, 'accepted');
    smsc.sessions[0]?.reset();
    await waitFor(() => smsc.binds.length === 2 && smsc.sessions.length === 1, { what: 'the next session' });
    await smsc.deliver(SMS);
    assert.equal(new Set(channel.kept.map(idOf)).size, 2);
  });

  it('that comes as data_sm is answered as such', async () => {
    const session = await smsc.session();
    const { short_message: message_payload, ...addresses } = SMS;
    const answer = await session.request('data_sm', { ...addresses, data_coding: 0, message_payload });
    assert.deepEqual([answer.command, answer.status], ['data_sm_resp', 0]);
    assert.equal(channel.kept[0]?.kind, 'message');
  });

  it('that nobody can read is kept raw and answered with status 0, so that it does not come for ever', async () => {
    let raw: Buffer | undefined;
    channel.door = async (_received, bytes) => {
      raw = bytes;
    };
    const answer = await smsc.deliver({ ...SMS, data_coding: 0x0d });
    assert.equal(answer.status, 0);
    assert.equal(channel.kept[0]?.kind, 'unreadable');
    assert.ok(raw?.includes('1234567'));
  });

  it('may stand behind the answer to the bind in the same packet', async () => {
    await channel.stop();
    smsc.deliverWithBind = SMS;
    channel = await openSmppChannel(smsc);
    await waitFor(() => channel.kept.length === 1, { what: 'the SMS' });
    const session = await smsc.session();
    await waitFor(() => session.seen.some(({ command, status }) => command === 'deliver_sm_resp' && status === 0), {
      what: 'its answer',
    });
  });

  it('is not taken any more while we close, and not answered, so that it comes again', async () => {
    const { asked, commits } = slowDoor();
    const session = await smsc.session();
    const first = smsc.deliver(SMS);
    await waitFor(() => asked.length === 1, { what: 'the SMS at the door' });
    const stopped = channel.stop();
    void session.request('deliver_sm', { ...SMS, short_message: Buffer.from('later') });
    await session.request('enquire_link');
    commits[0]?.();
    assert.equal((await first).status, 0);
    await stopped;
    assert.equal(asked.length, 1);
    assert.equal(session.seen.filter(({ command }) => command === 'deliver_sm_resp').length, 1);
  });

  it('a receipt goes through the same door', async () => {
    assert.equal((await smsc.deliver(receiptFields('3e8'))).status, 0);
    assert.deepEqual(channel.kept, [
      { kind: 'receipt', receipt: { providerMessageId: '3e8', status: 'delivered', isOptOut: false } },
    ]);
  });

  it('one of a thousand at once is each kept once and each answered', async () => {
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => smsc.deliver({ ...SMS, short_message: Buffer.from(String(index)) })),
    );
    assert.ok(answers.every(({ status }) => status === 0));
    assert.equal(new Set(channel.kept.map(idOf)).size, 1_000);
  });
});
