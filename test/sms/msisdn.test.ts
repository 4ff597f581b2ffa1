import assert from 'node:assert/strict';
import type { CountryCode } from 'libphonenumber-js';
import { countryOf, numberingFacts, parseMsisdn } from '../../src/sms/msisdn.ts';

const VALID: readonly (readonly [raw: string, country: CountryCode | undefined, e164: string])[] = [
  ['+79161234567', undefined, '+79161234567'],
  ['+7 (916) 123-45-67', undefined, '+79161234567'],
  ['89161234567', 'RU', '+79161234567'],
  ['8 916 123 45 67', 'RU', '+79161234567'],
  ['9161234567', 'RU', '+79161234567'],
  ['87011234567', 'RU', '+77011234567'],
  ['09121234567', 'IR', '+989121234567'],
  ['۰۹۱۲۱۲۳۴۵۶۷', 'IR', '+989121234567'],
  ['+९८९१२१२३४५६७', undefined, '+989121234567'],
  ['4155550100', 'US', '+14155550100'],
];

const INVALID: readonly (readonly [raw: string, country?: CountryCode])[] = [
  [''],
  ['89161234567'],
  ['+7916123456', 'RU'],
  ['+791612345678', 'RU'],
  ['+0'],
  ['+12345678901234567890'],
  ['tel:+79161234567'],
  ['+79161234567 ext 5'],
  ['+79161234567;ext=5'],
  ['call +79161234567'],
  ['++79161234567'],
  ['+7٩16123456٧x'],
  ['CLUB', 'RU'],
];

describe('parseMsisdn', () => {
  for (const [raw, country, e164] of VALID) {
    it(`"${raw}"${country ? ` in ${country}` : ''} is ${e164}`, () => {
      assert.equal(parseMsisdn(raw, country), e164);
    });
  }

  for (const [raw, country] of INVALID) {
    it(`"${raw}"${country ? ` in ${country}` : ''} is no phone number`, () => {
      assert.equal(parseMsisdn(raw, country), undefined);
    });
  }

  it('tells +7 Russia and +7 Kazakhstan apart', () => {
    assert.equal(numberingFacts('+79161234567')?.country, 'RU');
    assert.equal(numberingFacts('+77011234567')?.country, 'KZ');
    assert.equal(countryOf(parseMsisdn('87771234567', 'RU') ?? assert.fail()), 'KZ');
  });
});
