import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Intent } from '../../src/activation/intent.ts';
import { read } from '../../src/activation/read.ts';
import { PROGRAMS } from './programs.ts';

interface Group {
  readonly group: string;
  readonly program: keyof typeof PROGRAMS;
  readonly texts: readonly (readonly [text: string, reads: string])[];
}

const GROUPS = parse(readFileSync(new URL('./read.texts.yaml', import.meta.url), 'utf8')) as readonly Group[];

describe('read: texts as customers write them', () => {
  for (const { group, program, texts } of GROUPS) {
    describe(group, () => {
      for (const [text, expected] of texts) {
        it(`${JSON.stringify(text)} is ${expected}`, () => {
          assert.equal(inWords(read(text, PROGRAMS[program])), expected);
        });
      }
    });
  }

  it('the table holds at least 300 texts, each once in its programme', () => {
    const all = GROUPS.flatMap(({ program, texts }) => texts.map(([text]) => `${program}: ${text}`));
    assert.ok(all.length >= 300, `only ${all.length}`);
  });
});

function inWords(intent: Intent): string {
  switch (intent.kind) {
    case 'card':
      return `card ${intent.card}`;
    case 'mistyped':
      return `mistyped ${intent.fault}`;
    case 'code':
      return `code ${intent.code}`;
    case 'several':
    case 'none':
    case 'stop':
    case 'start':
    case 'help':
      return intent.kind;
    default:
      return intent satisfies never;
  }
}
