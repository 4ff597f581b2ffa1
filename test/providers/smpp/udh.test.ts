import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TLV } from '../../../src/providers/smpp/deliver-pdu.ts';
import { sarPlace } from '../../../src/providers/smpp/parts.ts';
import { readHeader, type UserDataHeader } from '../../../src/providers/smpp/udh.ts';

function hex(bytes: string): Buffer {
  return Buffer.from(bytes.replaceAll(' ', ''), 'hex');
}

function place(reference: string, total: number, position: number): UserDataHeader['place'] {
  return { reference, total, position };
}

describe('readHeader', () => {
  const cases: readonly [what: string, bytes: string, header: UserDataHeader | undefined][] = [
    ['an 8-bit reference', '05 00 03 2a 02 01 ffff', { octets: 6, place: place('udh8:42', 2, 1), tables: {} }],
    ['a 16-bit reference', '06 08 04 012c 03 03', { octets: 7, place: place('udh16:300', 3, 3), tables: {} }],
    ['a single shift table', '03 24 01 01', { octets: 4, tables: { single: 'turkish' } }],
    ['a locking shift table', '03 25 01 03', { octets: 4, tables: { locking: 'portuguese' } }],
    [
      'all of them',
      '0b 00 03 01 02 02 24 01 02 25 01 01',
      { octets: 12, place: place('udh8:1', 2, 2), tables: { locking: 'turkish', single: 'spanish' } },
    ],
    [
      'an element that nobody knows',
      '08 7f 01 aa 00 03 05 02 01',
      { octets: 9, place: place('udh8:5', 2, 1), tables: {} },
    ],
    ['ports', '06 05 04 0b84 0b84', { octets: 7, tables: {} }],
    ['the last of two', '0a 00 03 01 02 01 00 03 02 02 01', { octets: 11, place: place('udh8:2', 2, 1), tables: {} }],
    ['a whole of one is no part', '05 00 03 2a 01 01', { octets: 6, tables: {} }],
    ['a whole of none is no part', '05 00 03 2a 00 01', { octets: 6, tables: {} }],
    ['part 0 is no part', '05 00 03 2a 02 00', { octets: 6, tables: {} }],
    ['part 3 of 2 is no part', '05 00 03 2a 02 03', { octets: 6, tables: {} }],
    ['a reference of a wrong length is no reference', '04 00 02 2a 02', { octets: 5, tables: {} }],
    ['a single shift table that we lack', '03 24 01 05', { octets: 4, tables: {} }],
    ['no elements', '00 31', { octets: 1, tables: {} }],

    ['a locking table that we lack', '03 25 01 05', undefined],
    ['a locking table without a language', '02 25 00', undefined],
    ['nothing', '', undefined],
    ['a header longer than the message', '05 00 03 2a 02', undefined],
    ['an element longer than the header', '04 00 03 2a 02 01', undefined],
    ['half an element', '01 00', undefined],
  ];

  for (const [what, bytes, header] of cases) {
    it(`${what}: ${header === undefined ? 'unknown' : 'read'}`, () => assert.deepEqual(readHeader(hex(bytes)), header));
  }

  it('any octets are a header that lies within them, or none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        const header = readHeader(Buffer.from(bytes));
        if (header === undefined) return;
        assert.ok(header.octets >= 1 && header.octets <= bytes.length);
        if (header.place === undefined) return;
        assert.ok(header.place.total >= 2 && header.place.position >= 1);
        assert.ok(header.place.position <= header.place.total);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('sarPlace', () => {
  const cases: readonly [what: string, bytes: readonly (string | undefined)[], place: UserDataHeader['place']][] = [
    ['all three', ['012c', '03', '02'], place('sar:300', 3, 2)],
    ['no reference', [undefined, '03', '02'], undefined],
    ['no total', ['0001', undefined, '02'], undefined],
    ['no position', ['0001', '03', undefined], undefined],
    ['a reference of one octet', ['01', '03', '02'], undefined],
    ['a whole of one', ['0001', '01', '01'], undefined],
    ['position 0', ['0001', '02', '00'], undefined],
    ['a position beyond the total', ['0001', '02', '03'], undefined],
  ];

  for (const [what, bytes, expected] of cases) {
    it(`${what}: ${expected === undefined ? 'no part' : 'a part'}`, () => {
      const tags = [TLV.sarReference, TLV.sarTotal, TLV.sarPosition];
      const tlvs = tags.flatMap((tag, index) => {
        const value = bytes[index];
        return value === undefined ? [] : [[tag, hex(value)] as const];
      });
      assert.deepEqual(sarPlace(new Map(tlvs)), expected);
    });
  }
});
