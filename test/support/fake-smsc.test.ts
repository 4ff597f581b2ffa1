import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import smpp from 'smpp';
import { type FakeSmsc, receiptFields, startFakeSmsc } from './fake-smsc.ts';
import { pduBytes, pduReader, type SeenPdu } from './fake-smsc-wire.ts';
import { waitFor } from './wait-for.ts';

/** An ESME of a few lines, which shares nothing with the one that the fake is there to try. */
async function esme(smsc: FakeSmsc, kind = 'transceiver', password = 'secret') {
  const socket: Socket = connect(smsc.port, '127.0.0.1');
  const seen: SeenPdu[] = [];
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? error.name));
    socket.on('close', () => resolve('closed'));
  });
  socket.on(
    'data',
    pduReader((pdu) => void seen.push(pdu)),
  );
  const write = (command: string, sequence: number, fields = {}) =>
    void socket.write(pduBytes(command, { ...fields, sequence_number: sequence }));
  write(`bind_${kind}`, 1, { system_id: 'cardwake', password });
  const answer = (command: string, sequence: number) =>
    waitFor(() => seen.find((pdu) => pdu.command === command && pdu.sequence === sequence), { what: command });
  return { socket, seen, ended, write, answer, bound: await answer(`bind_${kind}_resp`, 1) };
}

const SMS = {
  source_addr: '500',
  destination_addr: '79160000567',
  data_coding: 0,
  short_message: Buffer.from('Hi [€]'),
};

describe('The fake SMSC', () => {
  let smsc: FakeSmsc;

  beforeEach(async () => {
    smsc = await startFakeSmsc();
  });

  afterEach(() => smsc.close());

  it('binds who knows the password, and says to others what is wrong', async () => {
    assert.equal((await esme(smsc)).bound.status, 0);
    assert.equal((await esme(smsc, 'receiver', 'wrong')).bound.status, smpp.errors.ESME_RINVPASWD);
    assert.deepEqual(
      smsc.binds.map(({ pdu }) => pdu.command),
      ['bind_transceiver', 'bind_receiver'],
    );
    assert.equal(smsc.sessions.length, 1);
  });

  it('takes an SMS, keeps the octets of its text and gives it an id', async () => {
    const { write, answer } = await esme(smsc);
    write('submit_sm', 2, SMS);
    const { fields } = await answer('submit_sm_resp', 2);
    assert.equal(fields.message_id, smsc.submits[0]?.messageId);
    assert.deepEqual(smsc.submits[0]?.fields.short_message, SMS.short_message);
  });

  it('does with each SMS what was planned for it, then what it usually does', async () => {
    const { write, answer } = await esme(smsc);
    smsc.plan('ESME_RTHROTTLED', 'nack', 'silence');
    for (let sequence = 2; sequence <= 5; sequence += 1) write('submit_sm', sequence, SMS);
    assert.equal((await answer('submit_sm_resp', 2)).status, smpp.errors.ESME_RTHROTTLED);
    assert.equal((await answer('generic_nack', 3)).status, smpp.errors.ESME_RINVCMDLEN);
    assert.equal((await answer('submit_sm_resp', 5)).status, 0);
    assert.deepEqual(
      smsc.submits.map(({ sequence }) => sequence),
      [4, 5],
    );
  });

  it('answers what it held in the order that is asked for', async () => {
    const { write, seen } = await esme(smsc);
    smsc.usually = 'hold';
    for (let sequence = 2; sequence <= 4; sequence += 1) write('submit_sm', sequence, SMS);
    await waitFor(() => smsc.heldCount === 3, { what: 'three on hold' });
    smsc.release((held) => held.toReversed());
    await waitFor(() => seen.length === 4, { what: 'three answers' });
    assert.deepEqual(
      seen.slice(1).map(({ sequence }) => sequence),
      [4, 3, 2],
    );
  });

  it('resets a connection after an SMS', async () => {
    const { write, ended } = await esme(smsc);
    smsc.plan('reset');
    write('submit_sm', 2, SMS);
    assert.match(await ended, /ECONNRESET|closed/);
    assert.equal(smsc.submits.length, 1);
  });

  it('sends a receipt before its answer, and waits for the receipt’s own', async () => {
    const { write, answer, seen } = await esme(smsc);
    smsc.plan('receipt-first');
    write('submit_sm', 2, SMS);
    const receipt = await answer('deliver_sm', 1);
    assert.equal(receipt.fields.esm_class, 4);
    assert.ok(!seen.some(({ command }) => command === 'submit_sm_resp'));
    write('deliver_sm_resp', 1);
    await answer('submit_sm_resp', 2);
  });

  it('writes an answer that the smpp package cannot read, when planned', async () => {
    const socket = connect(smsc.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    smsc.plan('malformed');
    socket.write(pduBytes('submit_sm', { ...SMS, sequence_number: 9 }));
    await waitFor(() => chunks.length > 0, { what: 'the answer' });
    const answer = Buffer.concat(chunks);
    assert.equal(answer.readUInt32BE(0), answer.length);
    assert.equal(answer.readUInt16BE(answer.length - 2), 0xffff);
    socket.destroy();
  });

  it('delivers over a session that receives, and tells the answer', async () => {
    const receiver = await esme(smsc, 'receiver');
    const delivered = smsc.deliver(receiptFields('3e8', 'UNDELIV', '001'));
    const { fields } = await receiver.answer('deliver_sm', 1);
    assert.match(JSON.stringify(fields.short_message), /stat:UNDELIV err:001/);
    receiver.write('deliver_sm_resp', 1, { command_status: 8 });
    assert.equal((await delivered).status, 8);
  });

  it('answers nothing while it is mute', async () => {
    const { write, answer, seen } = await esme(smsc);
    smsc.isMute = true;
    write('enquire_link', 2);
    await waitFor(() => smsc.sessions[0]?.seen.some(({ sequence }) => sequence === 2), { what: 'the request' });
    smsc.isMute = false;
    write('enquire_link', 3);
    await answer('enquire_link_resp', 3);
    assert.ok(!seen.some(({ sequence }) => sequence === 2));
  });

  it('fails a test whose ESME writes a PDU of an impossible length', () => {
    const read = pduReader(() => undefined);
    assert.throws(() => read(Buffer.from('HTTP/1.1')), /1213486160/);
  });
});
