import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { REPLY_NAMES } from '../../src/reply/replies.ts';
import { TEXTS, type TextName } from '../../src/reply/texts.ts';
import { TILL_TEXT_NAMES } from '../../src/reply/till-texts.ts';
import { VARIABLES, type VariableName } from '../../src/reply/variables.ts';

const DOCUMENT = new URL('../../docs/reply-texts.md', import.meta.url);

function variables(isEverywhere: boolean): string {
  const names = (Object.keys(VARIABLES) as VariableName[]).filter(
    (name) => VARIABLES[name].isEverywhere === isEverywhere,
  );
  const rows = names.map((name) => `| \`${name}\` | ${VARIABLES[name].meaning} | ${VARIABLES[name].example} |`);
  return ['| name | what it is | example |', '|---|---|---|', ...rows].join('\n');
}

function texts(names: readonly TextName[]): string {
  const list = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');
  const rows = names.map((name) => {
    const { says, variables, sometimes } = TEXTS[name];
    return `| \`${name}\` | ${says} | ${list(variables)} | ${list(sometimes)} |`;
  });
  return ['| file | what it says | values | sometimes |', '|---|---|---|---|', ...rows].join('\n');
}

const TABLES = [
  ['variables: everywhere', variables(true)],
  ['variables: some', variables(false)],
  ['replies', texts(REPLY_NAMES)],
  ['till texts', texts(TILL_TEXT_NAMES)],
] as const;

describe('docs/reply-texts.md', () => {
  for (const [marker, table] of TABLES) {
    it(`shows the table "${marker}" as the code has it`, () => {
      const document = readFileSync(DOCUMENT, 'utf8');
      const [before, after, ...more] = document.split(`<!-- ${marker} -->\n`);
      assert.ok(before !== undefined && after !== undefined && more.length === 0, 'one marker');
      const shown = /^\n(?:\|.*\n)*/.exec(after)?.[0] ?? '';
      const wanted = `\n${table}\n`;
      if (process.env.UPDATE_GOLDEN === '1') {
        writeFileSync(DOCUMENT, `${before}<!-- ${marker} -->\n${wanted}${after.slice(shown.length)}`);
      } else {
        assert.equal(shown, wanted);
      }
    });
  }
});
