import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ConfigError } from '../../../src/config/problem.ts';
import { loadSettings, PACKAGE_ROOT } from '../../../src/config.ts';
import { PROVIDERS } from '../../../src/providers/registry.ts';

interface Case {
  readonly title: string;
  readonly swap: string;
  readonly for: string;
  /** Taken out as well. */
  readonly also?: string;
  /** `path: message`, every one. */
  readonly expect: readonly string[];
}

const CASES = parse(readFileSync(join(import.meta.dirname, 'declaration.cases.yaml'), 'utf8')) as readonly Case[];
const GOOD = readFileSync(join(PACKAGE_ROOT, 'examples/providers/smsc-ru.yaml'), 'utf8');
const VARIABLES = {
  SMSC_SECRET: 'hidden-secret',
  SMSC_LOGIN: 'club',
  SMSC_PASSWORD: 'hidden-password',
  ACME_SECRET: 'hidden-secret',
  ACME_KEY: 'hidden-key',
};

describe('a broken declaration of a provider is refused with its path and advice', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cardwake-declaration-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const complaintsAbout = (text: string): readonly string[] => {
    const file = join(folder, 'cardwake.yaml');
    writeFileSync(file, text);
    try {
      loadSettings(VARIABLES, { file });
      return [];
    } catch (error) {
      assert(error instanceof ConfigError, String(error));
      assert.doesNotMatch(error.message, /hidden/);
      return error.problems.map(({ path, message, position }) => {
        assert.ok(position !== undefined && position.line > 30, 'it has its line');
        return `${path}: ${message}`;
      });
    }
  };

  it('but not the one that all cases begin with', () => assert.deepEqual(complaintsAbout(GOOD), []));

  for (const { title, swap, for: by, also = '', expect } of CASES) {
    it(title, () => {
      assert.ok(GOOD.includes(swap) && GOOD.includes(also), 'nothing would be swapped');
      assert.deepEqual(complaintsAbout(GOOD.replace(swap, by).replace(also, '')), expect);
    });
  }

  it('nor the one that docs/providers/http.md shows', () => {
    const page = readFileSync(join(PACKAGE_ROOT, 'docs/providers/http.md'), 'utf8');
    const shown = /```yaml\n(channels:[\s\S]*?)```/.exec(page)?.[1] ?? assert.fail('no example');
    const [programs] = GOOD.split('channels:\n');
    assert.deepEqual(complaintsAbout(`${programs}${shown}`), []);
  });

  it('and never believed for want of a proof, or for one that everybody has', () => {
    const { options } = PROVIDERS.http;
    const rest = {
      messages: { content: 'json', id: 'id', from: 'from', to: 'to', text: 'text' },
      apiBaseUrl: 'https://api.example.com',
      send: { path: '/', outcomes: [{ status: 200, outcome: 'accepted' }] },
    };
    const proofs = [
      {},
      { webhookUser: 'club' },
      { webhookPassword: 'x' },
      { webhookToken: 'short' },
      { webhookToken: [] },
      { sourceAddresses: [] },
      { sourceAddresses: ['0.0.0.0/0'] },
      { sourceAddresses: ['203.0.113.7', '::/0'] },
      { signatureSecret: 'x' },
      { signature: { at: 'header:x', algorithm: 'hmac-sha256', of: '{{ body }}' } },
    ];
    for (const proof of proofs) {
      assert.notEqual(options.validate({ ...rest, ...proof }).error, undefined, JSON.stringify(proof));
    }
    assert.equal(options.validate({ ...rest, sourceAddresses: ['203.0.113.7'] }).error, undefined);
  });
});
