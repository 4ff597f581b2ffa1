import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { endWithRun, temporaryFolder } from './run.ts';

const GUARD = fileURLToPath(new URL('./guard.sh', import.meta.url));

describe('the guard of a run', function () {
  // Who does not heed SIGQUIT has five seconds.
  this.timeout(20_000);
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  const start = async (command: string) => {
    const child = spawn('sh', ['-c', `${command} echo; exec sleep 60`], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    const { pid = 0 } = child;
    const hasEnded = endWithRun(pid);
    const over = once(child, 'exit').then(([, signal]) => {
      hasEnded();
      return signal as string;
    });
    await once(child.stdout, 'data');
    return { pid, child, over };
  };
  const guard = async (lines: readonly string[]) => {
    const shell = spawn('sh', [GUARD], { stdio: ['pipe', 'ignore', 'ignore'] });
    shell.stdin.end(lines.map((line) => `${line}\n`).join(''));
    await once(shell, 'exit');
  };

  it('ends what a killed run leaves: by SIGQUIT, and by SIGKILL who does not heed it; its folders go', async () => {
    const folder = await temporaryFolder('guarded');
    const [heedful, deaf] = await Promise.all([start(''), start('trap "" QUIT;')]);
    await guard([`started ${heedful.pid}`, `folder ${folder}`, `started ${deaf.pid}`]);
    assert.deepEqual(await Promise.all([heedful.over, deaf.over]), ['SIGQUIT', 'SIGKILL']);
    assert.equal(existsSync(folder), false);
  });

  it('leaves alone who ended in the usual way, whose pid may be another’s by now', async () => {
    const [one, other] = await Promise.all([start(''), start('')]);
    await guard([`started ${one.pid}`, `started ${other.pid}`, `ended ${one.pid}`]);
    assert.equal(await other.over, 'SIGQUIT');
    one.child.kill('SIGUSR1');
    assert.equal(await one.over, 'SIGUSR1');
  });

  it('ends nobody once the run is done', async () => {
    const one = await start('');
    await guard([`started ${one.pid}`, 'done']);
    one.child.kill('SIGUSR1');
    assert.equal(await one.over, 'SIGUSR1');
  });
});
