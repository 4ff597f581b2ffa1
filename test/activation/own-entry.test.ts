import assert from 'node:assert/strict';
import { isOwnEntry } from '../../src/activation/own-entry.ts';

const CASES: readonly (readonly [entered: string, decides: string, isOwn: boolean])[] = [
  ['key:aaa', 'key:aaa', true],
  ['key:aaa', 'key:bbb', false],
  ['key:aaa/Anna', 'key:aaa', true],
  ['key:aaa', 'key:aaa/Anna', true],
  ['key:aaa/Anna', 'key:bbb', true],
  ['key:aaa', 'key:bbb/Boris', false],
  ['key:aaa/Anna', 'key:aaa/Boris', false],
  ['key:aaa/Anna', 'key:aaa/ anna ', true],
  ['key:aaa/Anna', 'key:bbb/Anna', true],
  ['key:aaa/Анна  Ли', 'key:bbb/анна ли', true],
];

describe('isOwnEntry', () => {
  for (const [entered, decides, isOwn] of CASES) {
    it(`${isOwn ? 'finds' : 'does not find'} "${entered}" behind "${decides}"`, () => {
      assert.equal(isOwnEntry(entered, decides), isOwn);
    });
  }
});
