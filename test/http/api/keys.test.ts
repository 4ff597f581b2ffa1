import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { hashSecret, makeToken, readBearer } from '../../../src/http/api/token.ts';
import { revokeApiKey } from '../../../src/store/api-keys.ts';
import { type ApiWorld, openApiWorld } from '../../support/api-world.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('API keys', () => {
  let world: ApiWorld;

  before(async () => {
    world = await openApiWorld({ rateLimits: { reads: 1e9, writes: 1e9, visitors: 1e9, failures: 1e9 } });
  });

  after(() => world.close());

  const read = (token: string | undefined, origin?: string) =>
    world.call({ method: 'get', path: '/v1/members?profile=incomplete', token }, origin);

  it('open the door for what they may do', async () => {
    assert.equal((await read(await world.giveKey('club', ['members:read']))).status, 200);
  });

  it('are kept as a hash alone', async () => {
    const token = await world.giveKey('club', ['members:read']);
    const [prefix = '', secret = ''] = token.split('.');
    const { rows } = await sql<{ row: string }>`SELECT to_jsonb(k)::text AS row FROM api_keys k`.execute(world.db);
    assert.ok(rows.every(({ row }) => !row.includes(secret)));
    const kept = await world.db
      .selectFrom('api_keys')
      .selectAll()
      .where('prefix', '=', prefix)
      .executeTakeFirstOrThrow();
    assert.deepEqual(kept.secret_hash, hashSecret(secret));
  });

  it('end with the commit of their revocation, in every process', async () => {
    const elsewhere = await world.listenAgain();
    const token = await world.giveKey('club', ['members:read']);
    assert.deepEqual([(await read(token)).status, (await read(token, elsewhere)).status], [200, 200]);
    const [prefix = ''] = token.split('.');
    assert.equal(await revokeApiKey(world.db, prefix, 'cli:test'), 'revoked');
    assert.deepEqual([(await read(token)).status, (await read(token, elsewhere)).status], [401, 401]);
    assert.equal(await revokeApiKey(world.db, prefix, 'cli:test'), 'revoked-before');
    assert.equal(await revokeApiKey(world.db, 'nosuchkey2', 'cli:test'), 'unknown');
  });

  it('end when their time is over', async () => {
    const token = await world.giveKey('club', ['members:read'], { expiresAt: new Date(Date.now() + 60_000) });
    assert.equal((await read(token)).status, 200);
    world.passTime(61_000);
    assert.equal((await read(token)).status, 401);
    world.passTime(-61_000);
  });

  it('are worth nothing when their programme is gone or one character is wrong', async () => {
    const token = await world.giveKey('club', ['members:read']);
    const last = token.at(-1) === 'A' ? 'B' : 'A';
    assert.equal((await read(token.slice(0, -1) + last)).status, 401);
    assert.equal((await read(await world.giveKey('gone' as 'club', ['members:read']))).status, 401);
  });

  it('are refused in every other form', async () => {
    const token = await world.giveKey('club', ['members:read']);
    const { prefix, secret } = makeToken();
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      `Basic ${token}`,
      token,
      `Bearer ${token}x`,
      `Bearer ${prefix}`,
      `Bearer .${secret}`,
      `Bearer ${token} ${token}`,
      `Bearer ${prefix}.${secret}`,
      `Bearer ${'x'.repeat(5_000)}`,
    ]) {
      const path = '/v1/members?profile=incomplete';
      const answer = await world.call({ method: 'get', path, headers: { authorization } });
      assert.deepEqual([answer.status, answer.body.code], [401, 'unauthenticated']);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer realm="cardwake"/);
    }
    assert.deepEqual(readBearer(`bearer  ${token}`), readBearer(`Bearer ${token}`));
  });

  it('have their use noted once a minute, and not on the way of the answer', async () => {
    const token = await world.giveKey('club', ['members:read']);
    const [prefix = ''] = token.split('.');
    const lastUse = async () =>
      (await world.db.selectFrom('api_keys').select('last_used_at').where('prefix', '=', prefix).executeTakeFirst())
        ?.last_used_at ?? undefined;
    assert.equal(await lastUse(), undefined);
    await read(token);
    const first = await waitFor(lastUse, { what: 'the use to be noted' });
    await read(token);
    // Another process does not know of the first note, and leaves it as it is.
    await read(token, await world.listenAgain());
    await read(token);
    assert.deepEqual(await lastUse(), first);
  });

  it('leave a row in the audit when they are made and when they are revoked, without the secret', async () => {
    const [prefix = '', secret = ''] = (await world.giveKey('club', ['members:read'], { shop: 'Shop 1' })).split('.');
    await revokeApiKey(world.db, prefix, 'cli:anna');
    const { rows } = await sql<{ action: string; actor: string; after: object | null; before: object | null }>`
      SELECT action, actor, after, before FROM audit_events
      WHERE after ->> 'prefix' = ${prefix} OR before ->> 'prefix' = ${prefix} ORDER BY id`.execute(world.db);
    assert.deepEqual(rows, [
      {
        action: 'key.created',
        actor: 'cli:test',
        before: null,
        after: { prefix, name: 'test', shop: 'Shop 1', scopes: ['members:read'], expiresAt: null },
      },
      { action: 'key.revoked', actor: 'cli:anna', before: { prefix, name: 'test' }, after: null },
    ]);
    assert.ok(!JSON.stringify(rows).includes(secret));
  });
});
