import assert from 'node:assert/strict';
import fc from 'fast-check';
import { read } from '../../src/activation/read.ts';
import { type Collected, GAP, joinParts, placeOf } from '../../src/sms/concat.ts';
import { CLUB, card } from '../support/world.ts';

const collected = (isOpen: boolean, ...taken: number[]): Collected => ({ isOpen, taken: new Set(taken) });

/** Any text in any parts, cut anywhere, also within a character. */
const inParts = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 300 }), fc.array(fc.nat(300), { minLength: 1, maxLength: 5 }))
  .map(([text, cuts]) => {
    const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).toSorted((a, b) => a - b), text.length];
    return { text, parts: at.slice(1).map((end, n) => [n + 1, text.slice(at[n], end)] as const) };
  });

describe('the parts of a long SMS', () => {
  it('give the text back, wherever they were cut', () => {
    fc.assert(
      fc.property(inParts, ({ text, parts }) => {
        assert.equal(joinParts(new Map(parts), parts.length), text);
      }),
    );
  });

  const missing: readonly [parts: string, joined: string][] = [
    ['a.c', `a${GAP}c`],
    ['.bc', `${GAP}bc`],
    ['ab.', `ab${GAP}`],
    ['a..d', `a${GAP}d`],
    ['.b.d.', `${GAP}b${GAP}d${GAP}`],
  ];
  for (const [parts, joined] of missing) {
    it(`have one gap for each row that is missing: ${parts}`, () => {
      const texts = parts.split('').flatMap((text, n) => (text === '.' ? [] : [[n + 1, text] as const]));
      assert.equal(joinParts(new Map(texts), parts.length), joined);
    });
  }

  it('are never read as a card number that stands on both sides of a gap', () => {
    const number = card(7);
    const separator = fc.constantFrom('', ' ', '-', '.', ' - ', '\n');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 15 }), separator, separator, (cut, before, behind) => {
        const texts = [
          [1, `карта ${number.slice(0, cut)}${before}`],
          [3, `${behind}${number.slice(cut)} спасибо`],
        ] as const;
        assert.notEqual(read(joinParts(new Map(texts), 3), CLUB).kind, 'card');
      }),
    );
  });

  for (const [about, texts] of [
    ['in the first part', [[1, `карта ${card(7)}`]]],
    ['in the last part', [[3, `${card(7)} спасибо`]]],
    ['in the middle', [[2, `я ${card(7)} я`]]],
  ] as const) {
    it(`still give a whole card number ${about}`, () => {
      assert.deepEqual(read(joinParts(new Map(texts), 3), CLUB).kind, 'card');
    });
  }

  const places: readonly [about: string, position: number, ofKey: readonly Collected[], home: number | undefined][] = [
    ['the first of all begins an SMS', 1, [], undefined],
    ['a part joins the SMS that waits for it', 2, [collected(true, 1)], 0],
    ['a taken place begins another SMS', 1, [collected(true, 1)], undefined],
    ['the oldest that waits comes first', 2, [collected(true, 1), collected(true, 1)], 0],
    ['a full place is passed over', 2, [collected(true, 2), collected(true, 1)], 1],
    ['one that waits comes before one that was read', 2, [collected(false, 1), collected(true, 1)], 1],
    ['a late part goes to the SMS that was read without it', 2, [collected(false, 1)], 0],
    ['after a whole SMS, its reference begins another', 2, [collected(false, 1, 2)], undefined],
  ];
  for (const [about, position, ofKey, home] of places) {
    it(about, () => assert.equal(placeOf(position, ofKey), home === undefined ? undefined : ofKey[home]));
  }
});
