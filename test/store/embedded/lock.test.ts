import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lockDataDir } from '../../../src/store/embedded/lock.ts';
import { temporaryFolder } from '../../support/run.ts';

const STALE = {
  'of a dead process': JSON.stringify({ pid: 2 ** 30, startedAt: 'once' }),
  'of a process whose pid now is another’s': JSON.stringify({ pid: process.ppid, startedAt: 'before' }),
  'that a crash left empty': '',
};

describe('the lock on a data directory', () => {
  it('is given to one only, until it is released', async () => {
    const folder = await temporaryFolder('lock');
    const lock = await lockDataDir(folder);
    await assert.rejects(lockDataDir(folder, { patienceMs: 0 }), {
      message: `Cardwake already runs here as pid ${process.pid}.`,
    });
    await lock.release();
    await (await lockDataDir(folder)).release();
  });

  it('is waited for while its owner is ending', async () => {
    const folder = await temporaryFolder('lock');
    const lock = await lockDataDir(folder);
    const next = lockDataDir(folder);
    await lock.release();
    await (await next).release();
  });

  for (const [owner, content] of Object.entries(STALE)) {
    it(`is taken over from a lock ${owner}, by exactly one of eight`, async () => {
      const folder = await temporaryFolder('lock');
      await writeFile(join(folder, 'cardwake.lock'), content);
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataDir(folder, { patienceMs: 0 })));
      const won = tries.filter((result) => result.status === 'fulfilled');
      assert.equal(won.length, 1);
      assert.deepEqual(await readdir(folder), ['cardwake.lock']);
    });
  }
});
