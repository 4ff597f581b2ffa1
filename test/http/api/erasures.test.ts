import assert from 'node:assert/strict';
import { type Seeds, seed, snapshot } from '../../support/api-seeds.ts';
import { type ApiWorld, openApiWorld } from '../../support/api-world.ts';

describe('DELETE /v1/members/{id}', () => {
  let world: ApiWorld;
  let token: string;
  let seeds: Seeds;
  before(async () => {
    world = await openApiWorld();
    token = await world.giveKey('club', ['members:read', 'members:write']);
  });
  beforeEach(async () => {
    seeds = await seed(world.db, 'club', 0);
  });
  after(() => world.close());

  const call = (method: string, headers: Record<string, string> = {}, body?: object) =>
    world.call({ method, path: `/v1/members/${seeds.ids.member}`, token, headers, body });
  const readTag = async () => (await call('get')).headers.get('etag') ?? assert.fail('no ETag');

  it('erases nobody who was changed after they were read', async () => {
    const read = await readTag();
    assert.equal((await call('patch', { 'if-match': read }, { name: 'Olga' })).status, 200);
    const before = await snapshot(world.db, 'club');
    for (const tag of [read, '"999.x"', '*', 'nonsense']) {
      const { status, body } = await call('delete', { 'if-match': tag });
      assert.deepEqual([status, body.code], [412, 'stale'], tag);
    }
    assert.equal(await snapshot(world.db, 'club'), before);
    assert.equal((await call('delete', { 'if-match': await readTag() })).status, 200);
  });

  it('erases whoever it is where no version is named', async () => {
    assert.equal((await call('delete')).status, 200);
    assert.equal((await call('delete', { 'if-match': '"1"' })).status, 404);
  });
});
