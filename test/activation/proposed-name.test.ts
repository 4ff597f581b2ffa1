import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { CardNumber } from '../../src/activation/card-number.ts';
import { proposedName } from '../../src/activation/proposed-name.ts';
import { read } from '../../src/activation/read.ts';
import { PROGRAMS } from './programs.ts';

interface Group {
  readonly group: string;
  readonly texts: readonly (readonly [text: string, name: string | null])[];
}

const GROUPS = parse(readFileSync(new URL('./proposed-name.texts.yaml', import.meta.url), 'utf8')) as readonly Group[];
const CARD = '9643001234563452';

describe('the name in an SMS', () => {
  for (const { group, texts } of GROUPS) {
    describe(group, () => {
      for (const [text, name] of texts) {
        it(`${JSON.stringify(text)} proposes ${name ?? 'none'}`, () => {
          assert.equal(nameIn(text.replaceAll('#', CARD)), name ?? undefined);
        });
      }
    });
  }

  it('the table holds at least 60 texts, each once', () => {
    const all = GROUPS.flatMap(({ texts }) => texts.map(([text]) => text));
    assert.ok(all.length >= 60, `only ${all.length}`);
    assert.equal(new Set(all).size, all.length);
  });

  it('stands also beside a number of letters and digits, and never takes a part of it', () => {
    for (const [text, name] of [
      ['VIP00AB12344 Мария', 'Мария'],
      ['vip 00ab 12344 John', 'John'],
      ['ab12-cdef-34 John', 'John'],
      ['AB12CD3456', undefined],
    ] as const) {
      const intent = read(text, PROGRAMS.many);
      assert.ok(intent.kind === 'card', text);
      assert.equal(intent.proposedName, name, text);
    }
  });

  it('is letters, spaces, hyphens and apostrophes, in the text as it is, 2 to 40 characters, whatever is written', () => {
    const word = fc.constantFrom(
      'Мария',
      'John',
      'я',
      'my name is',
      'مریم',
      '👍',
      '\u200b',
      'карта',
      'и',
      "O'",
      '-',
      '\n',
    );
    const part = fc.oneof(word, fc.string({ maxLength: 6, unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.array(part, { maxLength: 6 }), (before, after) => {
        const text = `${before.join(' ')} ${CARD} ${after.join(' ')}`;
        const name = proposedName(text, CARD as CardNumber, PROGRAMS.club);
        if (name === undefined) return;
        assert.match(name, /^[\p{L}\p{M} '’ʼ\u200c-]{2,40}$/u);
        const plain = text
          .normalize('NFC')
          .replaceAll(/(?!\u200c)\p{Cf}/gu, '')
          .replaceAll(/\s+/g, ' ');
        assert.ok(plain.includes(name), JSON.stringify([text, name]));
      }),
      { numRuns: 2_000 },
    );
  });

  it('costs little, however long the text', () => {
    const long = `${CARD} ${'Мария '.repeat(50_000)}`;
    const startedAt = performance.now();
    for (let i = 0; i < 20; i += 1) assert.equal(read(long, PROGRAMS.club).kind, 'card');
    assert.ok(performance.now() - startedAt < 2_000);
  });
});

function nameIn(text: string): string | undefined {
  const intent = read(text, PROGRAMS.club);
  return intent.kind === 'card' ? intent.proposedName : undefined;
}
