import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PDU } from 'smpp';
import { readText } from '../../../src/providers/smpp/coding.ts';
import { sarPlace } from '../../../src/providers/smpp/parts.ts';
import {
  type LongMessages,
  referenceCounter,
  relativeTime,
  type SubmitFields,
  submitsOf,
  type Writing,
} from '../../../src/providers/smpp/submit.ts';
import { readHeader } from '../../../src/providers/smpp/udh.ts';
import type { MobileTerminated } from '../../../src/sms/message.ts';
import type { Msisdn } from '../../../src/sms/msisdn.ts';
import { countSegments } from '../../../src/sms/segment.ts';

const WRITING: Writing = { defaultAlphabet: 'gsm-7', octets: 'utf-8', dataCoding: 0, long: 'udh8' };
const LONG: readonly LongMessages[] = ['udh8', 'udh16', 'sar', 'payload'];

function mt(text: string, changes: Partial<MobileTerminated> = {}): MobileTerminated {
  return { replyId: '42', from: '2420', to: '+79160000567' as Msisdn, text, ...changes };
}

function submits(text: string, writing: Partial<Writing> = {}, reference = 300): readonly SubmitFields[] {
  const fields = submitsOf(mt(text), reference, { ...WRITING, ...writing });
  assert.ok(fields !== undefined);
  return fields;
}

function onlyOf<T>(values: readonly T[]): T {
  assert.equal(values.length, 1);
  return values[0] as T;
}

/** The short_message's octets, found in the bytes on the wire by the specification's field list (SMPP 3.4 §4.4.1). */
interface OnTheWire {
  readonly esmClass: number;
  readonly dataCoding: number;
  readonly registeredDelivery: number;
  readonly validity: string;
  readonly shortMessage: Buffer;
  readonly tlvs: ReadonlyMap<number, Buffer>;
}

function onTheWire(fields: SubmitFields): OnTheWire {
  const bytes = new PDU('submit_sm', { ...fields, sequence_number: 1 }).toBuffer();
  assert.equal(bytes.readUInt32BE(0), bytes.length);
  let at = 16;
  const octet = (): number => bytes.readUInt8(at++);
  const text = (): string => {
    const end = bytes.indexOf(0, at);
    const read = bytes.toString('latin1', at, end);
    at = end + 1;
    return read;
  };
  assert.equal(text(), '');
  assert.deepEqual([octet(), octet(), text()], [fields.source_addr_ton, fields.source_addr_npi, fields.source_addr]);
  assert.deepEqual([octet(), octet(), text()], [1, 1, '79160000567']);
  const esmClass = octet();
  assert.deepEqual([octet(), octet(), text()], [0, 0, '']);
  const validity = text();
  const [registeredDelivery, replace, dataCoding, template, length] = [octet(), octet(), octet(), octet(), octet()];
  assert.deepEqual([replace, template], [0, 0]);
  const shortMessage = bytes.subarray(at, at + length);
  at += length;
  const tlvs = new Map<number, Buffer>();
  while (at < bytes.length) {
    const size = bytes.readUInt16BE(at + 2);
    tlvs.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return { esmClass, dataCoding, registeredDelivery, validity, shortMessage, tlvs };
}

/** What the phone would show, and where the part belongs. */
function arrived(fields: SubmitFields, codings: Writing): { text: string; reference?: string; position: number } {
  const wire = onTheWire(fields);
  const body = wire.tlvs.get(0x0424) ?? wire.shortMessage;
  const header = wire.esmClass === 0x40 ? readHeader(body) : undefined;
  const octets = header?.octets ?? 0;
  const text = readText(body.subarray(octets), wire.dataCoding, codings, header);
  assert.ok(text !== undefined);
  const place = header?.place ?? sarPlace(wire.tlvs);
  return { text, position: place?.position ?? 1, ...(place && { reference: `${place.reference}/${place.total}` }) };
}

const spoken = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'Z', '0', '9', '@', ' ', 'Ç', 'à', '\n', '€', '[', '^'), maxLength: 700 }),
  fc.string({ unit: fc.constantFrom('я', 'ک', '😀', 'a', '€', '•'), maxLength: 300 }),
);

describe('submitsOf', () => {
  it('a short text in the default alphabet is one SMS of data_coding 0', () => {
    assert.deepEqual(submits('Card 5 €'), [
      {
        source_addr_ton: 3,
        source_addr_npi: 0,
        source_addr: '2420',
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        destination_addr: '79160000567',
        esm_class: 0,
        validity_period: '',
        registered_delivery: 1,
        data_coding: 0,
        short_message: Buffer.from('43617264203520 1b65'.replace(' ', ''), 'hex'),
      },
    ]);
  });

  it('another text is UCS-2 of data_coding 8', () => {
    const { data_coding, short_message } = onlyOf(submits('Я😀'));
    assert.deepEqual([data_coding, short_message.toString('hex')], [8, '042fd83dde00']);
  });

  const codings: readonly [what: string, text: string, writing: Partial<Writing>, coding: number, bytes: string][] = [
    ['a class in the default alphabet', '@', { dataCoding: 0xf1 }, 0xf1, '00'],
    ['packed', 'hellohello', { defaultAlphabet: 'gsm-7-packed' }, 0, 'e8329bfd4697d9ec37'],
    ['an SMSC of Latin-1', '@à', { defaultAlphabet: 'latin1' }, 0, '40e0'],
    ['an SMSC of Latin-1 and a euro sign', '€', { defaultAlphabet: 'latin1' }, 8, '20ac'],
    ['an SMSC of ASCII', '@_', { defaultAlphabet: 'ascii' }, 0, '405f'],
    ['an SMSC of UTF-8 and a letter of two octets', 'à', { defaultAlphabet: 'utf-8' }, 8, '00e0'],
    ['Latin-1 by its own number', '@à', { dataCoding: 3 }, 3, '40e0'],
    ['ASCII by its own number', '@_', { dataCoding: 1 }, 1, '405f'],
    ['Latin-1 that no phone has', 'þ', { dataCoding: 3 }, 8, '00fe'],
    ['always UCS-2', 'a', { dataCoding: 8 }, 8, '0061'],
    ['a number of no use', 'a', { dataCoding: 5 }, 8, '0061'],
  ];
  for (const [what, text, writing, dataCoding, bytes] of codings) {
    it(`${what}: ${text} is ${bytes} of data_coding ${dataCoding}`, () => {
      const wire = onTheWire(onlyOf(submits(text, writing)));
      assert.deepEqual([wire.dataCoding, wire.shortMessage.toString('hex')], [dataCoding, bytes]);
    });
  }

  const parts: readonly [long: LongMessages, lengths: readonly number[], headers: readonly string[]][] = [
    ['udh8', [159, 159, 10], ['0500032c0301', '0500032c0302', '0500032c0303']],
    ['udh16', [159, 159, 13], ['060804012c0301', '060804012c0302', '060804012c0303']],
    ['sar', [153, 153, 4], ['', '', '']],
  ];
  for (const [long, lengths, headers] of parts) {
    it(`${long}: 310 letters are three parts, each with a receipt`, () => {
      const wires = submits('a'.repeat(310), { long }).map(onTheWire);
      assert.deepEqual(
        wires.map(({ shortMessage }) => shortMessage.length),
        lengths,
      );
      wires.forEach(({ shortMessage, esmClass, registeredDelivery }, index) => {
        const header = headers[index] ?? '';
        assert.ok(shortMessage.toString('hex').startsWith(header));
        assert.deepEqual([esmClass, registeredDelivery], [header === '' ? 0 : 0x40, 1]);
      });
    });
  }

  it('sar: the TLVs tell the reference, the total and the position', () => {
    const wires = submits('я'.repeat(71), { long: 'sar' }).map(onTheWire);
    const tlvs = wires.map(({ tlvs: each }) => [0x020c, 0x020e, 0x020f].map((tag) => each.get(tag)?.toString('hex')));
    assert.deepEqual(tlvs, [
      ['002c', '02', '01'],
      ['002c', '02', '02'],
    ]);
  });

  it('payload: a long text goes whole, a short one as usual', () => {
    const wire = onTheWire(onlyOf(submits('я'.repeat(71), { long: 'payload' })));
    assert.deepEqual([wire.shortMessage.length, wire.tlvs.get(0x0424)?.length, wire.dataCoding], [0, 142, 8]);
    assert.equal(onTheWire(onlyOf(submits('я'.repeat(70), { long: 'payload' }))).shortMessage.length, 140);
  });

  it('the texts that arrive, joined, are the text, by every way and alphabet', () => {
    const writings = fc.record({
      long: fc.constantFrom(...LONG),
      defaultAlphabet: fc.constantFrom('gsm-7', 'gsm-7-packed', 'latin1', 'ascii', 'utf-8'),
    });
    fc.assert(
      fc.property(spoken, writings, fc.nat(70_000), (text, changes, reference) => {
        // Where `@` fills the last octet of packed septets it cannot be told from padding.
        fc.pre(changes.defaultAlphabet !== 'gsm-7-packed' || !text.includes('@'));
        const writing = { ...WRITING, ...changes } as Writing;
        const all = submits(text, writing, reference).map((fields) => arrived(fields, writing));
        assert.equal(all.map((each) => each.text).join(''), text);
        assert.deepEqual(
          all.map(({ position }) => position),
          all.map((_, index) => index + 1),
        );
        assert.equal(new Set(all.map((each) => each.reference)).size, 1);
        for (const each of all) assert.ok(each.text.isWellFormed());
      }),
      { numRuns: 300 },
    );
  });

  it('an SMS fits into 140 octets on the air, and there are as many as we count', () => {
    fc.assert(
      fc.property(spoken, fc.constantFrom('udh8', 'udh16', 'sar'), (text, long) => {
        const packed = submits(text, { long: long as LongMessages, defaultAlphabet: 'gsm-7-packed' }).map(onTheWire);
        const header = long === 'sar' && packed.length > 1 ? 6 : 0;
        for (const { shortMessage } of packed) assert.ok(shortMessage.length + header <= 140);
        if (long !== 'udh16') assert.equal(packed.length, countSegments(text).segments);
      }),
    );
  });

  it('more than 255 parts are too many, whole only what a payload cannot hold', () => {
    assert.equal(submits('a'.repeat(153 * 255)).length, 255);
    assert.equal(submitsOf(mt('a'.repeat(153 * 255 + 1)), 1, WRITING), undefined);
    const payload: Writing = { ...WRITING, long: 'payload' };
    assert.equal(submitsOf(mt('a'.repeat(64_000)), 1, payload)?.length, 1);
    assert.equal(submitsOf(mt('a'.repeat(64_001)), 1, payload), undefined);
  });

  const sources: readonly [from: string, ton: number, npi: number, address: string][] = [
    ['+14155550100', 1, 1, '14155550100'],
    ['2420', 3, 0, '2420'],
    ['12345678', 3, 0, '12345678'],
    ['79160000567', 0, 1, '79160000567'],
    ['Pyaterochka', 5, 0, 'Pyaterochka'],
    ['Shop 24', 5, 0, 'Shop 24'],
  ];
  for (const [from, ton, npi, address] of sources) {
    it(`from ${from}: TON ${ton}, NPI ${npi}`, () => {
      const fields = onlyOf(submitsOf(mt('a', { from }), 1, WRITING) ?? []);
      assert.deepEqual([fields.source_addr_ton, fields.source_addr_npi, fields.source_addr], [ton, npi, address]);
    });
  }

  it('a declared TON and NPI come before the guess', () => {
    const fields = onlyOf(submits('a', { sourceTon: 6, sourceNpi: 9 }));
    assert.deepEqual([fields.source_addr_ton, fields.source_addr_npi], [6, 9]);
  });

  it('the validity goes out as written', () => {
    const fields = onlyOf(submitsOf(mt('a', { validitySeconds: 90_061 }), 1, WRITING) ?? []);
    assert.equal(onTheWire(fields).validity, '000001010101000R');
  });
});

describe('relativeTime', () => {
  const times: readonly [seconds: number, written: string][] = [
    [0, '000000000001000R'],
    [59.6, '000000000100000R'],
    [3_600, '000000010000000R'],
    [86_399, '000000235959000R'],
    [86_400, '000001000000000R'],
    [30 * 86_400, '000030000000000R'],
    [400 * 86_400, '000030000000000R'],
  ];
  for (const [seconds, written] of times) {
    it(`${seconds} s are ${written}`, () => assert.equal(relativeTime(seconds), written));
  }
});

describe('referenceCounter', () => {
  it('counts to 65,535 and begins again', () => {
    const next = referenceCounter(65_534);
    assert.deepEqual([next(), next(), next(), next()], [65_534, 65_535, 0, 1]);
  });
});
