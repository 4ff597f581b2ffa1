import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ConfigError } from '../../src/config/problem.ts';
import { loadSettings } from '../../src/config.ts';

interface Table {
  readonly good: string;
  readonly cases: readonly {
    readonly title: string;
    /** This part of the good file … */
    readonly swap?: string;
    /** … is written so. */
    readonly for?: string;
    /** Or a file of its own. */
    readonly file?: string;
    /** `line:column path: message`, every one. */
    readonly expect: readonly string[];
  }[];
}

const { good, cases } = parse(readFileSync(join(import.meta.dirname, 'broken.cases.yaml'), 'utf8')) as Table;

describe('a broken configuration is refused with line, column, path and advice', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cardwake-config-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const complaintsAbout = (text: string): string[] => {
    writeFileSync(join(folder, 'cardwake.yaml'), text);
    try {
      loadSettings({ SET: 'a-token' }, { cwd: folder });
      return [];
    } catch (error) {
      assert(error instanceof ConfigError, String(error));
      const [, ...lines] = error.message.split('\n');
      for (const line of lines) assert.match(line, /^ {2}cardwake\.yaml:\d/);
      return lines.map((line) => line.slice('  cardwake.yaml:'.length));
    }
  };

  it('the good file is good', () => assert.deepEqual(complaintsAbout(good), []));

  for (const { title, swap, for: by = '', file, expect } of cases) {
    it(title, () => {
      const text = file ?? good.replace(swap ?? '', () => by);
      assert.notEqual(text, good);
      assert.notEqual(expect.length, 0);
      assert.deepEqual(complaintsAbout(text), expect);
    });
  }

  it('every mistake of the table that leaves the file YAML is found when they are made together', () => {
    const together = [
      'a country that does not exist',
      'a language without texts',
      'a support phone that is none',
      'a misspelt check',
      'a keyword of two words',
      'a public URL without TLS',
      'an address with spaces',
      'a programme that does not exist',
      'an account that is none',
      'a secret from a variable that is not set',
    ].map((title) => cases.find((one) => one.title === title));
    let text = good;
    for (const one of together) text = text.replace(one?.swap ?? 'nothing', () => one?.for ?? '');
    assert.deepEqual(
      complaintsAbout(text),
      together.flatMap((one) => one?.expect ?? ['no such case']),
    );
  });
});
