import assert from 'node:assert/strict';
import { acceptedLocale, chooseLocale, type Reader } from '../../src/reply/choose-locale.ts';
import { CLUB } from './programs.ts';

const RUSSIAN_ONLY = { ...CLUB, locales: ['ru'] } as const;
const ENGLISH_FIRST = { ...CLUB, locales: ['en', 'ru'] } as const;

const TABLE: readonly [when: string, reader: Omit<Reader, 'program'> & Partial<Reader>, locale: string][] = [
  ['the member chose Persian and writes in Russian', { member: 'fa', script: 'cyrillic', country: 'RU' }, 'fa'],
  ['a Russian text from an Iranian phone', { script: 'cyrillic', country: 'IR' }, 'ru'],
  ['a Persian text from a Russian phone', { script: 'arabic', country: 'RU' }, 'fa'],
  ['an English text', { script: 'latin', country: 'RU' }, 'en'],
  ['only digits from an Iranian phone', { country: 'IR' }, 'fa'],
  ['only digits from a Kazakh phone', { country: 'KZ' }, 'ru'],
  ['only digits from a British phone', { country: 'GB' }, 'en'],
  ['only digits from a country without a language of ours', { country: 'JP' }, 'ru'],
  ['nothing is known', {}, 'ru'],
  ['nothing is known and English comes first', { program: ENGLISH_FIRST }, 'en'],
  ['the member’s language was given up', { member: 'fa', script: 'latin', program: ENGLISH_FIRST }, 'en'],
  [
    'the text’s language is not spoken, the phone’s is',
    { script: 'arabic', country: 'RU', program: ENGLISH_FIRST },
    'ru',
  ],
  ['the programme speaks Russian only', { member: 'en', script: 'latin', country: 'US', program: RUSSIAN_ONLY }, 'ru'],
];

describe('chooseLocale', () => {
  for (const [when, reader, locale] of TABLE) {
    it(`${when}: ${locale}`, () => {
      assert.equal(chooseLocale({ program: CLUB, ...reader }), locale);
    });
  }
});

const HEADERS: readonly [header: string | undefined, locale: string][] = [
  [undefined, 'ru'],
  ['', 'ru'],
  ['en', 'en'],
  ['EN-gb', 'en'],
  ['fa-IR,fa;q=0.9,en;q=0.8', 'fa'],
  ['en;q=0.5, fa;q=0.7', 'fa'],
  ['de, en;q=0.1', 'en'],
  ['de', 'ru'],
  ['*', 'ru'],
  ['de, *;q=0.5', 'ru'],
  ['en;q=0, fa;q=0.001', 'fa'],
  ['en; q=nonsense, fa', 'fa'],
  [';;;,,,;q=', 'ru'],
  [`${'x,'.repeat(100_000)}en`, 'ru'],
];

describe('acceptedLocale', () => {
  for (const [header, locale] of HEADERS) {
    it(`${header === undefined ? 'no header' : JSON.stringify(header.slice(0, 40))}: ${locale}`, () => {
      assert.equal(acceptedLocale(header, CLUB), locale);
    });
  }

  it('is the first of the programme that speaks none of them', () => {
    assert.equal(acceptedLocale('fa, en', RUSSIAN_ONLY), 'ru');
    assert.equal(acceptedLocale(undefined, ENGLISH_FIRST), 'en');
  });
});
