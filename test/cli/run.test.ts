import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CliContext } from '../../src/cli/context.ts';
import { CliFailure } from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/run.ts';
import { PACKAGE_ROOT } from '../../src/config.ts';

interface Result {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

async function run(failure: unknown, ...args: string[]): Promise<Result> {
  const [out, err]: [string[], string[]] = [[], []];
  const fail = (): never => {
    throw failure;
  };
  const context: CliContext = {
    settings: fail,
    database: fail,
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
  };
  return { exitCode: await runCli(args, context), out: out.join('\n'), err: err.join('\n') };
}

const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string };

describe('the command line', () => {
  it('lists every sub-command under --help, and needs no configuration for it', async () => {
    const { exitCode, out } = await run(new Error('not read'), '--help');
    assert.equal(exitCode, 0);
    for (const name of ['text', 'cards', 'templates', 'config', 'doctor', 'audit'])
      assert.match(out, new RegExp(`^ {2}${name} `, 'm'));
  });

  it('tells its version', async () => {
    assert.deepEqual(await run(undefined, '--version'), { exitCode: 0, out: version, err: '' });
  });

  const wrong: readonly (readonly [string[], RegExp])[] = [
    [['tekst'], /^error: unknown command 'tekst'\n\(Did you mean text\?\)/],
    [['text'], /^error: missing required argument 'from'/],
    [['text', '+7', 'a', '--tu', '1'], /^error: unknown option '--tu'/],
    [[], /^Usage: cardwake/],
  ];
  for (const [args, message] of wrong) {
    it(`answers 2 and shows the way: cardwake ${args.join(' ')}`, async () => {
      const { exitCode, out, err } = await run(undefined, ...args);
      assert.deepEqual([exitCode, out], [2, '']);
      assert.match(err, message);
    });
  }

  it('tells a failure in one sentence and answers 1', async () => {
    const result = await run(new CliFailure('There is no database.'), 'text', '+7', 'a');
    assert.deepEqual(result, { exitCode: 1, out: '', err: 'There is no database.' });
  });

  it('tells the reason of a failure it does not know, and how to see more', async () => {
    assert.equal((await run(new Error('boom'), 'text', '+7', 'a')).err, 'boom (--debug shows more)');
    const refused = new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:5432')]);
    assert.equal(
      (await run(refused, 'text', '+7', 'a')).err,
      'connect ECONNREFUSED 127.0.0.1:5432 (--debug shows more)',
    );
  });

  it('shows the stack with --debug', async () => {
    assert.match(
      (await run(new Error('boom'), '--debug', 'text', '+7', 'a')).err,
      /^Error: boom\n +at .*run\.test\.ts/,
    );
  });

  it('runs as a program, with its exit code and nothing on the wrong stream', async () => {
    const main = join(PACKAGE_ROOT, 'src/cli/main.ts');
    const start = (...args: string[]) => promisify(execFile)(process.execPath, ['--import', 'tsx', main, ...args]);
    assert.deepEqual(await start('--version'), { stdout: `${version}\n`, stderr: '' });
    await assert.rejects(start('config', 'check', 'gone.yaml'), {
      code: 1,
      stdout: '',
      stderr: 'The configuration has a mistake:\n  gone.yaml: there is no such file, or it cannot be read\n',
    });
  });
});
