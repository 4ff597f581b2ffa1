import assert from 'node:assert/strict';
import { complete, parseBirthday, tidyName } from '../../src/activation/profile.ts';

const TODAY = new Date('2026-11-21T12:00:00Z');

const BIRTHDAYS: readonly (readonly [spelled: string, birthday: string | undefined])[] = [
  ['1990-05-12', '1990-05-12'],
  ['12.05.1990', '1990-05-12'],
  ['1.2.1990', '1990-02-01'],
  [' 12.05.1990 ', '1990-05-12'],
  ['۱۲.۰۵.۱۹۹۰', '1990-05-12'],
  ['2000-02-29', '2000-02-29'],
  ['1900-01-01', '1900-01-01'],
  ['2026-11-21', '2026-11-21'],
  ['2026-11-22', undefined],
  ['1900-02-29', undefined],
  ['31.04.1990', undefined],
  ['1899-12-31', undefined],
  ['00.05.1990', undefined],
  ['12.00.1990', undefined],
  ['12/05/1990', undefined],
  ['05-12-1990', undefined],
  ['12.05.90', undefined],
  ['1990-5-12', undefined],
  ['1369-02-22', undefined],
  ['1990-05-12T00:00:00Z', undefined],
  ['12 мая 1990', undefined],
  ['', undefined],
  ['9'.repeat(100), undefined],
];

describe('a profile', () => {
  for (const [spelled, birthday] of BIRTHDAYS) {
    it(`takes the birthday ${JSON.stringify(spelled.slice(0, 24))} as ${birthday ?? 'none'}`, () => {
      assert.equal(parseBirthday(spelled, TODAY), birthday);
    });
  }

  it('keeps a name composed and with single spaces', () => {
    assert.equal(tidyName('  Анна\u00a0 Мари\u0438\u0306 '), 'Анна Марий');
  });

  it('is completed and never corrected by a form', () => {
    const known = { name: 'Мария Иванова', email: 'maria@example.com' };
    assert.deepEqual(complete(known, { birthday: '1990-05-12', email: 'other@example.com' }), {
      profile: { ...known, birthday: '1990-05-12' },
      filled: ['birthday'],
      differing: ['email'],
    });
  });

  it('takes case and ё for one spelling', () => {
    const { differing } = complete(
      { name: 'Алёна Ким', email: 'A@Example.com' },
      { name: 'АЛЕНА КИМ', email: 'a@example.COM' },
    );
    assert.deepEqual(differing, []);
  });
});
