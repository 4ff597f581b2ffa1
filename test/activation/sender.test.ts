import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CountryCode } from 'libphonenumber-js';
import { addressKeys, readSender } from '../../src/activation/sender.ts';
import { program, SERIES } from './programs.ts';

const OWN = addressKeys(['+14155550100', '1234', '+7 495 123-45-67', '79990001122', 'CLUB']);

/** Sender ID, the programme's countries, and what it is taken for. */
const SENDERS: readonly (readonly [raw: string, countries: string, expected: string])[] = [
  ['+79161234567', 'RU', 'mobile +79161234567 RU'],
  ['79161234567', 'RU', 'mobile +79161234567 RU'],
  ['89161234567', 'RU', 'mobile +79161234567 RU'],
  ['9161234567', 'RU', 'mobile +79161234567 RU'],
  ['0079161234567', 'RU', 'mobile +79161234567 RU'],
  ['+7 916 123-45-67', 'RU', 'mobile +79161234567 RU'],
  ['\u202a+79161234567\u202c', 'RU', 'mobile +79161234567 RU'],
  ['８９１６１２３４５６７', 'RU', 'mobile +79161234567 RU'],
  ['+77011234567', 'RU KZ', 'mobile +77011234567 KZ'],
  ['77011234567', 'RU KZ', 'mobile +77011234567 KZ'],
  ['87011234567', 'RU KZ', 'mobile +77011234567 KZ'],
  ['87011234567', 'KZ', 'mobile +77011234567 KZ'],
  ['+77011234567', 'RU', 'foreign +77011234567'],
  ['+79161234567', 'KZ', 'foreign +79161234567'],
  ['89161234567', 'KZ', 'malformed'],
  ['09121234567', 'IR', 'mobile +989121234567 IR'],
  ['9121234567', 'IR', 'mobile +989121234567 IR'],
  ['989121234567', 'IR', 'mobile +989121234567 IR'],
  ['00989121234567', 'IR', 'mobile +989121234567 IR'],
  ['۰۹۱۲۱۲۳۴۵۶۷', 'IR', 'mobile +989121234567 IR'],
  ['٠٩١٢١٢٣٤٥٦٧', 'IR', 'mobile +989121234567 IR'],
  ['4155550199', 'US', 'mobile +14155550199 US'],
  ['14155550199', 'US', 'mobile +14155550199 US'],
  ['20123456', 'DK', 'mobile +4520123456 DK'],
  ['9121234567', 'RU IR', 'malformed'],
  ['09121234567', 'RU IR', 'mobile +989121234567 IR'],
  ['+4915112345678', 'RU', 'foreign +4915112345678'],
  ['4915112345678', 'RU', 'foreign +4915112345678'],
  ['+74951234568', 'RU', 'not-mobile +74951234568'],
  ['84951234568', 'RU', 'not-mobile +74951234568'],
  ['+78001234567', 'RU', 'not-mobile +78001234567'],
  ['+78091234567', 'RU', 'not-mobile +78091234567'],
  ['+982112345678', 'IR', 'not-mobile +982112345678'],
  ['+18005550199', 'US', 'not-mobile +18005550199'],
  ['+8821612345678', 'RU', 'foreign +8821612345678'],
  ['+14155550100', 'RU', 'own-address'],
  ['14155550100', 'US', 'own-address'],
  ['4155550100', 'US', 'own-address +14155550100'],
  ['1234', 'RU', 'own-address'],
  ['84951234567', 'RU', 'own-address +74951234567'],
  ['+79990001122', 'RU', 'own-address'],
  ['club', 'RU', 'own-address'],
  ['900', 'RU', 'short-code'],
  ['+900', 'RU', 'short-code'],
  ['12345678', 'RU', 'short-code'],
  ['۹۰۰', 'IR', 'short-code'],
  ['Sberbank', 'RU', 'alphanumeric'],
  ['СБЕР', 'RU', 'alphanumeric'],
  ['بانک', 'IR', 'alphanumeric'],
  ['MTC 7', 'RU', 'alphanumeric'],
  ['ivan@mail.example', 'RU', 'alphanumeric'],
  ['79161234567@sms.example', 'RU', 'alphanumeric'],
  ['', 'RU', 'malformed'],
  ['   ', 'RU', 'malformed'],
  ['+', 'RU', 'malformed'],
  ['+0', 'RU', 'malformed'],
  ['0', 'RU', 'malformed'],
  ['12', 'RU', 'malformed'],
  ['*100#', 'RU', 'short-code'],
  ['12345678901234567890', 'RU', 'malformed'],
  ['+12345678901234567890', 'RU', 'malformed'],
  ['+7916123456', 'RU', 'malformed'],
  ['+791612345678', 'RU', 'malformed'],
  ['+79161234567 +79161234568', 'RU', 'malformed'],
  ['😀', 'RU', 'malformed'],
];

describe('readSender', () => {
  for (const [raw, countries, expected] of SENDERS) {
    it(`${JSON.stringify(raw)} in ${countries} is ${expected}`, () => {
      assert.equal(inWords(raw, countries), expected);
    });
  }

  it('never throws, whatever a provider names as the sender', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[+0-9() -]{0,80}$/)), (raw) => {
        assert.ok(inWords(raw, 'RU KZ IR').length > 0);
      }),
      { numRuns: 1_000 },
    );
  });
});

function inWords(raw: string, countries: string): string {
  const sender = readSender(
    raw,
    program('club', [SERIES.main], { countries: countries.split(' ') as CountryCode[] }),
    OWN,
  );
  if (sender.kind === 'mobile') return `mobile ${sender.msisdn} ${sender.country}`;
  return sender.msisdn === undefined ? sender.reason : `${sender.reason} ${sender.msisdn}`;
}
