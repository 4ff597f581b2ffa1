import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pickRoute, type Route } from '../../src/activation/route.ts';

/** Two addresses; Club has a word of its own in three languages, Gold one that begins like Club's. */
const ROUTES: readonly Route[] = [
  { program: 'everything-else' },
  { program: 'line-two', address: '+14155550100' },
  { program: 'club', keyword: 'club' },
  { program: 'club', keyword: 'Клуб' },
  { program: 'club', keyword: 'کلوب' },
  { program: 'club-on-two', keyword: 'CLUB', address: '+14155550100' },
  { program: 'gold', keyword: 'club-gold' },
];

const TABLE: readonly (readonly [to: string, text: string, program: string])[] = [
  // A keyword is the first word, in any case.
  ['1234', 'club 9643001234563456', 'club'],
  ['1234', 'CLUB 9643001234563456', 'club'],
  ['1234', 'КЛУБ 9643001234563456', 'club'],
  ['1234', 'клуб', 'club'],
  // The number may be glued to it, or set off by anything but letters.
  ['1234', 'Club9643001234563456', 'club'],
  ['1234', 'клуб№9643001234563456', 'club'],
  ['1234', 'club: 9643', 'club'],
  ['1234', 'club\n9643', 'club'],
  // Punctuation, spaces and invisible marks before it do not count.
  ['1234', '  «Клуб» 9643', 'club'],
  ['1234', '\u200f\u202bکلوب ۹۶۴۳', 'club'],
  ['1234', 'كلوب 9643', 'club'],
  ['1234', 'ｃｌｕｂ 9643', 'club'],
  ['1234', 'c\u200blub 9643', 'club'],
  // Another word, a longer word, or a word in a later place is no keyword.
  ['1234', 'clubs 9643', 'everything-else'],
  ['1234', 'клубника', 'everything-else'],
  ['1234', 'my club 9643', 'everything-else'],
  ['1234', '9643001234563456 club', 'everything-else'],
  ['1234', 'STOP', 'everything-else'],
  ['1234', '', 'everything-else'],
  // The longer keyword wins.
  ['1234', 'club-gold 9643', 'gold'],
  ['1234', 'club-golden 9643', 'club'],
  // An address counts by its digits, and only after the keyword.
  ['+14155550100', '9643001234563456', 'line-two'],
  ['14155550100', '9643001234563456', 'line-two'],
  ['+14155550100', 'Club 9643', 'club-on-two'],
  ['+14155550100', 'Клуб 9643', 'club'],
  ['+14155550101', '9643001234563456', 'everything-else'],
];

describe('pickRoute', () => {
  for (const [to, text, program] of TABLE) {
    it(`${JSON.stringify(text)} to ${to} goes to ${program}`, () => {
      assert.equal(pickRoute(ROUTES, to, text)?.program, program);
    });
  }

  it('does not depend on the order of the routes', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...ROUTES], { minLength: ROUTES.length }),
        fc.constantFrom(...TABLE),
        (routes, row) => {
          assert.equal(pickRoute(routes, row[0], row[1])?.program, row[2]);
        },
      ),
    );
  });

  it('finds nothing where nothing fits', () => {
    assert.equal(pickRoute([{ program: 'club', keyword: 'club' }], '1234', '9643'), undefined);
    assert.equal(pickRoute([{ program: 'club', address: '12345' }], '1234', 'club'), undefined);
  });

  it('finds a route for every text where one route takes everything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string(), (text, to) => {
        assert(pickRoute(ROUTES, to, text));
      }),
    );
  });
});
