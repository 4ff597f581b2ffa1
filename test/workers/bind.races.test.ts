import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Database } from '../../src/store/database.ts';
import { addCards, arrive, inbound, lockWaiters, look, outcomes } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { waitFor } from '../support/wait-for.ts';
import { CLUB, card, clubWith, phone } from '../support/world.ts';
import { binder, openPool } from './binder.ts';

const MANY = 64;
const many = Array.from({ length: MANY }, (_, n) => n);
const asksFor = (from: number, n: number) => inbound(phone(from), { kind: 'card', card: card(n) });

describe('64 bind workers at once', () => {
  const store = freshStore();
  let pools: Database[];
  let quotaDb: Database;
  beforeEach(() => {
    pools = [store.db, ...[1, 2, 3].map(() => openPool(store.url, 8))];
    quotaDb = openPool(store.url, 2);
  });
  afterEach(async () => {
    await Promise.all([quotaDb, ...pools.slice(1)].map((pool) => pool.destroy()));
  });

  /** Each pack in a worker of its own, all started in one go; on one pool or spread over four, as over four processes. */
  async function race(packs: readonly (readonly string[])[], over: 'one pool' | 'four pools', programs = [CLUB]) {
    const workers = packs.map((ids, n) => {
      const db = pools[over === 'one pool' ? 0 : n % pools.length] ?? store.db;
      return { ids, worker: binder(db, { quotaDb, programs }) };
    });
    await Promise.all(workers.map(({ ids, worker }) => worker.bind(ids)));
    return workers.flatMap(({ worker }) => worker.replies);
  }

  const count = async (from: string) =>
    (await look<{ count: number }>(store.db, sql`SELECT count(*)::int AS count FROM ${sql.raw(from)}`))[0]?.count;
  const openBindings = () => count('bindings WHERE closed_at IS NULL');
  const opened = () => count(`audit_events WHERE action = 'binding.opened'`);
  const replies = () => count('replies');
  const each = (ids: readonly string[]) => ids.map((id) => [id]);

  for (const over of ['one pool', 'four pools'] as const) {
    it(`give a card that 64 phones text to one of them, and tell the others the truth (${over})`, async () => {
      const { db } = store;
      const support = clubWith({ rebind: { phoneHasAnotherCard: 'code', cardHasAnotherPhone: 'support' } });
      await addCards(db, [{ number: card(0) }]);
      await race(
        each(
          await arrive(
            db,
            many.map((n) => asksFor(n, 0)),
          ),
        ),
        over,
        [support],
      );
      assert.deepEqual(await outcomes(db), { activated: 1, 'card-has-another-phone': MANY - 1 });
      assert.deepEqual([await openBindings(), await opened(), await replies()], [1, 1, MANY]);
      assert.equal(await count('cases'), MANY - 1);
    });

    it(`give a phone that texts 64 cards one of them, and offer it one other (${over})`, async () => {
      const { db } = store;
      await addCards(
        db,
        many.map((n) => ({ number: card(n) })),
      );
      await race(
        each(
          await arrive(
            db,
            many.map((n) => asksFor(0, n)),
          ),
        ),
        over,
      );
      assert.deepEqual(await outcomes(db), { activated: 1, 'phone-has-another-card': MANY - 1 });
      assert.deepEqual([await openBindings(), await opened()], [1, 1]);
      assert.equal(await count('offers WHERE closed_at IS NULL'), 1);
      assert.equal(await replies(), 5, 'and text it five times, no more');
    });

    it(`bind a phone and a card once that are texted 64 times (${over})`, async () => {
      const { db } = store;
      await addCards(db, [{ number: card(0) }]);
      await race(
        each(
          await arrive(
            db,
            many.map(() => asksFor(0, 0)),
          ),
        ),
        over,
      );
      assert.deepEqual(await outcomes(db), { activated: 1, 'already-active': MANY - 1 });
      assert.deepEqual([await openBindings(), await opened()], [1, 1]);
    });

    it(`decide an SMS once that 64 jobs name (${over})`, async () => {
      const { db } = store;
      await addCards(db, [{ number: card(0) }]);
      const [id = ''] = await arrive(db, [asksFor(0, 0)]);
      const handedOn = await race(
        many.map(() => [id]),
        over,
      );
      assert.deepEqual(await outcomes(db), { activated: 1 });
      assert.deepEqual([await opened(), await replies(), handedOn.length], [1, 1, 1]);
    });
  }

  it('carry crossed switches and releases through without an error', async () => {
    const { db } = store;
    const pairs = Array.from({ length: 16 }, (_, n) => n);
    // Of each pair one phone moves from a card to a free one, and one gives its card to a newcomer.
    await addCards(
      db,
      pairs.flatMap((n) => [
        { number: card(n), holder: phone(n) },
        { number: card(100 + n), holder: phone(100 + n) },
        { number: card(200 + n) },
      ]),
    );
    const asking = pairs.flatMap((n) => [asksFor(n, 200 + n), asksFor(300 + n, 100 + n)]);
    const ids = await arrive(db, asking);
    await race([ids.slice(0, 16), ids.slice(16)], 'four pools');
    const codes = new Map(
      (await look<{ phone: string; code: string }>(db, sql`SELECT phone, code FROM offers`)).map((one) => [
        one.phone,
        one.code,
      ]),
    );
    const answer = (n: number) => inbound(phone(n), { kind: 'code', code: codes.get(phone(n)) ?? '' });
    // Neighbours answer in opposite orders and in packs that overlap with everybody else's.
    const forward = await arrive(db, pairs.map(answer));
    const backward = await arrive(
      db,
      pairs.toReversed().map((n) => answer(100 + n)),
    );
    const shuffle = (n: number) => [...forward.slice(n * 4, n * 4 + 4), ...backward.slice(n * 4, n * 4 + 4)];
    const packs = [0, 1, 2, 3].map(shuffle);
    await race([...packs, ...packs.map((pack) => pack.toReversed())], 'four pools');
    assert.deepEqual(await outcomes(db), {
      'card-has-another-phone': 16,
      'phone-has-another-card': 16,
      released: 16,
      switched: 16,
    });
    assert.deepEqual([await openBindings(), await opened()], [32, 64]);
  });

  it('get over a deadlock with whoever locks in another order', async () => {
    const { db } = store;
    await addCards(db, [{ number: card(0) }]);
    await sql`INSERT INTO phones (program, phone) VALUES ('club', ${phone(0)})`.execute(db);
    const ids = await arrive(db, [asksFor(0, 0)]);
    // Holds the card and wants the phone, while the worker has the phone and wants the card: the worker, which waited
    // first, is the one that Postgres ends.
    const { bound } = await db.transaction().execute(async (trx) => {
      await sql`SELECT FROM cards WHERE number = ${card(0)} FOR UPDATE`.execute(trx);
      const bound = binder(pools[1] ?? db, { quotaDb }).bind(ids);
      await waitFor(async () => (await lockWaiters(db)) > 0, { what: 'the worker to wait for the card' });
      await sql`SELECT FROM phones WHERE phone = ${phone(0)} FOR UPDATE`.execute(trx);
      return { bound };
    });
    await bound;
    assert.deepEqual(await outcomes(db), { activated: 1 });
  });
});
