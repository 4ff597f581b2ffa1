import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SegmentedMessage } from 'sms-segments-calculator';
import { isGsm7, preferGsm7 } from '../../src/sms/gsm7.ts';
import { countSegments, type Encoding } from '../../src/sms/segment.ts';

const TABLE: readonly [what: string, text: string, encoding: Encoding, segments: number, characters: number][] = [
  ['nothing', '', 'GSM-7', 1, 0],
  ['160 Latin letters', 'a'.repeat(160), 'GSM-7', 1, 160],
  ['161 Latin letters', 'a'.repeat(161), 'GSM-7', 2, 161],
  ['306 Latin letters', 'a'.repeat(306), 'GSM-7', 2, 306],
  ['307 Latin letters', 'a'.repeat(307), 'GSM-7', 3, 307],
  ['80 euro signs, two characters each', '€'.repeat(80), 'GSM-7', 1, 160],
  ['81 euro signs', '€'.repeat(81), 'GSM-7', 2, 162],
  ['a euro sign that does not fit a segment', `${'a'.repeat(152)}€${'a'.repeat(152)}`, 'GSM-7', 3, 306],
  ['70 Cyrillic letters', 'я'.repeat(70), 'UCS-2', 1, 70],
  ['71 Cyrillic letters', 'я'.repeat(71), 'UCS-2', 2, 71],
  ['134 Persian letters', 'ک'.repeat(134), 'UCS-2', 2, 134],
  ['135 Persian letters', 'ک'.repeat(135), 'UCS-2', 3, 135],
  ['one letter that GSM-7 lacks among 70', `ç${'a'.repeat(70)}`, 'UCS-2', 2, 71],
  ['an emoji counts two', '😀'.repeat(35), 'UCS-2', 1, 70],
  ['an emoji that does not fit a segment', `${'я'.repeat(66)}😀${'я'.repeat(66)}`, 'UCS-2', 3, 134],
  ['half an emoji', `${'я'.repeat(69)}\ud83d`, 'UCS-2', 1, 70],
];

describe('countSegments', () => {
  for (const [what, text, encoding, segments, characters] of TABLE) {
    it(`${what}: ${segments} of ${encoding}`, () => {
      const count = countSegments(text);
      assert.deepEqual([count.encoding, count.segments, count.characters], [encoding, segments, characters]);
    });
  }

  it('agrees with the calculator that Twilio publishes, wherever a character ends', () => {
    const character = fc.constantFrom('a', 'Ç', '€', '[', '^', '\n', 'я', '•', 'ک', '😀');
    fc.assert(
      fc.property(fc.array(character, { maxLength: 340 }), (characters) => {
        const text = characters.join('');
        const theirs = new SegmentedMessage(text);
        const ours = countSegments(text);
        assert.deepEqual([ours.encoding, ours.segments], [theirs.encodingName, theirs.segmentsCount]);
      }),
      { numRuns: 60 },
    );
  });

  it('knows the same GSM-7 characters as that calculator, in the whole of Unicode up to the last of them', () => {
    for (let codeUnit = 0; codeUnit <= 0x20ff; codeUnit++) {
      const character = String.fromCharCode(codeUnit);
      const theirs = new SegmentedMessage(character).encodingName;
      assert.equal(isGsm7(character) ? 'GSM-7' : 'UCS-2', theirs, codeUnit.toString(16));
    }
  });
});

describe('preferGsm7', () => {
  it('makes punctuation plain when that halves the price', () => {
    assert.equal(preferGsm7('Card •••• 3456 — “yours”…'), 'Card **** 3456 - "yours"...');
  });

  it('keeps fine punctuation where another character needs UCS-2 anyway', () => {
    assert.equal(preferGsm7('Карта •••• 3456 — «ваша»'), 'Карта •••• 3456 — «ваша»');
  });

  it('never turns a text into a dearer one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        assert.ok(countSegments(preferGsm7(text)).segments <= countSegments(text).segments);
      }),
      { numRuns: 200 },
    );
  });
});
