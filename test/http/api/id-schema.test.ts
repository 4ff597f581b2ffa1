import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { DECLARED_ROUTES } from '../../../src/http/api/routes.ts';
import { type Seeds, seed } from '../../support/api-seeds.ts';
import { type ApiWorld, openApiWorld } from '../../support/api-world.ts';
import { look } from '../../support/club.ts';
import { sampleCall } from './sample-call.ts';

const OTHER_SPELLINGS: readonly (readonly [what: string, spell: (id: string) => string])[] = [
  ['in braces', (id) => `{${id}}`],
  ['in brackets', (id) => `[${id}]`],
  ['in parentheses', (id) => `(${id})`],
  ['with colons', (id) => id.replaceAll('-', ':')],
  ['without hyphens', (id) => id.replaceAll('-', '')],
];

const ROUTES = DECLARED_ROUTES.filter(({ path }) => path.includes('{id}'));

describe('an id in another spelling', () => {
  let world: ApiWorld;
  let seeds: Seeds;
  let token: string;

  before(async () => {
    world = await openApiWorld();
    const scopes = ['activations:activate', 'cases:resolve', 'members:read', 'members:write'] as const;
    token = await world.giveKey('club', scopes, { shop: 'Shop 1' });
  });

  beforeEach(async () => {
    seeds = await seed(world.db, 'club', 0);
  });

  after(() => world.close());

  for (const route of ROUTES) {
    const call = (spell: (id: string) => string) => {
      const { path, ...request } = sampleCall(route, seeds);
      const [, id = ''] = /([0-9a-f-]{36})/.exec(path) ?? [];
      return world.call({ ...request, path: path.replace(id, encodeURIComponent(spell(id))), token });
    };

    it(`does the same by ${route.id} in upper case`, async () => {
      const { status, text } = await call((id) => id.toUpperCase());
      assert.ok(status < 300, text);
    });

    it(`is refused by ${route.id} where Postgres would not read it, or we not compare it`, async () => {
      for (const [what, spell] of OTHER_SPELLINGS) {
        const { status, body } = await call(spell);
        assert.deepEqual([status, body.code, body.mistakes?.[0]?.path], [400, 'invalid-request', 'params.id'], what);
      }
    });
  }

  it('stands as Postgres writes it in the audit of what was done to a member', async () => {
    const path = `/v1/members/${seeds.ids.member.toUpperCase()}`;
    const headers = { 'if-match': '"1"' };
    assert.equal((await world.call({ method: 'patch', path, token, headers, body: { name: 'Anna' } })).status, 200);
    const named = sql`SELECT after ->> 'member' AS member FROM audit_events WHERE action = 'member.updated'`;
    assert.deepEqual(await look(world.db, named), [{ member: seeds.ids.member }]);
  });
});
