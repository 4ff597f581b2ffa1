import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import Joi from 'joi';
import { sql } from 'kysely';
import { ApiProblem, type ProblemCode } from '../../../src/http/api/problems.ts';
import { route } from '../../../src/http/api/route.ts';
import { deleteOldAnswers } from '../../../src/store/idempotent-answers.ts';
import { type ApiWorld, openApiWorld } from '../../support/api-world.ts';
import { waitFor } from '../../support/wait-for.ts';

interface Work {
  readonly n: number;
  readonly fails?: ProblemCode | 'crash';
}

describe('Idempotency-Key', () => {
  let world: ApiWorld;
  let token: string;
  let runs = 0;
  let gate: Promise<void> = Promise.resolve();

  const work = route<unknown, unknown, Work>({
    id: 'work',
    method: 'post',
    path: '/v1/work',
    summary: 'Works',
    scopes: ['members:write'],
    body: Joi.object<Work>({ n: Joi.number().required(), fails: Joi.string() }),
    answers: { 201: { description: 'Worked.' } },
    async handle({ body: { n, fails } }) {
      runs += 1;
      const run = runs;
      await gate;
      if (fails === 'crash') throw new Error('a fault of ours');
      if (fails !== undefined) throw new ApiProblem(fails, 'It did not work out this time.');
      return { status: 201, body: { n, run }, headers: { etag: `"${run}"` } };
    },
  });

  before(async () => {
    world = await openApiWorld({ routes: [work] });
    token = await world.giveKey('club', ['members:write']);
  });

  beforeEach(() => {
    runs = 0;
    gate = Promise.resolve();
  });

  after(() => world.close());

  const post = (key: string | undefined, body: Work | string, by = token) =>
    world.call({
      method: 'post',
      path: '/v1/work',
      token: by,
      body,
      ...(key !== undefined && { headers: { 'idempotency-key': key } }),
    });

  it('has the work of 64 requests at once done once, and answers all alike in the end', async () => {
    const key = randomUUID();
    const told = await Promise.all(
      Array.from({ length: 64 }, async () => {
        for (;;) {
          const answer = await post(key, { n: 7 });
          if (answer.status !== 409) return answer;
          assert.equal(answer.body.code, 'idempotency-in-progress');
          assert.equal(answer.headers.get('retry-after'), '1');
        }
      }),
    );
    assert.equal(runs, 1);
    for (const { status, body, headers } of told) {
      assert.deepEqual([status, body, headers.get('etag')], [201, { n: 7, run: 1 }, '"1"']);
    }
    assert.equal(told.filter(({ headers }) => headers.get('idempotency-replayed') === 'true').length, 63);
  });

  it('does the work of each request without a key', async () => {
    await post(undefined, { n: 1 });
    await post(undefined, { n: 1 });
    assert.equal(runs, 2);
  });

  it('is a world of its own for each API key', async () => {
    const key = randomUUID();
    const other = await world.giveKey('bakery', ['members:write']);
    assert.equal((await post(key, { n: 1 })).body.run, 1);
    assert.equal((await post(key, { n: 1 }, other)).body.run, 2);
  });

  it('answers 409 to another body under the same key', async () => {
    const key = randomUUID();
    await post(key, { n: 1 });
    const answer = await post(key, { n: 2 });
    assert.deepEqual([answer.status, answer.body.code], [409, 'idempotency-key-reused']);
    assert.equal(runs, 1);
  });

  it('answers 409 to another person under the same key, who is told of nobody else’s deed as their own', async () => {
    const key = randomUUID();
    const as = (person?: string) =>
      world.call({
        method: 'post',
        path: '/v1/work',
        token,
        body: { n: 1 },
        headers: { 'idempotency-key': key, ...(person !== undefined && { 'cardwake-person': person }) },
      });
    await as('Anna');
    for (const other of ['Boris', undefined]) assert.equal((await as(other)).body.code, 'idempotency-key-reused');
    assert.equal((await as('Anna')).headers.get('idempotency-replayed'), 'true');
    assert.equal(runs, 1);
  });

  it('answers 409 to a second request while the first is at work, with the same body or another', async () => {
    const key = randomUUID();
    let finish = () => {};
    gate = new Promise((resolve) => {
      finish = resolve;
    });
    const first = post(key, { n: 1 });
    await waitFor(() => runs === 1, { what: 'the first to be at work' });
    assert.equal((await post(key, { n: 1 })).body.code, 'idempotency-in-progress');
    assert.equal((await post(key, { n: 2 })).body.code, 'idempotency-key-reused');
    finish();
    assert.equal((await first).status, 201);
  });

  it('repeats a problem that stays', async () => {
    const key = randomUUID();
    const first = await post(key, { n: 1, fails: 'unknown-card' });
    const second = await post(key, { n: 1, fails: 'unknown-card' });
    assert.deepEqual([first.status, second.status, runs], [404, 404, 1]);
    assert.deepEqual(second.body, first.body);
    assert.equal(second.headers.get('content-type'), 'application/problem+json');
  });

  for (const fails of ['crash', 'unavailable', 'too-many-codes'] as const) {
    it(`tries again after ${fails}`, async () => {
      const key = randomUUID();
      const first = await post(key, { n: 1, fails });
      assert.ok(first.status >= 500 || first.status === 429);
      await post(key, { n: 1, fails });
      assert.equal(runs, 2);
    });
  }

  it('does not keep what was refused before the work: a corrected request may use the key', async () => {
    const key = randomUUID();
    assert.equal((await post(key, '{"n":"one"}')).status, 400);
    assert.equal((await post(key, { n: 1 })).status, 201);
  });

  it('takes over from a first one that died a minute ago, and the first no longer keeps its answer', async () => {
    const key = randomUUID();
    let finish = () => {};
    gate = new Promise((resolve) => {
      finish = resolve;
    });
    const first = post(key, { n: 1 });
    await waitFor(() => runs === 1, { what: 'the first to be at work' });
    await sql`UPDATE idempotent_answers SET created_at = created_at - interval '61 seconds' WHERE idempotency_key = ${key}`.execute(
      world.db,
    );
    const second = post(key, { n: 1 });
    await waitFor(() => runs === 2, { what: 'the second to be at work' });
    finish();
    const answers = await Promise.all([first, second]);
    assert.deepEqual(
      answers.map(({ body }) => body.run).toSorted((a, b) => a - b),
      [1, 2],
    );
    assert.equal((await post(key, { n: 1 })).body.run, 2);
  });

  it('forgets after 24 hours, and deletes what it forgot', async () => {
    const key = randomUUID();
    await post(key, { n: 1 });
    const age = (hours: number) =>
      sql`UPDATE idempotent_answers SET created_at = now() - make_interval(hours => ${hours})`.execute(world.db);
    await age(23);
    assert.equal((await post(key, { n: 1 })).headers.get('idempotency-replayed'), 'true');
    assert.equal(await deleteOldAnswers(world.db), 0);
    await age(25);
    assert.equal((await post(key, { n: 2 })).body.run, 2);
    await age(25);
    assert.ok((await deleteOldAnswers(world.db)) > 0);
    const { rows } = await sql`SELECT FROM idempotent_answers`.execute(world.db);
    assert.equal(rows.length, 0);
  });

  for (const key of ['', 'with space', 'é', 'x'.repeat(256)]) {
    it(`refuses the key ${key.length > 20 ? 'of 256 characters' : `"${key}"`}`, async () => {
      const answer = await post(key, { n: 1 });
      assert.deepEqual([answer.status, answer.body.mistakes[0].path], [400, 'headers.idempotency-key']);
      assert.equal(runs, 0);
    });
  }
});
