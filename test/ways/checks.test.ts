import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { apiCaller } from '../support/api-caller.ts';
import { openScene, type Scene } from './scene.ts';

const SIXTEEN = Array.from({ length: 16 }, (_, n) => n);

describe('an operator’s check', () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.close());

  const enter = async (caller = scene.clerk) => {
    const [card, phone] = [await scene.freshCard(), scene.freshPhone()];
    const { body } = await caller.post('/v1/activations', { card, phone });
    return { card, phone, id: body.id as string };
  };
  const tally = (statuses: readonly number[]) =>
    Object.fromEntries([...new Set(statuses)].map((one) => [one, statuses.filter((s) => s === one).length]));

  it('sixteen approvals at once bind once and text once', async () => {
    const { card, phone, id } = await enter();
    const answers = await Promise.all(SIXTEEN.map(() => scene.operator.post(`/v1/activations/${id}/approve`)));
    assert.deepEqual(tally(answers.map(({ status }) => status)), { 200: 1, 409: 15 });
    await scene.texts(phone, 1);
    await scene.allSent();
    assert.equal((await scene.texts(phone, 1)).length, 1);
    assert.equal((await scene.ask(sql`SELECT FROM bindings WHERE card = ${card}`)).length, 1);
  });

  it('approvals and rejections at once come to one of the two, and one text', async () => {
    const { card, phone, id } = await enter();
    const answers = await Promise.all(
      SIXTEEN.map((n) =>
        n % 2 === 0
          ? scene.operator.post(`/v1/activations/${id}/approve`)
          : scene.operator.post(`/v1/activations/${id}/reject`, { reason: 'No' }),
      ),
    );
    const won = answers.find(({ status }) => status === 200)?.body.state;
    assert.deepEqual(tally(answers.map(({ status }) => status)), { 200: 1, 409: 15 });
    await scene.allSent();
    assert.equal((await scene.texts(phone, 1)).length, 1);
    assert.equal((await scene.ask(sql`SELECT FROM bindings WHERE card = ${card}`)).length, won === 'done' ? 1 : 0);
  });

  it('sixteen tills that enter one card hold it once', async () => {
    const card = await scene.freshCard();
    const answers = await Promise.all(
      SIXTEEN.map(() => scene.clerk.post('/v1/activations', { card, phone: scene.freshPhone() })),
    );
    assert.deepEqual(tally(answers.map(({ status }) => status)), { 202: 1, 409: 15 });
  });

  it('sixteen tills that activate one card for sixteen phones give it to one', async () => {
    const card = await scene.freshCard();
    const answers = await Promise.all(
      SIXTEEN.map(() => scene.till.post('/v1/activations', { card, phone: scene.freshPhone() })),
    );
    assert.deepEqual(tally(answers.map(({ status }) => status)), { 200: 1, 409: 15 });
    const open = await scene.ask(sql`SELECT FROM bindings WHERE card = ${card} AND closed_at IS NULL`);
    assert.equal(open.length, 1);
  });

  const WHO: readonly (readonly [entered: string | undefined, decides: string | undefined, status: number])[] = [
    [undefined, undefined, 403],
    ['Anna', undefined, 403],
    [undefined, 'Boris', 403],
    ['Anna', 'Anna', 403],
    ['Anna', 'ANNA', 403],
    ['Anna', 'Boris', 200],
  ];
  for (const [entered, decides, status] of WHO) {
    it(`with one key, what ${entered ?? 'nobody by name'} entered ${decides ?? 'nobody by name'} may ${status === 200 ? '' : 'not '}approve`, async () => {
      const scopes = ['activations:enrol', 'cases:resolve'] as const;
      const desk = await apiCaller(scene.service, { scopes, shop: 'north' });
      const { id } = await enter(entered === undefined ? desk : desk.as(entered));
      const answer = await (decides === undefined ? desk : desk.as(decides)).post(`/v1/activations/${id}/approve`);
      assert.equal(answer.status, status);
      if (status !== 200) assert.equal(answer.body.code, 'own-entry');
    });
  }

  it('a person does not approve the own entry with another key either', async () => {
    const { id } = await enter(scene.clerk.as('Anna'));
    assert.equal((await scene.operator.as('Anna').post(`/v1/activations/${id}/approve`)).body.code, 'own-entry');
    assert.equal((await scene.operator.as('Boris').post(`/v1/activations/${id}/approve`)).status, 200);
  });

  it('a key of a shop sees and decides what was entered in that shop, and no other', async () => {
    const scopes = ['cases:resolve'] as const;
    const of = (shop: string) => apiCaller(scene.service, { scopes, shop });
    const [south, north] = [await of('south'), await of('north')];
    const desk = await apiCaller(scene.service, { scopes: ['activations:enrol'], shop: 'south' });
    const { id } = await enter(desk.as('Anna'));
    const listed = async (who: typeof south) => {
      const { body } = await who.get('/v1/activations?limit=200');
      return body.activations.some((one: { id: string }) => one.id === id);
    };
    assert.deepEqual([await listed(south), await listed(north), await listed(scene.operator)], [true, false, true]);
    assert.equal((await north.get(`/v1/activations/${id}`)).status, 404);
    assert.equal((await north.post(`/v1/activations/${id}/approve`)).status, 404);
    assert.equal((await north.post(`/v1/activations/${id}/reject`, { reason: 'x' })).status, 404);
    assert.equal((await south.as('Boris').post(`/v1/activations/${id}/approve`)).status, 200);
  });

  it('the list goes page by page, oldest first, while entries come and go', async () => {
    const entries = [await enter(), await enter(), await enter(), await enter(), await enter()];
    const ids = entries.map(({ id }) => id);
    const seen: string[] = [];
    let next: string | undefined;
    do {
      const page = await scene.operator.get(`/v1/activations?limit=2${next === undefined ? '' : `&after=${next}`}`);
      seen.push(...page.body.activations.map(({ id }: { id: string }) => id));
      next = page.body.next;
      if (seen.length === 2 && next !== undefined)
        await scene.operator.post(`/v1/activations/${next}/reject`, { reason: 'x' });
    } while (next !== undefined);
    assert.deepEqual(
      seen.filter((id) => ids.includes(id)),
      ids,
    );
  });

  it('a customer who opted out gets the card and no text', async () => {
    const { phone, id } = await enter();
    await scene.ask(sql`UPDATE phones SET opted_out_at = now() WHERE phone = ${phone}`);
    assert.equal((await scene.operator.post(`/v1/activations/${id}/approve`)).status, 200);
    assert.deepEqual(await scene.ask(sql`SELECT FROM replies WHERE recipient = ${phone}`), []);
  });

  it('who got the card by SMS meanwhile is not told that it was rejected', async () => {
    const { card, phone, id } = await enter();
    await scene.ask(sql`UPDATE cards SET status = 'issued' WHERE number = ${card}`);
    assert.equal((await scene.till.post('/v1/activations', { card, phone })).status, 200);
    assert.equal((await scene.operator.post(`/v1/activations/${id}/reject`, { reason: 'x' })).status, 200);
    await scene.allSent();
    assert.equal((await scene.texts(phone, 1)).length, 1);
  });
});
