import assert from 'node:assert/strict';
import { spelledPhones } from '../../src/activation/spelled-phone.ts';

const COUNTRIES = { countries: ['RU', 'KZ', 'IR'] } as const;

const TABLE: readonly [what: string, raw: string, phones: readonly string[]][] = [
  ['E.164', '+79161234567', ['+79161234567']],
  ['a plus that a URL turned into a space', ' 79161234567', ['+79161234567']],
  ['no plus', '79161234567', ['+79161234567']],
  ['the Russian trunk digit', '8 (916) 123-45-67', ['+79161234567']],
  ['a national form that fits two countries', '9161234567', ['+79161234567', '+989161234567']],
  ['the international exit code', '00 7 916 123 45 67', ['+79161234567']],
  ['dots and slashes', '+7.916/123.45.67', ['+79161234567']],
  ['dashes of typographers', '+7 916 123–45‑67', ['+79161234567']],
  ['spaces of typographers', '+7\u00a0916\u2009123\u202f45\u300067', ['+79161234567']],
  ['marks of a copied text', '\u202a+79161234567\u202c', ['+79161234567']],
  ['a full-width plus and digits', '＋７９１６１２３４５６７', ['+79161234567']],
  ['Persian digits, national', '۰۹۱۲۱۲۳۴۵۶۷', ['+989121234567']],
  ['Persian digits, full', '+۹۸ ۹۱۲ ۱۲۳ ۴۵۶۷', ['+989121234567']],
  ['Iranian without a plus', '989121234567', ['+989121234567']],
  ['Kazakh', '8 701 123 45 67', ['+77011234567']],
  ['a country that is none of the programme', '+4915112345678', ['+4915112345678']],
  ['spaces around it', '  +79161234567 ', ['+79161234567']],
  ['too few digits', '+7916123', []],
  ['words', 'Maria', []],
  ['a number and words', '+79161234567 Maria', []],
  ['two numbers', '+79161234567 +79161234568', []],
  ['nothing', '', []],
  ['an endless text', '9'.repeat(10_000), []],
];

describe('spelledPhones', () => {
  for (const [what, raw, phones] of TABLE) {
    it(`${what}: ${phones.join(' or ') || 'no phone'}`, () => {
      assert.deepEqual(spelledPhones(raw, COUNTRIES), phones);
    });
  }
});
