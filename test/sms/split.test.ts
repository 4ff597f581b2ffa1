import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SegmentedMessage } from 'sms-segments-calculator';
import { isGsm7, septetsOf } from '../../src/sms/gsm7.ts';
import { countSegments, type Encoding } from '../../src/sms/segment.ts';
import { splitText } from '../../src/sms/split.ts';

const ENCODINGS: readonly Encoding[] = ['GSM-7', 'UCS-2'];

const gsm7Character = fc.constantFrom('a', 'Z', '0', '@', 'Ç', 'à', '\n', '\r', '€', '[', '^', '{', '\f');
const anyCharacter = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.constantFrom('😀', 'я', 'ک'),
);
const gsm7Text = fc.string({ unit: gsm7Character, maxLength: 700 });
const anyText = fc.oneof(
  gsm7Text,
  fc.array(anyCharacter, { maxLength: 350 }).map((characters) => characters.join('')),
);

function encodingOf(text: string): Encoding {
  return isGsm7(text) ? 'GSM-7' : 'UCS-2';
}

function widthOf(text: string, encoding: Encoding): number {
  if (encoding === 'UCS-2') return text.length;
  return Array.from(text, (character) => septetsOf(character.charCodeAt(0))).reduce((sum, width) => sum + width, 0);
}

describe('splitText', () => {
  const cases: readonly [what: string, text: string, lengths: readonly number[]][] = [
    ['nothing is one empty SMS', '', [0]],
    ['160 letters are one', 'a'.repeat(160), [160]],
    ['161 are two', 'a'.repeat(161), [153, 8]],
    ['a euro sign that does not fit whole goes to the next', `${'a'.repeat(152)}€${'a'.repeat(9)}`, [152, 10]],
    ['70 Cyrillic letters are one', 'я'.repeat(70), [70]],
    ['71 are two', 'я'.repeat(71), [67, 4]],
    ['an emoji that does not fit whole goes to the next', `${'я'.repeat(66)}😀яяя`, [66, 5]],
    ['half an emoji takes the room of a letter', `${'я'.repeat(66)}\ud83d${'я'.repeat(4)}`, [67, 4]],
  ];

  for (const [what, text, lengths] of cases) {
    it(what, () => {
      const segments = splitText(text, encodingOf(text));
      assert.deepEqual(
        segments.map(({ length }) => length),
        lengths,
      );
      assert.equal(segments.join(''), text);
    });
  }

  it('the segments joined are the text, each fits, and none is empty', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 10, max: 160 }), (text, joined) => {
        for (const encoding of ENCODINGS.filter((each) => each === 'UCS-2' || isGsm7(text))) {
          const segments = splitText(text, encoding, { alone: joined + 5, joined });
          assert.equal(segments.join(''), text);
          if (segments.length === 1) continue;
          assert.ok(segments.every((segment) => segment !== '' && widthOf(segment, encoding) <= joined));
        }
      }),
    );
  });

  it('no segment begins or ends inside a surrogate pair', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(text.isWellFormed());
        for (const segment of splitText(text, 'UCS-2')) assert.ok(segment.isWellFormed());
      }),
    );
  });

  it('makes as many segments as we count', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        assert.equal(splitText(text, encodingOf(text)).length, countSegments(text).segments);
      }),
    );
  });
});

describe('splitText beside sms-segments-calculator', () => {
  it('makes as many segments, whenever each of its graphemes is one character', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const theirs = new SegmentedMessage(text);
        fc.pre(theirs.graphemes.every((grapheme) => Array.from(grapheme).length === 1));
        const encoding = encodingOf(text);
        assert.deepEqual([encoding, splitText(text, encoding).length], [theirs.encodingName, theirs.segmentsCount]);
      }),
      { numRuns: 60 },
    );
  });

  // Its only quirk: it moves a whole cluster (a family, a flag, a letter with its accent) to the next segment, by the
  // cluster rules of an old Unicode. The standard only knows characters, and no phone breaks a cluster: parts are joined
  // before they are shown.
  it('needs fewer where theirs would not part a family of emoji', () => {
    const family = '👨‍👩‍👧‍👦';
    const text = `${'я'.repeat(60)}${family}${'я'.repeat(60)}`;
    assert.equal(new SegmentedMessage(text).segmentsCount, 3);
    assert.equal(splitText(text, 'UCS-2').length, 2);
  });
});
