import assert from 'node:assert/strict';
import { detectScript } from '../../src/activation/script.ts';

const TEXTS: readonly (readonly [text: string, script: string | undefined])[] = [
  ['card 9643', 'latin'],
  ['Arrêt', 'latin'],
  ['ＣＡＲＤ', 'latin'],
  ['Карта 9643', 'cyrillic'],
  ['Подарок от Club', 'cyrillic'],
  ['VIP-гость', 'cyrillic'],
  ['Club card да', 'latin'],
  ['OK да', 'cyrillic'],
  ['کارت ۹۶۴۳', 'arabic'],
  ['ﻛﺎﺭﺕ', 'arabic'],
  ['Club کارت من', 'arabic'],
  ['9643 0012', undefined],
  ['۹۶۴۳', undefined],
  ['👍 ، ـــ', undefined],
  ['', undefined],
  ['你好', undefined],
];

describe('detectScript', () => {
  for (const [text, script] of TEXTS) {
    it(`${JSON.stringify(text)} is ${script ?? 'in no script of ours'}`, () => {
      assert.equal(detectScript(text), script);
    });
  }
});
