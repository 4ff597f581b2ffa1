import assert from 'node:assert/strict';
import { foldDigits, zeroOf } from '../../src/sms/digits.ts';

describe('decimal digits', () => {
  const all: number[] = [];
  before(() => {
    const decimalDigit = /\p{Nd}/u;
    for (let codePoint = 0; codePoint <= 0x10_ff_ff; codePoint += 1) {
      if (decimalDigit.test(String.fromCodePoint(codePoint))) all.push(codePoint);
    }
  });

  it('every decimal digit this Node knows has a zero, and ten of each script follow one another', () => {
    assert.ok(all.length >= 680, `only ${all.length}`);
    assert.equal(all.length % 10, 0);
    for (const [i, codePoint] of all.entries()) assert.equal(zeroOf(codePoint), codePoint - (i % 10));
  });

  it('agrees with Unicode wherever normalisation knows a digit', () => {
    const known = all.filter((codePoint) => /^[0-9]$/.test(String.fromCodePoint(codePoint).normalize('NFKC')));
    assert.ok(known.length >= 90);
    for (const codePoint of known) {
      const digit = String.fromCodePoint(codePoint);
      assert.equal(foldDigits(digit), digit.normalize('NFKC'));
    }
  });

  it('nothing else is a digit', () => {
    for (const other of ['a', '²', '①', 'Ⅷ', '½', '٪', '๏', ' ']) {
      assert.equal(zeroOf(other.codePointAt(0) ?? 0), undefined);
      assert.equal(foldDigits(other), other);
    }
  });
});
