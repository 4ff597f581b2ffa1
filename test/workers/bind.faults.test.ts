import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Intent } from '../../src/activation/intent.ts';
import { addCards, arrive, inbound, look, outcomes } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { CLUB, card, phone } from '../support/world.ts';
import { binder } from './binder.ts';

const says = (from: number, kind: 'help' | 'none') => inbound(phone(from), { kind });

describe('an SMS that cannot be decided', () => {
  const store = freshStore();

  const due = (id: string) =>
    sql`UPDATE inbox SET next_attempt_at = clock_timestamp() WHERE id = ${id}`.execute(store.db);
  const state = async (id: string) =>
    (
      await look(
        store.db,
        sql`SELECT state, outcome, attempts,
          round(extract(epoch FROM next_attempt_at - clock_timestamp()))::int AS due_in,
          round(extract(epoch FROM sweep_at - clock_timestamp()))::int AS swept_in FROM inbox WHERE id = ${id}`,
      )
    )[0];
  const setIntent = (id: string, intent: Intent) =>
    sql`UPDATE inbox SET intent = ${JSON.stringify(intent)}::jsonb WHERE id = ${id}`.execute(store.db);

  const poisons: readonly [string, (id: string) => Promise<unknown>][] = [
    ['with an intent that is nonsense', (id) => setIntent(id, { kind: 'nonsense' } as unknown as Intent)],
    ['that the database refuses', (id) => sql`UPDATE inbox SET sender = NULL WHERE id = ${id}`.execute(store.db)],
  ];
  for (const [what, poison] of poisons) {
    it(`${what} is set aside alone after three tries in a minute and more; its neighbours go through at the first`, async () => {
      const { db } = store;
      const worker = binder(db);
      const ids = await arrive(db, [says(0, 'help'), says(1, 'help'), says(2, 'none')]);
      const [, bad = ''] = ids;
      await poison(bad);
      await worker.bind(ids);
      assert.deepEqual(await outcomes(db), { help: 1, 'no-card-number': 1, received: 1 });
      const waits = { state: 'received', outcome: null };
      assert.deepEqual(await state(bad), { ...waits, attempts: 1, due_in: 10, swept_in: 10 });
      await worker.bind(ids);
      assert.deepEqual(await state(bad), { ...waits, attempts: 1, due_in: 10, swept_in: 10 }, 'it waits');
      await due(bad);
      await worker.bind([bad]);
      assert.deepEqual(await state(bad), { ...waits, attempts: 2, due_in: 60, swept_in: 60 });
      for (let attempt = 3; attempt <= 4; attempt += 1) {
        await due(bad);
        await worker.bind([bad]);
      }
      assert.deepEqual(await look(db, sql`SELECT state, outcome, attempts FROM inbox WHERE id = ${bad}`), [
        { state: 'quarantined', outcome: 'error', attempts: 3 },
      ]);
      assert.deepEqual(await look(db, sql`SELECT kind, inbound_id FROM cases`), [
        { kind: 'quarantined', inbound_id: bad },
      ]);
    });
  }

  it('because the schema is not what it should be waits for as long as that lasts, and nothing counts against it', async () => {
    const { db } = store;
    const worker = binder(db);
    const ids = await arrive(db, [says(0, 'help'), says(1, 'help')]);
    await sql`ALTER TABLE cards RENAME COLUMN status TO gone`.execute(db);
    try {
      for (let attempt = 1; attempt <= 4; attempt += 1) await assert.rejects(worker.bind(ids), { code: '42703' });
    } finally {
      await sql`ALTER TABLE cards RENAME COLUMN gone TO status`.execute(db);
    }
    assert.deepEqual(await look(db, sql`SELECT DISTINCT state, attempts FROM inbox`), [
      { state: 'received', attempts: 0 },
    ]);
    await worker.bind(ids);
    assert.deepEqual(await outcomes(db), { help: 2 });
  });

  it('because this process does not know its programme is looked at every minute until one does', async () => {
    const { db } = store;
    const fresh = { ...CLUB, key: 'fresh' };
    const before = binder(db);
    const ids = await arrive(db, [says(0, 'help'), { ...says(1, 'help'), program: 'fresh' }]);
    const [, of = ''] = ids;
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await due(of);
      await before.bind(ids);
      const waits = { state: 'received', outcome: null, attempts: 0, due_in: 60, swept_in: 60 };
      assert.deepEqual(await state(of), waits);
    }
    await due(of);
    await binder(db, { programs: [CLUB, fresh] }).bind(ids);
    assert.deepEqual(await outcomes(db), { help: 2 });
    assert.deepEqual(await look(db, sql`SELECT FROM cases`), []);
  });

  it('because its programme was taken out is set aside after a day', async () => {
    const { db } = store;
    const [id = ''] = await arrive(db, [{ ...says(0, 'help'), program: 'gone' }]);
    await sql`UPDATE inbox SET received_at = now() - interval '25 hours'`.execute(db);
    await binder(db).bind([id]);
    assert.deepEqual(await look(db, sql`SELECT state, outcome, attempts FROM inbox`), [
      { state: 'quarantined', outcome: 'error', attempts: 0 },
    ]);
    assert.deepEqual(await look(db, sql`SELECT kind, program, inbound_id FROM cases`), [
      { kind: 'quarantined', program: 'gone', inbound_id: id },
    ]);
  });

  it('is read again by the worker, when reading failed on arrival', async () => {
    const { db } = store;
    const text = `Карта ${card(1)}`;
    await addCards(db, [{ number: card(1) }]);
    await binder(db).bind(await arrive(db, [inbound(phone(0), { kind: 'none' }, { intent: undefined, text })]));
    assert.deepEqual(await outcomes(db), { activated: 1 });
  });
});
