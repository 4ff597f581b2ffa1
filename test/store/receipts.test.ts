import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { type DeliveryReceipt, REPLY_STATUS_RANK, type ReplyStatus } from '../../src/sms/message.ts';
import type { Trx } from '../../src/store/database.ts';
import { applyReceipts } from '../../src/store/receipts.ts';
import { claimReplies } from '../../src/store/replies.ts';
import { freshStore } from '../support/fresh-store.ts';
import { phone } from '../support/world.ts';
import { addReplies, optedOut, recordAsTaken, repliesIn } from './outbox.ts';

type Told = DeliveryReceipt['status'];

const receipt = (replyId: string, status: Told, more: Partial<DeliveryReceipt> = {}): DeliveryReceipt => ({
  replyId,
  providerMessageId: 'SM1',
  status,
  isOptOut: false,
  ...more,
});

/** What a reply is after a receipt: the row is what it was, the column what the receipt tells; `.` changes nothing. */
const AFTER = `
              accepted   sent   delivered   undelivered   failed   read
  queued      accepted   sent   delivered   undelivered   failed   read
  sending     accepted   sent   delivered   undelivered   failed   read
  unknown     accepted   sent   delivered   undelivered   failed   read
  accepted    .          sent   delivered   undelivered   failed   read
  sent        .          .      delivered   undelivered   failed   read
  delivered   .          .      .           .             .        read
  undelivered .          .      .           .             .        read
  failed      .          .      .           .             .        read
  read        .          .      .           .             .        .`;

describe('receipts', () => {
  const store = freshStore();

  it('leave the indexes of the outbox alone, of which a reply gets a receipt or two', async () => {
    const [id = ''] = await addReplies(store.db, [{}]);
    await claimReplies(store.db, 'main', [id]);
    const result = { kind: 'accepted', providerMessageId: 'SM1' } as const;
    await recordAsTaken(store.db, [{ id, text: 'a', segments: 1, result }]);
    await store.db.transaction().execute(async (trx) => {
      const before = await updatesOf(trx);
      await applyReceipts(trx, 'main', [receipt(id, 'delivered')]);
      const after = await updatesOf(trx);
      assert.deepEqual([after.all - before.all, after.onThePage - before.onThePage], [1, 1]);
    });
  });

  it('move every status forward only', async () => {
    const { db } = store;
    const [told = [], ...lines] = AFTER.trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
    const cells = lines.flatMap(([before = '', ...after]) =>
      after.map((cell, n) => ({
        before: before as ReplyStatus,
        told: told[n] as Told,
        after: cell === '.' ? before : cell,
      })),
    );
    assert.equal(cells.length, Object.keys(REPLY_STATUS_RANK).length * 6);
    const ids = await addReplies(
      db,
      cells.map(({ before }) => ({ status: before })),
    );
    const { found } = await applyReceipts(
      db,
      'main',
      cells.map((cell, n) => receipt(ids[n] ?? '', cell.told)),
    );
    assert.equal(found, cells.length);
    const rows = await repliesIn(db);
    for (const [n, cell] of cells.entries()) assert.equal(rows[n]?.status, cell.after, `${cell.before} + ${cell.told}`);
  });

  it('may come in any order, one by one or at once, and end the same', async () => {
    const { db } = store;
    const [one = '', other = ''] = await addReplies(db, [{ status: 'sending' }, { status: 'sending' }]);
    for (const status of ['delivered', 'accepted', 'sent'] as const)
      await applyReceipts(db, 'main', [receipt(one, status)]);
    await applyReceipts(
      db,
      'main',
      (['sent', 'delivered', 'accepted'] as const).map((status) => receipt(other, status)),
    );
    assert.deepEqual(
      (await repliesIn(db)).map((row) => [row.status, row.isFinished]),
      [
        ['delivered', true],
        ['delivered', true],
      ],
    );
  });

  it('stand when they come before our own answer', async () => {
    const { db } = store;
    const ids = await addReplies(db, [{}, {}]);
    await claimReplies(db, 'main', ids);
    await applyReceipts(
      db,
      'main',
      ids.map((id) => receipt(id, 'sent')),
    );
    const [answered = '', silent = ''] = ids;
    await recordAsTaken(db, [
      { id: answered, text: 'a', segments: 1, result: { kind: 'accepted', providerMessageId: 'SM1' } },
      { id: silent, text: 'a', segments: 1, result: { kind: 'unknown', errorCode: 'timeout', waitMs: 600_000 } },
    ]);
    assert.deepEqual(
      (await repliesIn(db)).map(({ status, error_code }) => [status, error_code]),
      [
        ['sent', null],
        ['sent', null],
      ],
    );
  });

  it('keep a reply from being sent that was put back although it had gone out', async () => {
    const { db } = store;
    const ids = await addReplies(db, [{ status: 'queued', attempts: 1 }]);
    await applyReceipts(
      db,
      'main',
      ids.map((id) => receipt(id, 'delivered')),
    );
    assert.deepEqual(await claimReplies(db, 'main', ids), []);
  });

  it('tell the provider’s id and error code', async () => {
    const { db } = store;
    const ids = await addReplies(db, [{ status: 'unknown' }]);
    await applyReceipts(
      db,
      'main',
      ids.map((id) => receipt(id, 'undelivered', { errorCode: '30003' })),
    );
    const [row] = await repliesIn(db);
    assert.deepEqual([row?.provider_message_id, row?.error_code], ['SM1', '30003']);
  });

  it('that tell of an opt-out opt the phone out, also two at once, and also when the status is old news', async () => {
    const { db } = store;
    const [one = '', two = '', three = '', four = ''] = await addReplies(db, [
      { recipient: phone(0), status: 'accepted' },
      { recipient: phone(0), status: 'accepted' },
      { recipient: phone(1), status: 'failed' },
      { recipient: phone(2), status: 'accepted' },
    ]);
    const out = { errorCode: '21610', isOptOut: true };
    const told = [one, two, three].map((id) => receipt(id, 'failed', out));
    await applyReceipts(db, 'main', [...told, receipt(four, 'failed')]);
    assert.deepEqual(await optedOut(db), [phone(0), phone(1)]);
  });

  it('are for replies of their own channel only', async () => {
    const { db } = store;
    const [id = ''] = await addReplies(db, [{ status: 'accepted', channel: 'second' }]);
    assert.deepEqual(await applyReceipts(db, 'main', [receipt(id, 'delivered', { isOptOut: true })]), {
      found: 0,
      parked: 0,
      unmatched: 1,
    });
    assert.deepEqual([(await repliesIn(db))[0]?.status, await optedOut(db)], ['accepted', []]);
  });

  it('that name no reply of ours are passed over', async () => {
    const strange = ['', 'abc', '-1', '1; DROP TABLE replies', '9'.repeat(40), '999999'].map((id) =>
      receipt(id, 'sent'),
    );
    assert.deepEqual(await applyReceipts(store.db, 'main', strange), { found: 0, parked: 0, unmatched: 6 });
    assert.deepEqual(await applyReceipts(store.db, 'main', []), { found: 0, parked: 0, unmatched: 0 });
  });
});

/** The connection's updates of replies, and how many of them found room on the row's page and touched no index. */
async function updatesOf(trx: Trx): Promise<{ readonly all: number; readonly onThePage: number }> {
  const { rows } = await sql<{ all: number; onThePage: number }>`
    SELECT sum(pg_stat_get_xact_tuples_updated(inhrelid))::int AS all,
      sum(pg_stat_get_xact_tuples_hot_updated(inhrelid))::int AS "onThePage"
    FROM pg_inherits WHERE inhparent = 'replies'::regclass`.execute(trx);
  return rows[0] ?? assert.fail('Postgres counts nothing');
}
