import assert from 'node:assert/strict';
import {
  bodyLength,
  completeCheckDigit,
  exampleCardNumber,
  groupCardNumber,
  parseCardNumber,
  wellFormed,
} from '../../src/activation/card-number.ts';
import { hasCheckDigit } from '../../src/activation/check-digit.ts';
import { PROGRAMS, SERIES } from './programs.ts';

/** A spelling in a file, at a till or on the command line, and the number it stands for. */
const SPELLINGS: readonly (readonly [raw: string, number: string | undefined])[] = [
  ['9643001234563452', '9643001234563452'],
  ['9643 0012 3456 3452', '9643001234563452'],
  ['9643-0012-3456-3452', '9643001234563452'],
  [' 9643001234563452\n', '9643001234563452'],
  ['№ 9643001234563452', '9643001234563452'],
  ['\ufeff9643001234563452', '9643001234563452'],
  ['۹۶۴۳۰۰۱۲۳۴۵۶۳۴۵۲', '9643001234563452'],
  ['9643ОО1234563452', '9643001234563452'],
  ['2900123456785', '2900123456785'],
  ['9112345678', '9112345678'],
  ['VIP00AB12344', 'VIP00AB12344'],
  ['vip-00ав-12344', 'VIP00AB12344'],
  ['AB12CD3456', 'AB12CD3456'],
  ['9643001234563453', undefined],
  ['964300123456345', undefined],
  ['9643001234563452 9643001234563452', undefined],
  ['9643001234563452 50', undefined],
  ['card 9643001234563452', undefined],
  ['9643001234563452!', undefined],
  ['96430012۳۴۵۶۳۴۵۲', undefined],
  ['91І2345678', undefined],
  ['9112З45678', undefined],
  ['', undefined],
  ['9'.repeat(100_000), undefined],
];

describe('parseCardNumber', () => {
  for (const [raw, number] of SPELLINGS) {
    it(`${JSON.stringify(raw.slice(0, 40))} is ${number ?? 'no card number'}`, () => {
      assert.equal(parseCardNumber(raw, PROGRAMS.many), number);
    });
  }
});

describe('check digits', () => {
  // ISO/IEC 7812-1 Annex B; GS1 General Specifications 7.9; ISO 6166 (Apple, Treasury Corporation of Victoria).
  const KNOWN = [
    ['luhn', '79927398713'],
    ['luhn', '4539578763621486'],
    ['luhn', 'US0378331005'],
    ['luhn', 'AU0000VXGZA3'],
    ['ean13', '4006381333931'],
    ['ean13', '5901234123457'],
    ['none', 'whatever'],
  ] as const;

  for (const [check, number] of KNOWN) {
    it(`${number} is confirmed by ${check}`, () => assert.ok(hasCheckDigit(check, number)));
  }

  it('any other last digit is refused', () => {
    for (const [check, number] of KNOWN.slice(0, -1)) {
      const wrong = Array.from('0123456789', (digit) => number.slice(0, -1) + digit).filter((one) => one !== number);
      assert.deepEqual(
        wrong.filter((one) => hasCheckDigit(check, one)),
        [],
      );
    }
  });
});

describe('making card numbers', () => {
  for (const series of Object.values(SERIES)) {
    it(`the example of "${series.name}" is a well-formed number of it`, () => {
      assert.ok(wellFormed(series, exampleCardNumber(series)));
      assert.ok(exampleCardNumber(series).startsWith(`${series.prefix}1234`));
    });
  }

  it('completes a body with its check digit, or leaves it where there is none', () => {
    assert.equal(completeCheckDigit(SERIES.main, '964300123456345'), '9643001234563452');
    assert.equal(completeCheckDigit(SERIES.ean, '290012345678'), '2900123456785');
    assert.equal(completeCheckDigit(SERIES.short, '9112345678'), '9112345678');
    assert.deepEqual([bodyLength(SERIES.main), bodyLength(SERIES.short)], [15, 10]);
  });

  it('refuses a body that does not fit, without naming it', () => {
    for (const body of ['', '9643', '123400123456345', '96430012345634А', '9643001234563452']) {
      assert.throws(
        () => completeCheckDigit(SERIES.main, body),
        (error: Error) => {
          return error instanceof RangeError && (body === '' || !error.message.includes(body));
        },
      );
    }
  });

  it('groups in fours for reading', () => {
    assert.equal(groupCardNumber(completeCheckDigit(SERIES.main, '964300123456345')), '9643 0012 3456 3452');
    assert.equal(groupCardNumber(completeCheckDigit(SERIES.ean, '290012345678')), '2900 1234 5678 5');
  });
});
