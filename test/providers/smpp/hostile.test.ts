import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type FakeSmsc, startFakeSmsc } from '../../support/fake-smsc.ts';
import { pduBytes, rawPdu } from '../../support/fake-smsc-wire.ts';
import { type OpenChannel, openSmppChannel } from '../../support/smpp-channel.ts';
import { waitFor } from '../../support/wait-for.ts';
import { feed } from './feed.ts';
import { mutatedPdus } from './mutate.ts';

const DELIVER_SM = 5;
const ESME_RINVCMDLEN = 2;
const ESME_RINVCMDID = 3;

/** A first four octets that say how long the PDU is, and nothing else. */
const lengthAlone = (length: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length >>> 0, 0);
  return bytes;
};

/** The `smpp` package’s own session dies of the first three: it is not used for live connections. */
describe('An SMSC that does not keep to the protocol', () => {
  let smsc: FakeSmsc;
  let channel: OpenChannel;

  beforeEach(async () => {
    smsc = await startFakeSmsc();
    channel = await openSmppChannel(smsc, { options: { responseTimeoutMs: 500 } });
  });

  afterEach(async () => {
    await channel.stop();
    await smsc.close();
  });

  const state = () => channel.provider.sessions.states()[0];

  it('hangs no session by a PDU whose fields reach beyond its end: it is answered, and so is what follows', async () => {
    const session = await smsc.session();
    session.write(rawPdu(DELIVER_SM, { sequence: 7, body: Buffer.from([0, 1, 1, 0x37]) }));
    const answer = await waitFor(() => session.seen.find(({ command }) => command === 'deliver_sm_resp'), {
      what: 'an answer',
    });
    assert.deepEqual([answer.sequence, answer.status], [7, 0]);
    assert.equal(channel.kept[0]?.kind, 'unreadable');
    assert.equal((await session.request('enquire_link')).status, 0);
    assert.equal(smsc.binds.length, 1);
  });

  for (const length of [0, 4, 15]) {
    it(`stalls no session by a command_length of ${length}: it says so, ends and binds anew`, async () => {
      const session = await smsc.session();
      session.write(lengthAlone(length));
      await waitFor(() => smsc.binds.length === 2 && state()?.state === 'bound', { what: 'the next session' });
      const nack = session.seen.at(-1);
      assert.deepEqual([nack?.command, nack?.status], ['generic_nack', ESME_RINVCMDLEN]);
    });
  }

  it('crashes nothing by errors of the socket, whenever they come', async () => {
    for (let bind = 2; bind <= 4; bind += 1) {
      smsc.sessions[0]?.reset();
      await waitFor(() => smsc.binds.length >= bind && state()?.state === 'bound', { what: 'the next session' });
    }
    assert.equal((await channel.send('1')).kind, 'accepted');
  });

  it('stalls no session by a PDU that never becomes whole', async () => {
    const session = await smsc.session();
    session.write(pduBytes('enquire_link', { sequence_number: 1 }).subarray(0, 15));
    await session.closed;
    await waitFor(() => smsc.binds.length === 2 && state()?.state === 'bound', { what: 'the next session' });
  });

  for (const length of [64 * 1024 + 1, 2 ** 31, 2 ** 32 - 1]) {
    it(`makes us wait for no PDU of ${length} octets`, async () => {
      (await smsc.session()).write(lengthAlone(length));
      await waitFor(() => smsc.binds.length === 2 && state()?.state === 'bound', { what: 'the next session' });
    });
  }

  it('is answered by generic_nack when it asks for what does not exist or is not ours to give', async () => {
    const session = await smsc.session();
    const ids = [0x0000_0999, 0x0000_0004, 0x0000_0009];
    for (const [index, id] of ids.entries()) session.write(rawPdu(id, { sequence: 100 + index }));
    const nacks = await waitFor(
      () => {
        const found = session.seen.filter(({ command }) => command === 'generic_nack');
        return found.length === 3 && found;
      },
      { what: 'three answers' },
    );
    assert.deepEqual(
      nacks.map(({ sequence, status }) => [sequence, status]),
      [100, 101, 102].map((sequence) => [sequence, ESME_RINVCMDID]),
    );
  });

  it('gets no answer to an answer, an outbind or an alert: they are ignored', async () => {
    const session = await smsc.session();
    const before = session.seen.length;
    for (const command of ['generic_nack', 'submit_sm_resp', 'enquire_link_resp', 'outbind', 'alert_notification']) {
      session.write(pduBytes(command, { sequence_number: 12_345 }));
    }
    session.write(rawPdu(0x8000_0999, { sequence: 12_345 }));
    await session.request('enquire_link');
    assert.deepEqual(
      session.seen.slice(before).map(({ command }) => command),
      ['enquire_link_resp'],
    );
  });

  it('delivers nothing before the bind is answered', async () => {
    await channel.stop();
    await waitFor(() => smsc.connections.length === 0, { what: 'the end of the connection' });
    smsc.planBinds('silence');
    channel = await openSmppChannel(smsc, { options: { responseTimeoutMs: 200 }, isImpatient: true });
    const session = await waitFor(() => smsc.connections.at(-1), { what: 'a connection' });
    const answer = await session.request('deliver_sm', { short_message: Buffer.from('1') });
    assert.equal(answer.status, 4);
    assert.equal(channel.kept.length, 0);
  });

  it('that is a web server is let go, again and again, at the pace of the back-off', async () => {
    let connections = 0;
    const web = createServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined);
      socket.resume();
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const port = (web.address() as { port: number }).port;
    const lost = await openSmppChannel({ port }, { isImpatient: true, backoff: { firstMs: 40, maxMs: 80 } });
    await waitFor(() => connections >= 3, { what: 'three attempts' });
    assert.equal(lost.provider.sessions.states()[0]?.reason, 'command_length 1213486160');
    await lost.stop();
    await new Promise((resolve) => web.close(resolve));
  });

  it('that never reads does not fill our memory', async () => {
    const session = await smsc.session();
    smsc.pause(session);
    const flood = Buffer.concat(Array.from({ length: 4_000 }, () => pduBytes('enquire_link', { sequence_number: 1 })));
    const write = () => {
      if (smsc.sessions.includes(session)) for (let time = 0; time < 10; time += 1) session.write(flood);
      return smsc.binds.length === 2;
    };
    await waitFor(write, { what: 'the end of the session', timeoutMs: 15_000 });
  });

  it('that sends 20,000 broken PDUs ends no session but its own, and no SMS of the others is lost', async () => {
    const other = await startFakeSmsc();
    const healthy = await openSmppChannel(other);
    let fatal = 0;
    for (let seed = 1; seed <= 10; seed += 1) {
      fatal += (await feed(smsc, mutatedPdus(2_000, seed))).fatal;
      assert.equal((await healthy.send(String(seed))).kind, 'accepted');
    }
    assert.ok(fatal > 5, `${fatal} PDUs ended a session`);
    assert.equal(other.binds.length, 1);
    await waitFor(() => state()?.state === 'bound', { what: 'a session after all of them' });
    assert.equal((await channel.send('1')).kind, 'accepted');
    await healthy.stop();
    await other.close();
  }).timeout(60_000);
});
