import assert from 'node:assert/strict';
import { chooseLocale, type Reader } from '../../src/reply/choose-locale.ts';
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
