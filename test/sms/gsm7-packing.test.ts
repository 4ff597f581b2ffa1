import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fillBitsAfter, packSeptets, unpackSeptets } from '../../src/sms/gsm7-packing.ts';

/** The same by writing the bits out: the last septet first, each from its highest bit. */
function packedByHand(septets: Uint8Array, fillBits: number): Buffer {
  const bits = [...septets].toReversed().map((septet) => septet.toString(2).padStart(7, '0'));
  const row = bits.join('') + '0'.repeat(fillBits);
  const whole = row.padStart(Math.ceil(row.length / 8) * 8, '0');
  return Buffer.from((whole.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)).toReversed());
}

const septetArray = fc.uint8Array({ max: 127, maxLength: 160 });
const fill = fc.integer({ min: 0, max: 6 });

describe('packSeptets and unpackSeptets', () => {
  it('packs the example that everybody knows', () => {
    assert.equal(packSeptets(Buffer.from('hellohello')).toString('hex'), 'e8329bfd4697d9ec37');
    assert.equal(Buffer.from(unpackSeptets(Buffer.from('e8329bfd4697d9ec37', 'hex'))).toString(), 'hellohello');
  });

  it('packs 160 septets into 140 octets, and 153 into the 134 that follow a header of 6', () => {
    assert.equal(packSeptets(new Uint8Array(160).fill(1)).length, 140);
    assert.equal(packSeptets(new Uint8Array(153).fill(1), fillBitsAfter(6)).length, 134);
    assert.equal(packSeptets(new Uint8Array(152).fill(1), fillBitsAfter(7)).length, 133);
  });

  const headers: readonly [octets: number, bits: number][] = [
    [0, 0],
    [3, 4],
    [4, 3],
    [6, 1],
    [7, 0],
    [9, 5],
    [12, 2],
  ];
  for (const [octets, bits] of headers) {
    it(`${bits} bits of nothing follow a header of ${octets} octets`, () => assert.equal(fillBitsAfter(octets), bits));
  }

  it('packs as writing out the bits does, but for the carriage return where one more septet would fit', () => {
    fc.assert(
      fc.property(septetArray, fill, (septets, fillBits) => {
        const bits = fillBits + septets.length * 7;
        const padded = bits % 8 === 1 ? Uint8Array.of(...septets, 0x0d) : septets;
        assert.deepEqual(packSeptets(septets, fillBits), packedByHand(padded, fillBits));
      }),
    );
  });

  it('unpacks what it packed, unless the text ends in what looks like padding', () => {
    fc.assert(
      fc.property(septetArray, fill, (septets, fillBits) => {
        fc.pre(septets.at(-1) !== 0 && septets.at(-1) !== 0x0d);
        assert.deepEqual(Buffer.from(unpackSeptets(packSeptets(septets, fillBits), fillBits)), Buffer.from(septets));
      }),
    );
  });

  it('takes zeros of padding for no `@`', () => {
    assert.equal(Buffer.from(unpackSeptets(packedByHand(Buffer.from('1234567'), 0))).toString(), '1234567');
  });

  it('unpacks any octets without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fill, (octets, fillBits) => {
        assert.ok(unpackSeptets(octets, fillBits).every((septet) => septet < 128));
      }),
    );
  });
});
