import assert from 'node:assert/strict';
import { createAuthenticator } from '../../../src/http/api/authenticate.ts';
import { quiet } from '../../http/client.ts';
import { freshStore } from '../../support/fresh-store.ts';
import { CLUB } from '../../support/world.ts';
import { runCommand } from '../run-command.ts';

const programs = new Map([
  ['club', CLUB],
  ['bakery', { ...CLUB, key: 'bakery', name: 'Bakery' }],
]);

describe('cardwake keys', () => {
  const store = freshStore();
  const keys = (...args: string[]) => runCommand({ settings: { programs }, db: store.db }, 'keys', ...args);
  const create = (...more: string[]) =>
    keys('create', '--program', 'club', '--scopes', 'cards:read, members:read', '--name', 'Till 3', ...more);

  it('create prints the key alone on the standard output, and it opens the door', async () => {
    const { exitCode, out, err } = await create('--shop', 'Shop 1', '--expires', '365d');
    assert.equal(exitCode, 0);
    assert.match(out.join('\n'), /^[a-z2-7]{10}\.[\w-]{43}$/);
    assert.match(
      err.join('\n'),
      /^Keep it now: it is not shown again\. It belongs to Club and may cards:read, members:read\.\nIt ends on 20/,
    );
    const authenticate = createAuthenticator({ db: store.db, programs, log: quiet, now: () => new Date() });
    const { program, shop, scopes } = await authenticate(`Bearer ${out[0]}`);
    assert.deepEqual([program.key, shop, [...scopes]], ['club', 'Shop 1', ['cards:read', 'members:read']]);
  });

  it('list shows whose it is, what it may, until when and its last use, and never the secret', async () => {
    const [key = ''] = (await create('--shop', 'Shop 1', '--expires', '30d')).out;
    const [prefix = '', secret = ''] = key.split('.');
    const before = await keys('list', '--program', 'club');
    assert.match(before.out.join('\n'), new RegExp(`${prefix}  Till 3 \\(club, Shop 1\\): valid until 20\\d\\d-`));
    assert.match(
      before.out.join('\n'),
      /may cards:read, members:read\n {12}made 20\d\d-\d\d-\d\d by cli:\S+, never used/,
    );
    await store.db
      .updateTable('api_keys')
      .set({ last_used_at: new Date('2026-01-31T10:20:30Z') })
      .execute();
    const after = (await keys('list')).out.join('\n');
    assert.match(after, /last used 2026-01-31 10:20 UTC/);
    assert.ok(!after.includes(secret));
    assert.ok(!(await keys('list', '--program', 'bakery')).out.join('\n').includes(prefix));
  });

  it('revoke ends a key by its prefix or by the whole of it, once', async () => {
    const [key = ''] = (await create()).out;
    const [prefix = ''] = key.split('.');
    assert.deepEqual((await keys('revoke', key)).out, [`Key ${prefix} is revoked.`]);
    assert.deepEqual((await keys('revoke', prefix)).out, [`Key ${prefix} was revoked before.`]);
    assert.match((await keys('list')).out.join('\n'), new RegExp(`${prefix}  Till 3 \\(club\\): revoked 20`));
    const unknown = await keys('revoke', 'nosuchkey2');
    assert.equal(unknown.exitCode, 1);
    assert.match(unknown.err.join('\n'), /There is no such key/);
  });

  const wrong: readonly (readonly string[])[] = [
    ['create', '--program', 'club', '--name', 'x'],
    ['create', '--program', 'club', '--name', 'x', '--scopes', 'cards:read,cards:write'],
    ['create', '--program', 'club', '--name', ' ', '--scopes', 'cards:read'],
    ['create', '--program', 'club', '--name', 'x', '--scopes', 'cards:read', '--expires', '1y'],
    ['create', '--program', 'club', '--name', 'x', '--scopes', 'cards:read', '--expires', '0d'],
  ];
  for (const args of wrong) {
    it(`makes no key of: ${args.slice(3).join(' ')}`, async () => {
      assert.equal((await keys(...args)).exitCode, 2);
    });
  }

  it('asks which programme when there are several', async () => {
    const { exitCode, err } = await keys('create', '--name', 'x', '--scopes', 'cards:read');
    assert.equal(exitCode, 1);
    assert.match(err.join('\n'), /--program club\|bakery/);
  });
});
