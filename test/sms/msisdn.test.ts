import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CountryCode } from 'libphonenumber-js';
import examples from 'libphonenumber-js/examples.mobile.json' with { type: 'json' };
import { getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
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

describe('numberingFacts', () => {
  const country = fc.constantFrom(...getCountries());
  const anyNumber = fc
    .tuple(country, fc.stringMatching(/^[0-9]{3,13}$/))
    .map(([of, digits]) => `+${getCountryCallingCode(of)}${digits}`);
  const nearMobile = fc
    .tuple(country, fc.nat(14), fc.stringMatching(/^[0-9]{0,4}$/))
    .map(([of, keep, end]) => `+${getCountryCallingCode(of)}${examples[of]}`.slice(0, keep + 2) + end)
    .filter((number) => number.length > 4);

  it('takes a number exactly when the library finds it valid, of every country', () => {
    fc.assert(
      fc.property(fc.oneof(anyNumber, nearMobile), (number) => {
        const phone = parsePhoneNumberFromString(number, { extract: false });
        assert.equal(numberingFacts(number)?.msisdn, phone?.isValid() ? phone.number : undefined);
      }),
      { numRuns: 5_000 },
    );
  });

  it('finds the example mobile of every country to be one', () => {
    for (const of of getCountries()) {
      const facts = numberingFacts(`+${getCountryCallingCode(of)}${examples[of]}`);
      assert.ok(facts?.isMobile, of);
    }
  });
});
