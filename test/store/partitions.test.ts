import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { isOfMessage, keepInbound } from '../../src/store/inbox.ts';
import { migrate } from '../../src/store/migrate.ts';
import { firstIdAt, monthAfter, monthOf } from '../../src/store/months.ts';
import { listPartitions, MONTHLY, partitionsFinding, preparePartitions } from '../../src/store/partitions.ts';
import { inbound, look } from '../support/club.ts';
import { createEmptyDatabase } from '../support/postgres.ts';
import { phone } from '../support/world.ts';
import { openTestPool, openTestStore, type TestStore } from './open-test-store.ts';
import { addReplies } from './outbox.ts';

const sms = (providerMessageId: string) => inbound(phone(0), { kind: 'none' }, { providerMessageId });

describe('the months of messages', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(() => store.close());

  const names = async (db = store.db) => (await listPartitions(db)).map(({ name }) => name);
  const monthsFrom = (now: Date) =>
    MONTHLY.flatMap((table) =>
      [0, 1, 2].map((ahead) => `${table}_${monthAfter(monthOf(now), ahead).replace('-', '_')}`),
    );
  const present = async () => {
    const [row] = await look<{ now: Date }>(store.db, sql`SELECT clock_timestamp() AS now`);
    assert.ok(row);
    return row.now;
  };

  it('are there on a new database: the present one and two ahead', async () => {
    const { url, drop } = await createEmptyDatabase();
    await migrate(url);
    const db = openTestPool(url);
    assert.deepEqual(await names(db), monthsFrom(await present()));
    await db.destroy();
    await drop();
  });

  it('are made once by sixteen that want them at once, and not again', async () => {
    const later = new Date('2031-12-15T00:00:00Z');
    const before = await names();
    const made = await Promise.all(Array.from({ length: 16 }, () => preparePartitions(store.db, later)));
    assert.deepEqual(made.flat().toSorted(), monthsFrom(later));
    assert.deepEqual(await names(), [...before, ...monthsFrom(later)].toSorted());
    assert.deepEqual(await preparePartitions(store.db, later), []);
  });

  it('are made while messages are being kept and others are held, and nobody waits', async () => {
    const [kept] = await keepInbound(store.db, [sms('a')]);
    assert.equal(kept?.kind, 'new');
    await store.db.transaction().execute(async (trx) => {
      await sql`SELECT FROM inbox FOR UPDATE`.execute(trx);
      const made = await preparePartitions(store.db, new Date('2031-12-15T00:00:00Z'));
      assert.equal(made.length, 6);
      await keepInbound(store.db, [sms('b')]);
    });
  });

  const places: readonly (readonly [at: string, partition: string])[] = [
    ['2031-12-01T00:00:00.000Z', '2031_12'],
    ['2031-12-31T23:59:59.999Z', '2031_12'],
    ['2032-01-01T00:00:00.000Z', '2032_01'],
    ['2032-02-29T23:59:59.999Z', '2032_02'],
  ];
  it('hold the ids that are made in them, to the millisecond of the month’s turn in UTC', async () => {
    await preparePartitions(store.db, new Date('2031-12-15T00:00:00Z'));
    await keepInbound(store.db, [sms('a')]);
    await addReplies(store.db, [{}]);
    for (const [at, partition] of places) {
      const first = BigInt(firstIdAt(new Date(at)));
      for (const id of [first, first + (1n << 20n) - 1n]) {
        for (const table of MONTHLY) {
          await sql`UPDATE ${sql.table(table)} SET id = ${String(id)}::bigint`.execute(store.db);
          const where = await look(store.db, sql`SELECT tableoid::regclass::text AS place FROM ${sql.table(table)}`);
          assert.deepEqual(where, [{ place: `${table}_${partition}` }], at);
        }
      }
    }
  });

  it('give ids that hold the time of the database and are in order of arrival', async () => {
    const before = await present();
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      const kept = await keepInbound(store.db, [sms(`${n}-a`)]);
      ids.push(...kept.flatMap((one) => (one.kind === 'new' ? [one.id] : [])), ...(await addReplies(store.db, [{}])));
    }
    const after = await present();
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)),
    );
    assert.equal(new Set(ids).size, 40);
    assert.ok(ids.every((id) => BigInt(id) >= BigInt(firstIdAt(before)) && BigInt(id) >> 20n <= after.getTime()));
  });

  it('have room on their pages for rows that change, and each a second look at answers that come twice', async () => {
    await preparePartitions(store.db, new Date('2031-12-15T00:00:00Z'));
    const filled = sql`SELECT DISTINCT reloptions FROM pg_class WHERE relkind = 'r' AND relispartition`;
    assert.deepEqual(await look(store.db, filled), [{ reloptions: ['fillfactor=80'] }]);
    const [reply] = await addReplies(store.db, [{}]);
    await sql`UPDATE replies SET inbound_id = 7 WHERE id = ${reply}`.execute(store.db);
    await addReplies(store.db, [{}]);
    await assert.rejects(sql`UPDATE replies SET inbound_id = 7`.execute(store.db), { code: '23505' });
  });

  it('that are missing fail an SMS so that it is tried again, and not as its own fault', async () => {
    for (const { name } of await listPartitions(store.db)) await sql`DROP TABLE ${sql.table(name)}`.execute(store.db);
    const error: unknown = await keepInbound(store.db, [sms('a')]).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof Error && /no partition/.test(error.message));
    assert.equal(isOfMessage(error), false);
    await preparePartitions(store.db);
    assert.deepEqual(
      (await keepInbound(store.db, [sms('a')])).map(({ kind }) => kind),
      ['new'],
    );
  });

  it('that Postgres refuses for a value are the fault of the SMS', async () => {
    const error: unknown =
      await sql`INSERT INTO inbox (channel, provider_message_id, sender_raw, recipient, text, state)
      VALUES ('main', 'a', 'b', 'c', 'd', 'no such state')`
        .execute(store.db)
        .catch((thrown: unknown) => thrown);
    assert.equal(isOfMessage(error), true);
  });

  const clocks: readonly (readonly [ahead: number, level: string])[] = [
    [0, 'ok'],
    [1, 'ok'],
    [2, 'warning'],
    [3, 'problem'],
  ];
  for (const [ahead, level] of clocks) {
    it(`are found ${level === 'ok' ? 'well' : `a ${level}`} ${ahead} months after they were last made`, async () => {
      const now = await present();
      const then = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 10));
      const finding = await partitionsFinding(store.db, then);
      assert.equal(finding.level, level);
      if (level !== 'ok') assert.match(finding.what, /^there is no partition inbox_\d{4}_\d{2}, replies_/);
    });
  }
});
