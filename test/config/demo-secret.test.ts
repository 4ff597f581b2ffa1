import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { demoPepper, demoSecret } from '../../src/config/demo-secret.ts';

describe('demoSecret', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cardwake-secret-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is one and the same for all processes that ask at once, and leaves no drafts', async () => {
    const module = new URL('../../src/config/demo-secret.ts', import.meta.url).href;
    const code = `import(process.argv[1]).then(({ demoSecret }) => console.log(demoSecret(process.argv[2])))`;
    const ask = async () => {
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '-e', code, module, folder]);
      return stdout.trim();
    };
    const secrets = new Set(await Promise.all([ask(), ask(), ask()]));
    assert.deepEqual([...secrets], [demoSecret(folder)]);
    assert.deepEqual(readdirSync(folder), ['simulator.secret']);
  });

  it('is another than the pepper, which is made in the same way', () => {
    assert.notEqual(demoPepper(folder), demoSecret(folder));
    assert.equal(demoPepper(folder), demoPepper(folder));
    assert.ok(demoPepper(folder).length >= 32);
    assert.deepEqual(readdirSync(folder).toSorted(), ['pepper.secret', 'simulator.secret']);
  });

  it('differs from folder to folder', () => {
    assert.notEqual(demoSecret(join(folder, 'a')), demoSecret(join(folder, 'b')));
  });
});
