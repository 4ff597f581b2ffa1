import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { claimPack } from '../../src/store/claim-pack.ts';
import type { Database } from '../../src/store/database.ts';
import { moveAway, putOff } from '../../src/store/hold-back.ts';
import { differingFromKept, keepInbound, recordInboundFailure } from '../../src/store/inbox.ts';
import { preparePartitions } from '../../src/store/partitions.ts';
import { applyReceipts } from '../../src/store/receipts.ts';
import { claimReplies, recordAttempts } from '../../src/store/replies.ts';
import { addCards, arrive, inbound, look } from '../support/club.ts';
import { waitFor } from '../support/wait-for.ts';
import { card, phone } from '../support/world.ts';
import { binder } from '../workers/binder.ts';
import { monthsAgo, moveTo } from './in-month.ts';
import { openTestPool, openTestStore, type TestStore } from './open-test-store.ts';
import { addReplies } from './outbox.ts';

const texts = [0, 1, 2].map((n) => inbound(phone(n), { kind: 'card', card: card(n) }));

/** What is done to messages by their ids. */
const WORK: Readonly<Record<string, (db: Database) => Promise<void>>> = {
  'to keep SMS, also repeated ones': async (db) => {
    await arrive(db, texts);
    await arrive(db, texts);
  },
  'to claim SMS': async (db) => {
    const ids = await arrive(db, texts);
    const nobody = { phones: new Set<never>(), cards: new Set<never>() };
    const [pack] = await db.transaction().execute((trx) => claimPack(trx, ids, nobody));
    assert.equal(pack?.rows.length, 3);
  },
  'to compare SMS that come again': async (db) => {
    await keepInbound(db, texts);
    assert.deepEqual(await differingFromKept(db, texts), []);
  },
  'to set SMS back': async (db) => {
    await recordInboundFailure(db, await arrive(db, texts), 'a reason');
  },
  'to decide SMS and answer them': async (db) => {
    await addCards(
      db,
      [0, 1, 2].map((n) => ({ number: card(n) })),
    );
    const { bind, replies } = binder(db);
    await bind(await arrive(db, texts));
    assert.equal((await claimReplies(db, 'main', replies)).length, 3);
  },
  'to send replies': async (db) => {
    const claimed = await claimReplies(db, 'main', await addReplies(db, [{}, {}]));
    const refused = { kind: 'failed', errorCode: '1', isOptOut: true } as const;
    const taken = { kind: 'accepted', providerMessageId: 'P' } as const;
    await recordAttempts(
      db,
      claimed.map(({ id, attempted_at: attemptedAt }, n) => ({
        id,
        attemptedAt,
        text: 'a',
        segments: 1,
        result: n === 0 ? refused : taken,
      })),
    );
  },
  'to put replies off and to move them': async (db) => {
    const ids = await addReplies(db, [{}, {}]);
    assert.equal((await moveAway(db, 'main', ids, [{ program: 'club', channel: 'second', sender: '1' }])).length, 2);
    assert.equal((await putOff(db, 'second', ids, 1_000)).length, 2);
  },
  'to apply receipts that bring our id': async (db) => {
    const ids = await addReplies(db, [{ status: 'sending' }, { status: 'sending' }]);
    const receipts = ids.map(
      (replyId) => ({ replyId, providerMessageId: 'P', status: 'delivered', isOptOut: true }) as const,
    );
    assert.equal((await applyReceipts(db, 'main', receipts)).found, 2);
  },
};

describe('of all the months, Postgres looks into one', () => {
  let store: TestStore;
  let working: Database;
  beforeEach(async () => {
    store = await openTestStore();
    await preparePartitions(store.db, monthsAgo(6));
    working = openTestPool(store.url);
  });
  afterEach(() => store.close());

  it('and into several where the ids are of several, whatever their order', async () => {
    const [first = '', second = '', third = ''] = await addReplies(store.db, [{}, {}, {}]);
    const old = await moveTo(store.db, 'replies', second, monthsAgo(5));
    const older = await moveTo(store.db, 'replies', third, monthsAgo(6));
    const claimed = await claimReplies(working, 'main', [old, first, older]);
    assert.deepEqual(
      claimed.map(({ id }) => id),
      [older, old, first],
    );
    await working.destroy();
  });

  it('with one plan for all values, as the pool asks for', async () => {
    await working.destroy();
    assert.deepEqual(await look(store.db, sql`SHOW plan_cache_mode`), [{ plan_cache_mode: 'force_generic_plan' }]);
  });

  for (const [what, work] of Object.entries(WORK)) {
    it(what, async () => {
      await work(working);
      await working.destroy();
      const others = sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;
      await waitFor(async () => (await look(store.db, others)).length === 0, { what: 'every connection to count' });
      const looked = sql`SELECT DISTINCT right(relname, 7) AS month FROM pg_stat_user_tables
        WHERE relname ~ '^(inbox|replies)_\\d' AND coalesce(seq_scan, 0) + coalesce(idx_scan, 0) > 0`;
      const present = sql`SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM') AS month`;
      // To keep SMS it need not look at what was kept before.
      if (what.startsWith('to keep')) return assert.deepEqual(await look(store.db, looked), []);
      // Postgres 14 counts in a process of its own, which is told a little later.
      await waitFor(async () => (await look(store.db, looked)).length > 0, { what: 'the count' });
      assert.deepEqual(await look(store.db, looked), await look(store.db, present));
    });
  }
});
