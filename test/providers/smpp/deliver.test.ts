import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PDU, type PduFields } from 'smpp';
import type { Received } from '../../../src/providers/provider.ts';
import { type Dialect, receivedFrom } from '../../../src/providers/smpp/deliver.ts';

const DIALECT: Dialect = { defaultAlphabet: 'gsm-7', octets: 'utf-8', receiptIds: 'as-is', optOutErrors: [] };

const MESSAGE: PduFields = {
  source_addr_ton: 1,
  source_addr_npi: 1,
  source_addr: '79160000567',
  dest_addr_ton: 3,
  destination_addr: '2420',
  data_coding: 0,
  esm_class: 0,
};

/** The bytes that the smpp package, which nobody here wrote, makes of the fields. */
function pdu(fields: PduFields, command = 'deliver_sm'): Buffer {
  return new PDU(command, { ...MESSAGE, ...fields, sequence_number: 7 }).toBuffer();
}

function received(fields: PduFields, dialect: Partial<Dialect> = {}): Received {
  return receivedFrom(pdu(fields), 'mo-1', { ...DIALECT, ...dialect });
}

function hex(bytes: string): Buffer {
  return Buffer.from(bytes.replaceAll(' ', ''), 'hex');
}

function message(text: string, changes: { from?: string; to?: string } = {}): Received {
  return {
    kind: 'message',
    message: { providerMessageId: 'mo-1', from: '+79160000567', to: '2420', text, ...changes },
  };
}

function part(reference: string, total: number, position: number, text: string): Received {
  return {
    kind: 'part',
    part: { providerMessageId: 'mo-1', from: '+79160000567', to: '2420', reference, total, position, text },
  };
}

function unreadable(reason: string): Received {
  return { kind: 'unreadable', providerMessageId: 'mo-1', reason };
}

describe('receivedFrom: messages', () => {
  const cases: readonly [what: string, fields: PduFields, expected: Received][] = [
    ['a card number', { short_message: Buffer.from('4500123456') }, message('4500123456')],
    ['no text', { short_message: Buffer.alloc(0) }, message('')],
    ['a euro sign', { short_message: hex('1b65') }, message('€')],
    ['Cyrillic', { data_coding: 8, short_message: hex('042f 0031') }, message('Я1')],
    ['an emoji', { data_coding: 8, short_message: hex('d83dde00') }, message('😀')],
    ['Latin-1', { data_coding: 3, short_message: hex('e940') }, message('é@')],
    ['octets', { data_coding: 4, short_message: Buffer.from('Я1') }, message('Я1')],
    ['a flash message', { data_coding: 0xf0, short_message: hex('00') }, message('@')],
    ['a message_payload', { message_payload: Buffer.from('12') }, message('12')],
    ['both texts: the payload', { short_message: Buffer.from('1'), message_payload: Buffer.from('12') }, message('12')],
    ['an empty payload', { short_message: Buffer.from('1'), message_payload: Buffer.alloc(0) }, message('1')],
    ['a reply path', { esm_class: 0x80, short_message: Buffer.from('1') }, message('1')],
    ['another mode', { esm_class: 0x03, short_message: Buffer.from('1') }, message('1')],
    ['Turkish', { esm_class: 0x40, short_message: hex('03 24 01 01 491b73') }, message('Iş')],
    ['Turkish as ASCII', { esm_class: 0x40, data_coding: 1, short_message: hex('03 25 01 01 07') }, message('ı')],
    ['a header in the payload', { esm_class: 0x40, message_payload: hex('03 24 01 01 1b73') }, message('ş')],

    ['an 8-bit part', { esm_class: 0x40, short_message: hex('050003 2a0201 3132') }, part('udh8:42', 2, 1, '12')],
    ['a 16-bit part', { esm_class: 0x40, short_message: hex('060804 012c0202 33') }, part('udh16:300', 2, 2, '3')],
    [
      'half an emoji in a part',
      { esm_class: 0x40, data_coding: 8, short_message: hex('050003 2a0201 d83d') },
      part('udh8:42', 2, 1, '\ud83d'),
    ],
    [
      'half a euro sign in a part',
      { esm_class: 0x40, short_message: hex('050003 2a0201 1b') },
      part('udh8:42', 2, 1, '\x1b'),
    ],
    [
      'a part by SAR',
      { short_message: Buffer.from('12'), sar_msg_ref_num: 300, sar_total_segments: 3, sar_segment_seqnum: 2 },
      part('sar:300', 3, 2, '12'),
    ],
    [
      'SAR of one',
      { short_message: Buffer.from('1'), sar_msg_ref_num: 3, sar_total_segments: 1, sar_segment_seqnum: 1 },
      message('1'),
    ],
    [
      'SAR without a total',
      { short_message: Buffer.from('1'), sar_msg_ref_num: 3, sar_segment_seqnum: 1 },
      message('1'),
    ],

    [
      'an unknown coding',
      { data_coding: 0x84, short_message: Buffer.from('1') },
      unreadable('no text by data_coding 132'),
    ],
    [
      'UCS-2 of an odd length',
      { data_coding: 8, short_message: hex('003100') },
      unreadable('no text by data_coding 8'),
    ],
    ['a broken header', { esm_class: 0x40, short_message: hex('05000331') }, unreadable('unknown user data header')],
    ['a header of nothing', { esm_class: 0x40, short_message: hex('') }, unreadable('unknown user data header')],
    ['a phone’s acknowledgement', { esm_class: 0x08, short_message: Buffer.from('1') }, unreadable('esm_class 0x08')],
    ['a user’s acknowledgement', { esm_class: 0x10, short_message: Buffer.from('1') }, unreadable('esm_class 0x10')],
    [
      'a notice on the way',
      { esm_class: 0x20, short_message: Buffer.from('id:1 stat:ENROUTE') },
      unreadable('esm_class 0x20'),
    ],
    [
      'nobody as its source',
      { source_addr: '', short_message: Buffer.from('1') },
      unreadable('no source_addr or destination_addr'),
    ],
    ['nobody as its destination', { destination_addr: '' }, unreadable('no source_addr or destination_addr')],
    ['a source of control characters', { source_addr: '79\n' }, unreadable('no source_addr or destination_addr')],
  ];

  for (const [what, fields, expected] of cases) {
    it(`${what}: ${expected.kind}`, () => assert.deepEqual(received(fields), expected));
  }

  const packed: readonly [what: string, fields: PduFields, expected: Received][] = [
    ['packed', { short_message: hex('e8329bfd4697d9ec37') }, message('hellohello')],
    [
      'packed after a header',
      { esm_class: 0x40, short_message: hex('050003 2a0201 6239') },
      part('udh8:42', 2, 1, '19'),
    ],
  ];
  for (const [what, fields, expected] of packed) {
    it(`${what}: ${expected.kind}`, () => {
      assert.deepEqual(received(fields, { defaultAlphabet: 'gsm-7-packed' }), expected);
    });
  }

  const addresses: readonly [what: string, ton: number, address: string, from: string][] = [
    ['an international number', 1, '79160000567', '+79160000567'],
    ['an international number with its plus', 1, '+79160000567', '+79160000567'],
    ['a short code that is called international', 1, '2420', '2420'],
    ['an international number with an exit code', 1, '0079160000567', '0079160000567'],
    ['a national number', 2, '9160000567', '9160000567'],
    ['a number of unknown type', 0, '79160000567', '79160000567'],
    ['a name', 5, 'Beeline', 'Beeline'],
  ];
  for (const [what, ton, address, from] of addresses) {
    it(`${what}: from ${from}`, () => {
      const fields = { source_addr_ton: ton, source_addr: address, short_message: Buffer.from('1') };
      assert.deepEqual(received(fields), message('1', { from }));
      const swapped = { dest_addr_ton: ton, destination_addr: address, short_message: Buffer.from('1') };
      assert.deepEqual(received(swapped), message('1', { to: from }));
    });
  }

  it('a data_sm tells the same', () => {
    const bytes = pdu({ data_coding: 8, message_payload: hex('042f') }, 'data_sm');
    assert.deepEqual(receivedFrom(bytes, 'mo-1', DIALECT), message('Я'));
    assert.deepEqual(receivedFrom(pdu({}, 'data_sm'), 'mo-1', DIALECT), message(''));
  });
});

describe('receivedFrom: bytes of any kind', () => {
  const whole = pdu({ short_message: Buffer.from('12345'), sar_msg_ref_num: 1, message_state: 2 });

  it('a PDU that ends too early is unreadable, wherever it ends', () => {
    for (let length = 0; length < whole.length; length++) {
      const cut = receivedFrom(whole.subarray(0, length), 'mo-1', DIALECT);
      const isBetweenTlvs = cut.kind === 'message' && cut.message.text === '12345';
      assert.ok(isBetweenTlvs || cut.kind === 'unreadable', String(length));
    }
  });

  it('a short_message longer than the PDU is unreadable', () => {
    const bytes = Buffer.from(pdu({ short_message: Buffer.from('12345') }));
    bytes.writeUInt8(6, bytes.length - 6);
    assert.deepEqual(receivedFrom(bytes, 'mo-1', DIALECT), unreadable('malformed PDU'));
  });

  it('up to 3 octets too many are passed over', () => {
    const bytes = Buffer.concat([pdu({ short_message: Buffer.from('12345') }), Buffer.alloc(3, 0xff)]);
    assert.deepEqual(receivedFrom(bytes, 'mo-1', DIALECT), message('12345'));
  });

  it('another command is unreadable', () => {
    const bytes = new PDU('enquire_link').toBuffer();
    assert.deepEqual(receivedFrom(bytes, 'mo-1', DIALECT), unreadable('malformed PDU'));
  });

  it('any bytes in any place are read, or unreadable under the id given, and never an error', () => {
    const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(flips, fc.uint8Array({ maxLength: 30 }), (flipped, tail) => {
        const bytes = Buffer.concat([whole, tail]);
        for (const [at, value] of flipped) bytes[at] = value;
        const told = receivedFrom(bytes, 'mo-1', DIALECT);
        if (told.kind === 'unreadable') assert.equal(told.providerMessageId, 'mo-1');
        if (told.kind === 'message') assert.equal(told.message.providerMessageId, 'mo-1');
      }),
      { numRuns: 2_000 },
    );
  });

  it('any text in UCS-2 comes in as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => {
        fc.pre(!/^[\ufeff\ufffe]/.test(text));
        const payload = Buffer.from(text, 'utf16le').swap16();
        assert.deepEqual(received({ data_coding: 8, message_payload: payload }), message(text));
      }),
    );
  });
});
