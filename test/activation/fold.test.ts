import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fold, foldWord, MIXED } from '../../src/activation/fold.ts';

const FOLDS: readonly (readonly [text: string, folded: string])[] = [
  ['CaRd', 'card'],
  ['СТОР', 'ctop'],
  ['Ёлка Йод', 'eлka иoд'],
  ['İstanbul', 'istanbul'],
  ['كارت يك', 'کارت یک'],
  ['ﻻ', 'لا'],
  ['آب', 'اب'],
  ['Arrêt', 'arret'],
  ['ＣＡＲＤ：１２', 'card:12'],
  ['№5', '#5'],
  ['5₽ 5€', '5$ 5$'],
  ['1–2—3−4', '1-2-3-4'],
  ['1\u00a02\u2028\t3', '1 2\n 3'],
  ['a\u200bb\u200e\u00ad\ufe0f', 'ab'],
  ['💳', '~'],
  ['\ud800', '~'],
  ['۱۲،۳', '12,3'],
];

describe('fold', () => {
  for (const [text, folded] of FOLDS) {
    it(`${JSON.stringify(text)} folds to ${JSON.stringify(folded)}`, () => assert.equal(foldWord(text), folded));
  }

  it('keeps each digit’s script', () => {
    assert.deepEqual(fold('a1۱١²').zeros, [0, 0x30, 0x6f0, 0x660, MIXED]);
  });

  it('says of each character of any text whether it is a digit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { text: folded, zeros } = fold(text);
        assert.equal(zeros.length, folded.length);
        for (let at = 0; at < folded.length; at += 1) assert.equal(/[0-9]/.test(folded.charAt(at)), zeros[at] !== 0);
      }),
    );
  });
});
