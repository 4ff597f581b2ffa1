import assert from 'node:assert/strict';
import { type FakeSmsc, startFakeSmsc } from '../../support/fake-smsc.ts';
import { pduBytes } from '../../support/fake-smsc-wire.ts';
import { freePort } from '../../support/ports.ts';
import { type OpenChannel, openSmppChannel } from '../../support/smpp-channel.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('SMPP sessions', () => {
  let smsc: FakeSmsc;
  let channel: OpenChannel;

  beforeEach(async () => {
    smsc = await startFakeSmsc();
  });

  afterEach(async () => {
    await channel.stop();
    await smsc.close();
  });

  const stateOf = () => channel.provider.sessions.states()[0];
  const boundAgain = (binds: number) =>
    waitFor(() => smsc.binds.length >= binds && stateOf()?.state === 'bound', { what: `bind number ${binds}` });

  it('bind with what the options say, as SMPP 3.4 unless told otherwise', async () => {
    const options = { systemType: 'VMA', addressRange: '^500', addressTon: 1, addressNpi: 9 };
    channel = await openSmppChannel(smsc, { options });
    const [bind] = smsc.binds;
    assert.equal(bind?.pdu.command, 'bind_transceiver');
    const { system_id, password, system_type, interface_version, addr_ton, addr_npi, address_range } =
      bind?.pdu.fields ?? {};
    assert.deepEqual(
      { system_id, password, system_type, interface_version, addr_ton, addr_npi, address_range },
      {
        system_id: 'cardwake',
        password: 'secret',
        system_type: 'VMA',
        interface_version: 0x34,
        addr_ton: 1,
        addr_npi: 9,
        address_range: '^500',
      },
    );
  });

  it('claim version 5.0 when told to', async () => {
    channel = await openSmppChannel(smsc, { options: { version: '5.0' } });
    assert.equal(smsc.binds[0]?.pdu.fields.interface_version, 0x50);
  });

  it('are as many as configured, a pair for each when directions are apart', async () => {
    channel = await openSmppChannel(smsc, { options: { bind: 'transmitter-and-receiver', sessions: 2 } });
    const states = channel.provider.sessions.states();
    assert.deepEqual(
      states.map(({ name }) => name),
      ['transmitter-1', 'receiver-1', 'transmitter-2', 'receiver-2'],
    );
    assert.ok(
      states.every(({ state, reason, inFlight }) => state === 'bound' && reason === undefined && inFlight === 0),
    );
    assert.equal((await channel.send('1')).kind, 'accepted');
    assert.equal(smsc.submits[0]?.session.kind, 'bind_transmitter');
  });

  it('answer the SMSC’s enquire_link, and enquire themselves', async () => {
    channel = await openSmppChannel(smsc, { options: { enquireLinkSeconds: 1 } });
    const session = await smsc.session();
    const answer = await session.request('enquire_link');
    assert.deepEqual([answer.command, answer.status], ['enquire_link_resp', 0]);
    await waitFor(() => session.seen.some(({ command }) => command === 'enquire_link'), { what: 'an enquire_link' });
  });

  for (const responseTimeoutMs of [300, 10_000]) {
    it(`end when enquire_link stays unanswered, within two intervals, and bind anew; answers may take ${responseTimeoutMs} ms`, async () => {
      channel = await openSmppChannel(smsc, { options: { enquireLinkSeconds: 1, responseTimeoutMs } });
      const session = await smsc.session();
      smsc.isMute = true;
      const began = performance.now();
      const reason = await waitFor(() => stateOf()?.reason, { what: 'the end of the session' });
      assert.equal(reason, 'enquire_link unanswered');
      assert.ok(performance.now() - began < 2_200);
      assert.equal(session.seen.filter(({ command }) => command === 'enquire_link').length, 1);
      smsc.isMute = false;
      await boundAgain(2);
    });
  }

  it('count the responses that belong to no request', async () => {
    channel = await openSmppChannel(smsc);
    const session = await smsc.session();
    assert.equal(stateOf()?.strayResponses, undefined);
    for (const command of ['submit_sm_resp', 'generic_nack']) session.write(pduBytes(command, { sequence_number: 99 }));
    await session.request('enquire_link');
    assert.equal(stateOf()?.strayResponses, 2);
    assert.equal((await channel.send('1')).kind, 'accepted');
  });

  for (const [what, lose] of [
    ['a reset', (smsc: FakeSmsc) => smsc.sessions[0]?.reset()],
    ['the end of the connection', (smsc: FakeSmsc) => smsc.sessions[0]?.end()],
    ['an unbind by the SMSC', (smsc: FakeSmsc) => void smsc.sessions[0]?.request('unbind')],
  ] as const) {
    it(`bind anew after ${what}`, async () => {
      channel = await openSmppChannel(smsc);
      lose(smsc);
      await boundAgain(2);
      assert.equal((await channel.send('1')).kind, 'accepted');
    });
  }

  it('answer an unbind of the SMSC’s', async () => {
    channel = await openSmppChannel(smsc);
    const answer = await (await smsc.session()).request('unbind');
    assert.deepEqual([answer.command, answer.status], ['unbind_resp', 0]);
  });

  it('bind anew when the SMSC answers no bind, cuts it off or refuses it', async () => {
    smsc.planBinds('silence', 'cut', 'ESME_RBINDFAIL', 'ESME_RALYBND');
    channel = await openSmppChannel(smsc, { options: { responseTimeoutMs: 100 } });
    assert.equal(smsc.binds.length, 5);
  });

  it('are never a bind storm: one attempt at a time, pauses that grow, and between all of them together', async () => {
    smsc.planBinds(...Array.from({ length: 1_000 }, () => 'ESME_RBINDFAIL' as const));
    const backoff = { firstMs: 100, maxMs: 400 };
    channel = await openSmppChannel(smsc, { options: { sessions: 5 }, backoff, isImpatient: true });
    await waitFor(() => smsc.binds.length >= 10, { what: 'ten binds' });
    const gaps = smsc.binds.slice(1).map(({ at }, index) => at - (smsc.binds[index]?.at ?? 0));
    assert.ok(Math.min(...gaps) >= 45, `binds ${gaps.map(Math.round).join(', ')} ms apart`);
    assert.ok(smsc.connections.length <= 1);
    assert.equal(stateOf()?.reason, 'bind refused: ESME_RBINDFAIL');
  });

  it('are no storm either when every bind is followed by an unbind', async () => {
    channel = await openSmppChannel(smsc, { backoff: { firstMs: 50, maxMs: 400 } });
    for (let bind = 2; bind <= 6; bind += 1) {
      void smsc.sessions[0]?.request('unbind');
      await boundAgain(bind);
    }
    const gaps = smsc.binds.slice(1).map(({ at }, index) => at - (smsc.binds[index]?.at ?? 0));
    assert.ok(Math.min(...gaps) >= 24, `binds ${gaps.map(Math.round).join(', ')} ms apart`);
  });

  it('wait the maximum after a refused password, all of them together', async () => {
    smsc.planBinds('ESME_RINVPASWD');
    const backoff = { firstMs: 10, maxMs: 500 };
    channel = await openSmppChannel(smsc, { options: { sessions: 3 }, backoff });
    assert.equal(smsc.binds.length, 4);
    const [refused, next] = smsc.binds;
    assert.ok((next?.at ?? 0) - (refused?.at ?? 0) >= 495);
  });

  it('say why they are not bound', async () => {
    smsc.planBinds('ESME_RINVPASWD');
    channel = await openSmppChannel(smsc, { backoff: { firstMs: 10, maxMs: 60_000 }, isImpatient: true });
    const reason = await waitFor(() => stateOf()?.state === 'waiting' && stateOf()?.reason, { what: 'a reason' });
    assert.equal(reason, 'bind refused: ESME_RINVPASWD');
  });

  it('wait for an SMSC that is not there', async () => {
    channel = await openSmppChannel({ port: await freePort() }, { isImpatient: true });
    await waitFor(() => stateOf()?.reason === 'ECONNREFUSED', { what: 'ECONNREFUSED' });
  });

  it('on the signal let what is under way end, unbind and close', async () => {
    channel = await openSmppChannel(smsc);
    const session = await smsc.session();
    smsc.plan('hold');
    const sent = channel.send('1');
    await waitFor(() => smsc.heldCount === 1, { what: 'a submit_sm' });
    const commits: (() => void)[] = [];
    channel.door = () => new Promise((resolve) => commits.push(resolve));
    const delivered = smsc.deliver({
      source_addr: '79160000567',
      destination_addr: '500',
      short_message: Buffer.from('1'),
    });
    await waitFor(() => commits.length === 1, { what: 'the SMS at the door' });
    assert.equal(stateOf()?.inFlight, 1);
    const stopped = channel.stop();
    assert.deepEqual(await channel.send('2'), { kind: 'transient', code: 'not-bound', cause: 'no-session' });
    smsc.release();
    assert.equal((await sent).kind, 'accepted');
    commits[0]?.();
    assert.equal((await delivered).status, 0);
    await stopped;
    assert.equal(session.seen.at(-1)?.command, 'unbind');
    assert.equal(stateOf()?.state, 'closed');
  });

  for (const [before, prepare] of [
    ['at work', () => {}],
    ['parting', () => void channel.stop()],
  ] as const) {
    it(`when cut off while ${before} wait for nothing: closed within half a second, even by an SMSC that does not read`, async () => {
      channel = await openSmppChannel(smsc);
      smsc.plan('hold');
      const sent = channel.send('1');
      const commits: (() => void)[] = [];
      channel.door = () => new Promise((resolve) => commits.push(resolve));
      const sms = { source_addr: '79160000567', destination_addr: '500', short_message: Buffer.from('1') };
      const session = await smsc.session();
      void session.request('deliver_sm', sms);
      await waitFor(() => commits.length === 1 && smsc.heldCount === 1, { what: 'an SMS and a reply to be under way' });
      smsc.pause(session);
      prepare();
      const began = performance.now();
      await channel.cut();
      assert.ok(performance.now() - began < 500);
      assert.equal(stateOf()?.state, 'closed');
      assert.equal((await sent).kind, 'unknown');
      commits[0]?.();
    });
  }

  it('cut off in the middle of a bind close at once', async () => {
    smsc.planBinds('silence');
    channel = await openSmppChannel(smsc, { isImpatient: true });
    await waitFor(() => smsc.binds.length === 1, { what: 'a bind' });
    await channel.cut();
    assert.equal(stateOf()?.state, 'closed');
  });

  it('tell of each change as it happens, and whether a reply can be sent', async () => {
    smsc.planBinds('ESME_RBINDFAIL');
    channel = await openSmppChannel(smsc, { options: { bind: 'transmitter-and-receiver' } });
    assert.equal(channel.provider.sessions.canSend(), true);
    const transmitter = channel.changes.filter(({ name }) => name === 'transmitter-1');
    const steps = transmitter.map(({ state, reason }) => (reason === undefined ? state : `${state}: ${reason}`));
    const why = 'bind refused: ESME_RBINDFAIL';
    const failed = ['connecting', 'binding', `waiting: ${why}`];
    assert.deepEqual(steps, [...failed, `connecting: ${why}`, `binding: ${why}`, 'bound']);
    await channel.cut();
    assert.equal(channel.provider.sessions.canSend(), false);
    assert.deepEqual(
      ['transmitter-1', 'receiver-1'].map((one) => channel.changes.findLast(({ name }) => name === one)?.state),
      ['closed', 'closed'],
    );
  });
});
