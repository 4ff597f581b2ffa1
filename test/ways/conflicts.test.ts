import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { type ApiCaller, apiCaller } from '../support/api-caller.ts';
import { addCards } from '../support/club.ts';
import { card as cardNumber } from '../support/world.ts';
import { openScene, type Scene } from './scene.ts';

/** What stands in the way, and the problem that says so. `of`: the card that is asked for. */
const CONFLICTS: readonly (readonly [
  what: string,
  code: string,
  status: number,
  of: (scene: Scene) => Promise<string>,
])[] = [
  ['there is no such card', 'unknown-card', 404, () => Promise.resolve(cardNumber(999_999))],
  ['the card is blocked', 'card-blocked', 409, (scene) => given(scene, 'blocked')],
  ['the card was replaced', 'card-blocked', 409, (scene) => given(scene, 'replaced')],
  ['the card waits for its check', 'card-awaiting-check', 409, (scene) => given(scene, 'awaiting-check')],
  ['another phone has the card', 'card-has-another-phone', 409, taken],
];

describe('a card or a phone that cannot be had', () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.close());

  const count = async (table: string) =>
    (await scene.ask<{ n: number }>(sql`SELECT count(*)::int AS n FROM ${sql.raw(table)}`))[0]?.n;
  /** Everything that a refused request must leave as it was. */
  const written = () => Promise.all(['bindings', 'members', 'replies', 'enrolments', 'audit_events'].map(count));

  for (const [what, code, status, of] of CONFLICTS) {
    it(`${what}: a till is told ${code} in every way it asks, and nothing is written`, async () => {
      const body = { card: await of(scene), phone: scene.freshPhone(), profile: { name: 'Anna' } };
      await scene.allSent();
      const before = await written();
      for (const [caller, more] of [
        [scene.till, {}],
        [scene.clerk, {}],
        [scene.till, { confirm: 'code' }],
        [scene.clerk, { confirm: 'code' }],
      ] as const) {
        const answer = await caller.post('/v1/activations', { ...body, ...more });
        assert.deepEqual([answer.status, answer.body.code], [status, code]);
      }
      assert.deepEqual(await written(), before);
    });

    it(`${what}: the website tells ${code} to the right code and to no other`, async () => {
      const [card, phone] = [await of(scene), scene.freshPhone()];
      const { status: begun, body } = await scene.website.post('/v1/registrations', { card, phone });
      assert.equal(begun, 202);
      const path = `/v1/registrations/${body.id}/confirm`;
      const right = await scene.code(phone);
      const wrong = String((Number(right) + 1) % 1_000_000).padStart(6, '0');
      assert.equal((await scene.website.post(path, { code: wrong })).body.code, 'wrong-code');
      const told = await scene.website.post(path, { code: right });
      assert.deepEqual([told.status, told.body.code], [status, code]);
      assert.equal((await scene.website.post(path, { code: right })).body.code, 'already-decided');
      assert.deepEqual(await scene.ask(sql`SELECT FROM members WHERE phone = ${phone}`), []);
    });
  }

  it('the phone has another card: told in every way, and nothing is written', async () => {
    const phone = scene.freshPhone();
    await scene.till.post('/v1/activations', { card: await scene.freshCard(), phone });
    const card = await scene.freshCard();
    await scene.allSent();
    const before = await written();
    for (const caller of [scene.till, scene.clerk]) {
      const answer = await caller.post('/v1/activations', { card, phone });
      assert.deepEqual([answer.status, answer.body.code], [409, 'phone-has-another-card']);
    }
    assert.deepEqual(await written(), before);
  });

  it('an approval decides again: the phone has another card by now, and the entry stays', async () => {
    const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
    const { body } = await scene.clerk.post('/v1/activations', { card, phone });
    await scene.till.post('/v1/activations', { card: await scene.freshCard(), phone });
    const answer = await scene.operator.post(`/v1/activations/${body.id}/approve`);
    assert.deepEqual([answer.status, answer.body.code], [409, 'phone-has-another-card']);
    assert.equal((await scene.operator.get(`/v1/activations/${body.id}`)).body.state, 'awaiting-check');
    assert.equal((await scene.operator.post(`/v1/activations/${body.id}/reject`, { reason: 'Twice' })).status, 200);
  });

  it('a card that was blocked and unblocked while it waited is not held twice', async () => {
    const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
    const { body } = await scene.clerk.post('/v1/activations', { card, phone });
    await scene.ask(sql`UPDATE cards SET status = 'issued' WHERE number = ${card}`);
    const again = await scene.clerk.post('/v1/activations', { card, phone: scene.freshPhone() });
    assert.deepEqual([again.status, again.body.code], [409, 'card-awaiting-check']);
    const approved = await scene.operator.post(`/v1/activations/${body.id}/approve`);
    assert.deepEqual([approved.status, approved.body.outcome], [200, 'activated']);
  });

  it('what is no card or no phone of the programme is refused before anything is looked up', async () => {
    const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
    for (const [body, code] of [
      [{ card: `${card}1`, phone }, 'unsupported-card'],
      [{ card, phone: '12345' }, 'unsupported-phone'],
      [{ card, phone: '+74951234567' }, 'unsupported-phone'],
      [{ card, phone: '+491711234567' }, 'unsupported-phone'],
    ] as const) {
      const answer = await scene.till.post('/v1/activations', body);
      assert.deepEqual([answer.status, answer.body.code], [422, code]);
    }
  });

  it('a programme that takes nobody in this way says so', async () => {
    await addCards(scene.service.db, [{ number: '771000000001' as never }], 'shy');
    const scopes = ['activations:activate', 'activations:enrol'] as const;
    const shy: ApiCaller = await apiCaller(scene.service, { scopes, program: 'shy', shop: 'north' });
    for (const path of ['/v1/activations', '/v1/registrations']) {
      const answer = await shy.post(path, { card: '771000000001', phone: scene.freshPhone() });
      assert.deepEqual([answer.status, answer.body.code], [403, 'way-closed']);
    }
  });

  it('the website’s key, which everybody can read, holds no cards', async () => {
    const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
    for (const more of [{}, { confirm: 'code' }]) {
      const answer = await scene.website.post('/v1/activations', { card, phone, ...more });
      assert.deepEqual([answer.status, answer.body.code], [403, 'forbidden']);
    }
  });

  it('a key of another programme finds neither activations nor registrations', async () => {
    const scopes = ['cases:resolve', 'activations:enrol'] as const;
    const stranger = await apiCaller(scene.service, { scopes, program: 'shy', shop: 'south' });
    const card = await scene.freshCard();
    const { body } = await scene.clerk.post('/v1/activations', { card, phone: scene.freshPhone() });
    assert.equal((await stranger.get(`/v1/activations/${body.id}`)).status, 404);
    assert.equal((await stranger.post(`/v1/activations/${body.id}/approve`)).status, 404);
    assert.equal((await stranger.post(`/v1/activations/${body.id}/reject`, { reason: 'x' })).status, 404);
    assert.deepEqual((await stranger.get('/v1/activations')).body.activations, []);
  });
});

async function given(scene: Scene, status: 'blocked' | 'replaced' | 'awaiting-check'): Promise<string> {
  const card = await scene.freshCard();
  await scene.ask(sql`UPDATE cards SET status = ${status} WHERE number = ${card}`);
  return card;
}

async function taken(scene: Scene): Promise<string> {
  const card = await scene.freshCard();
  await scene.till.post('/v1/activations', { card, phone: scene.freshPhone() });
  return card;
}
