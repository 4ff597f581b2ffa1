import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { applyReceipts } from '../../src/store/receipts.ts';
import { claimReplies } from '../../src/store/replies.ts';
import { settleUnanswered, sweepReplies } from '../../src/store/reply-sweep.ts';
import { look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { addReplies, repliesIn } from './outbox.ts';

const HOLD = [{ channel: 'main', waitMs: 600_000, lookups: 0, isResent: false }];
const NOTHING = { unknown: 0, held: 0, resent: [] };

describe('replies without a job', () => {
  const store = freshStore();
  const wait = (seconds: number) =>
    sql`UPDATE replies SET sweep_at = now() - interval '1 second', created_at = now() - ${seconds} * interval '1 second'`.execute(
      store.db,
    );

  it('come back once, however many sweep, and only of the channels that are asked for', async () => {
    const { db } = store;
    const [first, second] = await addReplies(db, [
      {},
      {},
      { channel: 'other' },
      { status: 'sending' },
      { status: 'unknown' },
    ]);
    await wait(9);
    const swept = await Promise.all(Array.from({ length: 8 }, () => sweepReplies(db, ['main', 'third'], 100)));
    assert.deepEqual(
      swept.flat().toSorted((a, b) => Number(BigInt(a.id) - BigInt(b.id))),
      [first, second].map((id) => ({ id, channel: 'main' })),
    );
  });

  it('are left alone as long as their job may still come', async () => {
    await addReplies(store.db, [{}]);
    assert.deepEqual(await sweepReplies(store.db, ['main'], 100), []);
  });

  for (const [waited, next] of [
    [1, 8],
    [30, 30],
    [4_000, 60],
  ] as const) {
    it(`are looked at again after ${next} s when they waited ${waited} s`, async () => {
      await addReplies(store.db, [{}]);
      await wait(waited);
      await sweepReplies(store.db, ['main'], 100);
      const [row] = await repliesIn(store.db);
      assert.ok(Math.abs((row?.swept_in ?? 0) - next) <= 1, `${row?.swept_in}`);
    });
  }

  it('are looked at again only after their next attempt', async () => {
    await addReplies(store.db, [{}]);
    await wait(30);
    await sql`UPDATE replies SET next_attempt_at = now() + interval '5 minutes'`.execute(store.db);
    await sweepReplies(store.db, ['main'], 100);
    assert.ok(Math.abs(((await repliesIn(store.db))[0]?.swept_in ?? 0) - 330) <= 1);
  });
});

describe('replies that nobody answered for', () => {
  const store = freshStore();
  const pass = () =>
    sql`UPDATE replies SET sweep_at = now() - interval '1 second' WHERE sweep_at IS NOT NULL`.execute(store.db);
  const cases = () => look(store.db, sql`SELECT program, kind, reply_id FROM cases`);

  it('become unknown when their sender died, and go to an operator when no receipt explains them', async () => {
    const { db } = store;
    const [id = ''] = await addReplies(db, [{}]);
    await claimReplies(db, 'main', [id]);
    assert.deepEqual(await settleUnanswered(db, HOLD), NOTHING, 'the sender may still live');
    await pass();
    assert.deepEqual(await settleUnanswered(db, HOLD), { ...NOTHING, unknown: 1 });
    const [row] = await repliesIn(db);
    assert.deepEqual([row?.status, row?.error_code, row?.swept_in], ['unknown', 'no-answer', 600]);
    await pass();
    assert.deepEqual(await settleUnanswered(db, HOLD), { ...NOTHING, held: 1 });
    assert.deepEqual(await cases(), [{ program: 'club', kind: 'send-unknown', reply_id: id }]);
    assert.deepEqual(await settleUnanswered(db, HOLD), NOTHING, 'once');
  });

  it('have their case closed by the receipt that explains them after all', async () => {
    const { db } = store;
    const [id = ''] = await addReplies(db, [{ status: 'unknown' }]);
    await pass();
    assert.deepEqual(await settleUnanswered(db, HOLD), { ...NOTHING, held: 1 });
    const receipt = { replyId: id, providerMessageId: 'SM1', status: 'delivered', isOptOut: false } as const;
    await applyReceipts(db, 'main', [receipt]);
    const open = await db.selectFrom('cases').select('kind').where('resolved_at', 'is', null).execute();
    assert.deepEqual(open, []);
    assert.equal((await repliesIn(db))[0]?.status, 'delivered');
  });

  it('get one case each, however many sweep', async () => {
    const { db } = store;
    await addReplies(
      db,
      Array.from({ length: 20 }, () => ({ status: 'unknown' as const })),
    );
    await pass();
    const settled = await Promise.all(Array.from({ length: 8 }, () => settleUnanswered(db, HOLD)));
    assert.equal(
      settled.reduce((sum, { held }) => sum + held, 0),
      20,
    );
    assert.equal((await cases()).length, 20);
  });

  it('wait for their receipt as long as their channel says', async () => {
    const { db } = store;
    await addReplies(db, [{ status: 'sending' }, { status: 'sending', channel: 'gone' }]);
    await pass();
    await settleUnanswered(db, [{ channel: 'main', waitMs: 60_000, lookups: 5, isResent: false }]);
    assert.deepEqual(
      (await repliesIn(db)).map(({ swept_in }) => swept_in),
      [60, 600],
    );
    await pass();
    const { held } = await settleUnanswered(db, [{ channel: 'main', waitMs: 60_000, lookups: 5, isResent: false }]);
    assert.deepEqual([held, (await cases()).length], [1, 1], 'the other is to be looked up first');
  });

  it('are never put back into the outbox', async () => {
    const { db } = store;
    const ids = await addReplies(db, [{ status: 'sending' }, { status: 'unknown' }]);
    await pass();
    await settleUnanswered(db, HOLD);
    await pass();
    assert.deepEqual(await sweepReplies(db, ['main'], 100), []);
    assert.deepEqual(await claimReplies(db, 'main', ids), []);
  });

  it('with another end are left as they are', async () => {
    const { db } = store;
    for (const status of ['queued', 'accepted', 'sent', 'delivered', 'undelivered', 'failed', 'read'] as const) {
      await addReplies(db, [{ status }]);
    }
    await pass();
    assert.deepEqual(await settleUnanswered(db, HOLD), NOTHING);
  });
});
