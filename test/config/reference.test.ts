import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationReference } from '../../src/config/reference.ts';
import { PACKAGE_ROOT } from '../../src/config.ts';

describe('configurationReference', () => {
  it('is what docs/configuration.md says; after a change: npx cardwake config docs > docs/configuration.md', () => {
    assert.equal(readFileSync(join(PACKAGE_ROOT, 'docs/configuration.md'), 'utf8'), configurationReference());
  });

  it('explains every key', () => {
    const unexplained = configurationReference()
      .split('\n')
      .filter((line) => line.startsWith('| `') && / \| {2}\|$/.test(line));
    assert.deepEqual(unexplained, []);
  });

  it('tells every key that the production example uses', () => {
    const example = readFileSync(join(PACKAGE_ROOT, 'cardwake.example.yaml'), 'utf8');
    const keys = new Set([...example.matchAll(/^ {4,}(?:- )?([a-zA-Z]+):/gm)].map(([, key]) => key));
    assert(keys.size > 20);
    for (const key of keys) assert.match(configurationReference(), new RegExp(`[.\`]${key}\``));
  });
});
