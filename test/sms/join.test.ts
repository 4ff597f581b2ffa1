import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeGsm7, encodeGsm7 } from '../../src/sms/gsm7-coding.ts';
import { joinNeighbours } from '../../src/sms/join.ts';

describe('joinNeighbours', () => {
  const cases: readonly [what: string, before: string, after: string, joined: string][] = [
    ['two texts', 'card 12', '34', 'card 1234'],
    ['an emoji cut in two', 'hi \ud83d', '\ude00!', 'hi 😀!'],
    ['a euro sign cut in two', '5 \x1b', 'e!', '5 €!'],
    ['an escape before a letter that it does not change', '5 \x1b', 'A', '5 A'],
    ['an escape before a letter that GSM-7 lacks', '5 \x1b', 'я', '5 я'],
    ['an escape before nothing waits for the next part', '5 \x1b', '', '5 \x1b'],
    ['an escape inside a text stays', 'a\x1be', 'e', 'a\x1bee'],
  ];

  for (const [what, before, after, joined] of cases) {
    it(what, () => assert.equal(joinNeighbours(before, after), joined));
  }

  it('septets cut anywhere, and decoded apart, join to the text that they are', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'Z', '0', '9', '@', ' ', 'Ç', '€', '[', '^', '|'),
      maxLength: 30,
    });
    fc.assert(
      fc.property(text, fc.nat(60), (spoken, at) => {
        const septets = encodeGsm7(spoken) ?? new Uint8Array();
        assert.equal(joinNeighbours(decodeGsm7(septets.subarray(0, at)), decodeGsm7(septets.subarray(at))), spoken);
      }),
    );
  });
});
