import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { DeliveryReceipt } from '../../src/sms/message.ts';
import type { Database } from '../../src/store/database.ts';
import { applyParked, dropParked } from '../../src/store/parked-receipts.ts';
import { applyReceipts } from '../../src/store/receipts.ts';
import { claimReplies } from '../../src/store/replies.ts';
import { look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { phone } from '../support/world.ts';
import { openTestPool } from './open-test-store.ts';
import { addReplies, optedOut, recordAsTaken, repliesIn } from './outbox.ts';

type Status = DeliveryReceipt['status'];

const receipt = (providerMessageId: string, status: Status, more: Partial<DeliveryReceipt> = {}): DeliveryReceipt => ({
  providerMessageId,
  status,
  isOptOut: false,
  ...more,
});

describe('receipts with the provider’s id alone', () => {
  const store = freshStore();

  const tell = (told: readonly DeliveryReceipt[], db: Database = store.db) => applyReceipts(db, 'main', told);
  const accept = (pairs: readonly (readonly [reply: string, providerMessageId: string])[], db: Database = store.db) =>
    recordAsTaken(
      db,
      pairs.map(([id, providerMessageId]) => ({
        id,
        text: 'Hello',
        segments: 1,
        result: { kind: 'accepted', providerMessageId },
      })),
    );
  /** What the sweeper does every two seconds. */
  const sweep = () => applyParked(store.db);
  const statuses = async () => (await repliesIn(store.db)).map(({ status }) => status);
  const parked = () => look<{ id: string }>(store.db, sql`SELECT provider_message_id AS id FROM parked_receipts`);

  it('move the reply that has it, on their own channel', async () => {
    const { db } = store;
    const [main = '', second = ''] = await addReplies(db, [{}, { channel: 'second' }]);
    await claimReplies(db, 'main', [main]);
    await claimReplies(db, 'second', [second]);
    await accept([
      [main, 'P1'],
      [second, 'P1'],
    ]);
    assert.deepEqual(await tell([receipt('P1', 'delivered')]), { found: 1, parked: 0, unmatched: 0 });
    assert.deepEqual(await statuses(), ['delivered', 'accepted']);
  });

  it('are those of the newest reply when the provider uses an id again', async () => {
    const ids = await addReplies(store.db, [{}, {}]);
    await claimReplies(store.db, 'main', ids);
    for (const id of ids) await accept([[id, 'P1']]);
    await tell([receipt('P1', 'delivered')]);
    assert.deepEqual(await statuses(), ['accepted', 'delivered']);
  });

  it('wait for the answer to the send, and stand from the next sweep on', async () => {
    const { db } = store;
    const ids = await addReplies(db, [{}, {}]);
    await claimReplies(db, 'main', ids);
    const [one = '', other = ''] = ids;
    const told = [receipt('P1', 'delivered'), receipt('P2', 'undelivered', { errorCode: '34' })];
    assert.deepEqual(await tell(told), { found: 0, parked: 2, unmatched: 0 });
    await accept([
      [one, 'P1'],
      [other, 'P2'],
    ]);
    assert.equal(await sweep(), 2);
    const rows = await repliesIn(db);
    assert.deepEqual(
      rows.map(({ status, error_code, isFinished }) => [status, error_code, isFinished]),
      [
        ['delivered', null, true],
        ['undelivered', '34', true],
      ],
    );
    assert.deepEqual(await parked(), []);
  });

  it('may be several, in any order: the furthest stands, and its opt-out', async () => {
    const { db } = store;
    const ids = await addReplies(db, [{ recipient: phone(3) }, { recipient: phone(4) }]);
    await claimReplies(db, 'main', ids);
    await tell([receipt('P1', 'delivered'), receipt('P1', 'sent'), receipt('P2', 'sent')]);
    await tell([receipt('P1', 'accepted'), receipt('P2', 'failed', { isOptOut: true })]);
    await accept(ids.map((id, n) => [id, `P${n + 1}`]));
    await sweep();
    assert.deepEqual([await statuses(), await optedOut(db)], [['delivered', 'failed'], [phone(4)]]);
    assert.equal((await tell([receipt('P1', 'sent'), receipt('P1', 'read')])).found, 2);
    assert.equal((await statuses())[0], 'read');
  });

  it('of one reply by its id and by the provider’s are one and the same', async () => {
    const ids = await addReplies(store.db, [{}]);
    await claimReplies(store.db, 'main', ids);
    await accept(ids.map((id) => [id, 'P1']));
    const [replyId = ''] = ids;
    await tell([receipt('P1', 'delivered'), receipt('P1', 'sent', { replyId })]);
    assert.deepEqual(await statuses(), ['delivered']);
  });

  it('explain a reply that was thought lost, once its provider’s id is learned', async () => {
    const [id = ''] = await addReplies(store.db, [{ status: 'unknown' }]);
    await tell([receipt('P1', 'delivered')]);
    await tell([receipt('P1', 'accepted', { replyId: id })]);
    assert.deepEqual(await statuses(), ['accepted']);
    assert.equal(await sweep(), 1);
    assert.deepEqual(await statuses(), ['delivered']);
  });

  it('and the answer to the send never miss each other, whoever comes first', async () => {
    const other = openTestPool(store.url);
    for (let round = 0; round < 20; round += 1) {
      const ids = await addReplies(
        store.db,
        Array.from({ length: 8 }, () => ({})),
      );
      await claimReplies(store.db, 'main', ids);
      await Promise.all(
        ids.flatMap((id, n) => {
          const theirs = () => tell([receipt(`P${id}`, 'delivered')], n % 2 === 0 ? other : store.db);
          const ours = () => accept([[id, `P${id}`]], n % 3 === 0 ? other : store.db);
          return n % 4 < 2 ? [theirs(), ours()] : [ours(), theirs()];
        }),
      );
      await sweep();
      assert.ok(
        (await statuses()).every((status) => status === 'delivered'),
        `round ${round}`,
      );
    }
    await other.destroy();
    assert.deepEqual(await parked(), []);
  });

  it('are given up after ten minutes, and counted', async () => {
    await tell([receipt('P1', 'sent'), receipt('P2', 'sent')]);
    assert.deepEqual(await dropParked(store.db), new Map());
    await sql`UPDATE parked_receipts SET parked_at = now() - interval '10 minutes' WHERE provider_message_id = 'P1'`.execute(
      store.db,
    );
    assert.deepEqual(await dropParked(store.db), new Map([['main', 1]]));
    assert.deepEqual(await parked(), [{ id: 'P2' }]);
  });
});
