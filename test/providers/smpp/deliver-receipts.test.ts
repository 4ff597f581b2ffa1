import assert from 'node:assert/strict';
import { PDU, type PduFields } from 'smpp';
import type { Received } from '../../../src/providers/provider.ts';
import { type Dialect, receivedFrom } from '../../../src/providers/smpp/deliver.ts';
import { packSeptets } from '../../../src/sms/gsm7-packing.ts';

const DIALECT: Dialect = { defaultAlphabet: 'gsm-7', octets: 'utf-8', receiptIds: 'as-is', optOutErrors: [] };

const ADDRESSES: PduFields = { source_addr: '79160000567', destination_addr: '2420', data_coding: 0 };

function received(fields: PduFields, dialect: Partial<Dialect> = {}): Received {
  const bytes = new PDU('deliver_sm', { ...ADDRESSES, ...fields }).toBuffer();
  return receivedFrom(bytes, 'mo-1', { ...DIALECT, ...dialect });
}

function hex(bytes: string): Buffer {
  return Buffer.from(bytes.replaceAll(' ', ''), 'hex');
}

function unreadable(reason: string): Received {
  return { kind: 'unreadable', providerMessageId: 'mo-1', reason };
}

describe('receivedFrom: receipts', () => {
  const text = 'id:0A1B sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:Card_1';
  const receipt: PduFields = { esm_class: 0x04, short_message: Buffer.from(text) };

  function told(providerMessageId: string, status: string, errorCode?: string, isOptOut = false): unknown {
    const known = { providerMessageId, status, isOptOut };
    return { kind: 'receipt', receipt: errorCode === undefined ? known : { ...known, errorCode } };
  }

  const cases: readonly [what: string, fields: PduFields, expected: unknown, dialect?: Partial<Dialect>][] = [
    ['by its text', {}, told('a1b', 'delivered')],
    [
      'by a message_payload',
      { short_message: Buffer.alloc(0), message_payload: Buffer.from(text) },
      told('a1b', 'delivered'),
    ],
    ['in UCS-2', { data_coding: 8, short_message: Buffer.from(text, 'utf16le').swap16() }, told('a1b', 'delivered')],
    [
      'packed',
      { short_message: packSeptets(Buffer.from('id:1 stat:DELIVRD')) },
      told('1', 'delivered'),
      { defaultAlphabet: 'gsm-7-packed' },
    ],
    ['with a reply path', { esm_class: 0x84 }, told('a1b', 'delivered')],
    [
      'after a header',
      { esm_class: 0x44, short_message: Buffer.concat([hex('0500032a0201'), Buffer.from(text)]) },
      told('a1b', 'delivered'),
    ],
    ['with a header announced, but not there', { esm_class: 0x44 }, told('a1b', 'delivered')],
    [
      'by TLVs alone',
      { short_message: Buffer.alloc(0), receipted_message_id: '77', message_state: 5 },
      told('77', 'undelivered'),
    ],
    ['by TLVs before its text', { receipted_message_id: '77', message_state: 8 }, told('77', 'failed')],
    ['by the id of a TLV and the state of its text', { receipted_message_id: '77' }, told('77', 'delivered')],
    ['by the id of its text and the state of a TLV', { message_state: 3 }, told('a1b', 'undelivered')],
    ['with a state that nobody knows in the TLV', { message_state: 77 }, told('a1b', 'delivered')],
    [
      'with an error in the TLV',
      { message_state: 5, network_error_code: hex('03 001b') },
      told('a1b', 'undelivered', '27'),
    ],
    ['with no error in the TLV', { network_error_code: hex('03 0000') }, told('a1b', 'delivered')],
    [
      'with an error in the text',
      { short_message: Buffer.from('id:1 stat:UNDELIV err:042') },
      told('1', 'undelivered', '042'),
    ],
    [
      'with an error that means opted out',
      { short_message: Buffer.from('id:1 stat:REJECTD err:1030') },
      told('1', 'failed', '1030', true),
      { optOutErrors: ['1030'] },
    ],
    [
      'with TLVs, but no esm_class',
      { esm_class: 0, receipted_message_id: '77', message_state: 2 },
      told('77', 'delivered'),
    ],
    ['in another base', {}, told('2587', 'delivered'), { receiptIds: 'decimal-to-hex' }],
    ['from an alphanumeric name', { source_addr_ton: 5, source_addr: '' }, told('a1b', 'delivered')],

    ['without an id', { short_message: Buffer.from('stat:DELIVRD') }, unreadable('a receipt without an id')],
    ['without a state', { short_message: Buffer.from('id:1') }, unreadable('a receipt without a known state')],
    [
      'with a strange state',
      { short_message: Buffer.from('id:1 stat:MK:12') },
      unreadable('a receipt without a known state'),
    ],
    [
      'with an id of strange characters',
      { short_message: hex('69643aff20737461743a44454c49565244') },
      unreadable('a receipt without a usable id'),
    ],
    ['without anything', { short_message: Buffer.alloc(0) }, unreadable('a receipt without an id')],
  ];

  for (const [what, fields, expected, dialect] of cases) {
    it(what, () => assert.deepEqual(received({ ...receipt, ...fields }, dialect), expected));
  }

  it('a customer who writes like a receipt is a customer', () => {
    const forged = Buffer.from('id:1 stat:DELIVRD err:000');
    assert.equal(received({ short_message: forged }).kind, 'message');
    assert.equal(received({ short_message: forged, message_state: 2 }).kind, 'message');
  });
});
