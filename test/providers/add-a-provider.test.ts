import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { temporaryFolder } from '../support/run.ts';

/** Long enough for a machine that does many other things. */
const PATIENCE_MS = 300_000;

/** A block of the document and the file that the text right above it names. */
interface Block {
  readonly language: string;
  readonly path: string;
  readonly text: string;
}

const DOCUMENT = readFileSync(join(PACKAGE_ROOT, 'docs/add-a-provider.md'), 'utf8');

function blocksOf(document: string): readonly Block[] {
  return [...document.matchAll(/((?:[^\n]+\n)+)\n```(ts|diff|json)\n([\s\S]*?)^```$/gm)].map(
    ([, above = '', language = '', text = '']) => {
      const [, path = assert.fail(`no file is named above a block of ${language}`)] =
        /.*`((?:src|test)\/[\w./-]+)`/s.exec(above) ?? [];
      return { language, path, text };
    },
  );
}

/** The file with the lines behind `+`, each in front of the line that follows it, or else behind the one before. */
function patched(file: string, diff: string): string {
  const lines = file.split('\n');
  let at = 0;
  let waiting: string[] = [];
  for (const line of diff.trimEnd().split('\n')) {
    const text = line.slice(1);
    if (line.startsWith('+')) {
      waiting.push(text);
    } else if (text !== '…') {
      const found = lines.indexOf(text, at);
      assert.notEqual(found, -1, `the document shows a line that is not there: ${text}`);
      lines.splice(found, 0, ...waiting);
      at = found + waiting.length + 1;
      waiting = [];
    }
  }
  lines.splice(at, 0, ...waiting);
  return lines.join('\n');
}

describe('docs/add-a-provider.md, followed to the letter', () => {
  let copy: string;

  before(async () => {
    copy = await temporaryFolder('add-a-provider');
    for (const part of ['src', 'test', 'package.json', 'tsconfig.json', '.mocharc.json', 'cardwake.demo.yaml']) {
      cpSync(join(PACKAGE_ROOT, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(PACKAGE_ROOT, 'node_modules'), join(copy, 'node_modules'));
  });

  it('adds a provider by one file and one line, and tells the contract of it', () => {
    const blocks = blocksOf(DOCUMENT);
    const isNew = ({ language }: Block) => language !== 'diff';
    assert.deepEqual(
      blocks.filter(({ path }) => path.startsWith('src/')).map(({ path }) => path),
      ['src/providers/acme.ts', 'src/providers/registry.ts'],
    );
    assert.ok(blocks.filter(isNew).length >= 5, 'the provider, its subject and three calls');
    for (const block of blocks) {
      const file = join(copy, block.path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, isNew(block) ? block.text : patched(readFileSync(file, 'utf8'), block.text));
    }
  });

  it('gives something that compiles', () => {
    // Without the parts of the source that know no provider: they compile or not whatever is added here.
    const include = ['src/providers', 'test/providers/contract*.test.ts'];
    writeFileSync(join(copy, 'tsconfig.acme.json'), JSON.stringify({ extends: './tsconfig.json', include }));
    run(copy, 'typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.acme.json']);
  }).timeout(PATIENCE_MS);

  it('gives something that keeps the contract', () => {
    const files = ['test/providers/contract*.test.ts', 'test/providers/registry.test.ts'];
    const told = run(copy, 'mocha/bin/mocha.js', [...files, '--grep', 'kept by acme', '--reporter', 'json']);
    const { stats } = JSON.parse(told.slice(told.indexOf('{'))) as {
      readonly stats: { readonly passes: number; readonly failures: number };
    };
    assert.equal(stats.failures, 0);
    assert.ok(stats.passes >= 70, `only ${stats.passes} rows were tried`);
  }).timeout(PATIENCE_MS);
});

/** What a program of a package prints in the copy; fails with all of it when it fails. */
function run(copy: string, program: string, args: readonly string[]): string {
  const result = spawnSync(process.execPath, [join(copy, 'node_modules', program), ...args], {
    cwd: copy,
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    maxBuffer: 64 * 1024 * 1024,
    // The copy is a run of its own: what this run was told is not meant for it.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR },
  });
  assert.equal(
    result.status,
    0,
    `${program} in the copy:\n${result.stdout.slice(-8_000)}\n${result.stderr.slice(-4_000)}`,
  );
  return result.stdout;
}
