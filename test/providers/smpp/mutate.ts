import type { PduFields } from 'smpp';
import { receiptFields } from '../../support/fake-smsc.ts';
import { pduBytes, rawPdu } from '../../support/fake-smsc-wire.ts';

/** A deliver_sm with everything that is read in one. */
const SMS: PduFields = {
  source_addr_ton: 1,
  source_addr_npi: 1,
  source_addr: '79160000567',
  destination_addr: '500',
  data_coding: 8,
  short_message: Buffer.from('Карта 1234567', 'utf16le').swap16(),
};

const SEEDS: readonly Buffer[] = [
  pduBytes('deliver_sm', SMS),
  pduBytes('deliver_sm', {
    ...SMS,
    esm_class: 0x40,
    short_message: Buffer.concat([Buffer.from([5, 0, 3, 7, 2, 1]), Buffer.from('part')]),
  }),
  pduBytes('deliver_sm', { ...SMS, sar_msg_ref_num: 1, sar_total_segments: 2, sar_segment_seqnum: 1 }),
  pduBytes('deliver_sm', { ...SMS, short_message: Buffer.alloc(0), message_payload: Buffer.alloc(500, 0x31) }),
  pduBytes('deliver_sm', { ...receiptFields('3e8'), receipted_message_id: '3e8', message_state: 2 }),
  pduBytes('data_sm', { ...SMS, short_message: undefined, message_payload: Buffer.from('1234567') }),
  pduBytes('submit_sm_resp', { sequence_number: 1, message_id: '3e8' }),
  pduBytes('bind_transceiver_resp', { sequence_number: 1, system_id: 'smsc' }),
  pduBytes('enquire_link', { sequence_number: 2 }),
  pduBytes('enquire_link_resp', { sequence_number: 2 }),
  pduBytes('outbind', { system_id: 'smsc' }),
  rawPdu(0x8000_0000, { status: 3, sequence: 1 }),
  rawPdu(0x0000_0021, { body: Buffer.alloc(40, 1) }),
];

/**
 * So many PDUs, each made of a good one by up to eight changes: octets, runs, cuts, doublings, insertions, lengths. All but one
 * of 1,000 keep a true `command_length`, so that what stands behind it is read. The same seed gives the same PDUs.
 */
export function mutatedPdus(count: number, seed: number): Buffer[] {
  const random = mulberry32(seed);
  return Array.from({ length: count }, () => mutate(SEEDS[below(SEEDS.length, random)] as Buffer, random));
}

type Random = () => number;

function mutate(seed: Buffer, random: Random): Buffer {
  let pdu: Buffer = Buffer.from(seed);
  for (let changes = 1 + below(8, random); changes > 0; changes -= 1) pdu = change(pdu, random);
  const isTrue = random() > 1 / 1_000;
  if (isTrue && pdu.length < 16) pdu = Buffer.concat([pdu, Buffer.alloc(16 - pdu.length)]);
  if (isTrue) pdu.writeUInt32BE(pdu.length, 0);
  else if (random() < 0.5) pdu.writeUInt32BE(below(2 ** 32, random), 0);
  return pdu;
}

function change(pdu: Buffer, random: Random): Buffer {
  if (pdu.length < 8) return Buffer.concat([pdu, Buffer.alloc(8)]);
  const at = 4 + below(pdu.length - 5, random);
  const length = below(Math.min(40, pdu.length - at) + 1, random);
  const changed = Buffer.from(pdu);
  switch (below(6, random)) {
    case 0:
      changed[at] = below(256, random);
      return changed;
    case 1:
      return changed.fill(EDGES[below(EDGES.length, random)] ?? 0, at, at + length);
    case 2:
      return Buffer.concat([pdu.subarray(0, at), pdu.subarray(at + length)]);
    case 3:
      return Buffer.concat([pdu.subarray(0, at + length), pdu.subarray(at)]);
    case 4:
      return Buffer.concat([pdu.subarray(0, at), noise(length, random), pdu.subarray(at)]);
    default:
      changed.writeUInt16BE(EDGES[below(EDGES.length, random)] ?? 0, at);
      return changed;
  }
}

function noise(length: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length }, () => below(256, random)));
}

const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

/** A small generator that is the same everywhere: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function mulberry32(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
