import assert from 'node:assert/strict';
import { type RawBuilder, sql } from 'kysely';
import { keepUpOnce } from '../../src/month-upkeep.ts';
import { differingFromKept, keepInbound } from '../../src/store/inbox.ts';
import { keepParts, type LongMessage, type NewPart } from '../../src/store/long-messages.ts';
import { monthOf } from '../../src/store/months.ts';
import { listPartitions } from '../../src/store/partitions.ts';
import { dropOldMonths, keptFindings } from '../../src/store/retention.ts';
import { arrive, inbound, look } from '../support/club.ts';
import { waitFor } from '../support/wait-for.ts';
import { phone } from '../support/world.ts';
import { log } from '../workers/binder.ts';
import { monthsAgo, moveTo } from './in-month.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';
import { addReplies } from './outbox.ts';

/** The latest moment that is not kept, where two months are, and the first that is. */
const KEPT = monthsAgo(2);
const OLD = new Date(KEPT.getTime() - 1);
const oldPartition = (table: string) => `${table}_${monthOf(OLD).replace('-', '_')}`;

const sms = (providerMessageId: string) => inbound(phone(0), { kind: 'none' }, { providerMessageId });

/** A part of an SMS of two. */
const partOf = (providerMessageId: string, position: number): NewPart => ({
  channel: 'main',
  providerMessageId,
  sender: phone(0),
  senderRaw: phone(0),
  recipient: '2420',
  reference: 'r',
  total: 2,
  position,
  text: providerMessageId,
  waitMs: 1,
});

describe('old months of messages', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(() => store.close());

  const run = (statement: RawBuilder<unknown>) => statement.execute(store.db);
  const drop = () => dropOldMonths(store.db, 2, new Date());
  const hasTable = async (name: string) =>
    (await look(store.db, sql`SELECT FROM pg_class WHERE relname = ${name}`)).length > 0;

  /** An SMS of that moment that is done. */
  async function smsAt(id: string, at: Date): Promise<string> {
    const [now = ''] = await arrive(store.db, [sms(id)]);
    await run(sql`UPDATE inbox SET state = 'done', outcome = 'help' WHERE id = ${now}`);
    return await moveTo(store.db, 'inbox', now, at);
  }

  /** A reply of that moment that was delivered. */
  async function replyAt(at: Date): Promise<string> {
    const [now = ''] = await addReplies(store.db, [{ status: 'delivered' }]);
    return await moveTo(store.db, 'replies', now, at);
  }

  it('are dropped, to the millisecond of the month’s turn; the present one and two before it stay', async () => {
    const ids = [await smsAt('old', OLD), await smsAt('kept', KEPT)];
    const replies = [await replyAt(OLD), await replyAt(KEPT)];
    const result = await drop();
    assert.deepEqual(result, { dropped: ['inbox', 'replies'].map(oldPartition), kept: [], isPutOff: false });
    assert.deepEqual(await look(store.db, sql`SELECT id FROM inbox`), [{ id: ids[1] }]);
    assert.deepEqual(await look(store.db, sql`SELECT id FROM replies`), [{ id: replies[1] }]);
    assert.deepEqual([await hasTable(oldPartition('inbox')), await hasTable(oldPartition('replies'))], [false, false]);
    assert.deepEqual((await drop()).dropped, []);
  });

  it('leave the ids of their SMS behind: one that comes again is repeated', async () => {
    await smsAt('old', OLD);
    await drop();
    assert.deepEqual(await keepInbound(store.db, [sms('old'), sms('new')]), [
      { kind: 'repeated' },
      { kind: 'new', id: (await look<{ id: string }>(store.db, sql`SELECT id FROM inbox`))[0]?.id },
    ]);
    assert.deepEqual(await differingFromKept(store.db, [{ ...sms('old'), text: 'another' }]), []);
  });

  it('take the parts of their long SMS with them, and one part that comes again is repeated', async () => {
    const read = ({ providerMessageId }: LongMessage) => sms(providerMessageId);
    const keep = async (...parts: NewPart[]) => (await keepParts(store.db, parts, read)).kept;
    await keep(partOf('p1', 1), partOf('p2', 2));
    const [joined] = await look<{ id: string }>(store.db, sql`SELECT id FROM inbox`);
    await run(sql`UPDATE inbox SET state = 'done'`);
    await moveTo(store.db, 'inbox', joined?.id ?? '', OLD);
    await run(sql`UPDATE long_messages SET began_at = ${OLD}, read_at = ${OLD}`);
    await keep(partOf('open', 1));
    await run(sql`UPDATE long_messages SET began_at = ${OLD} WHERE read_at IS NULL`);
    await drop();
    const left = sql`SELECT p.provider_message_id AS id FROM long_messages m JOIN message_parts p ON long_message_id = m.id`;
    assert.deepEqual(await look(store.db, left), [{ id: 'open' }]);
    assert.deepEqual(await keep(partOf('p2', 2), partOf('p1', 1), partOf('p3', 1)), ['repeated', 'repeated', 'new']);
  });

  it('are all kept where no retention is asked for', async () => {
    await smsAt('old', OLD);
    await keepUpOnce({ db: store.db, log, now: () => new Date(), messagesMonths: undefined });
    assert.ok(await hasTable(oldPartition('inbox')));
  });

  const undone: readonly (readonly [what: string, table: 'inbox' | 'replies', reason: string, sql: string])[] = [
    ['an SMS that is not decided', 'inbox', 'SMS to decide', `UPDATE inbox SET state = 'received'`],
    [
      'an open case of an SMS',
      'inbox',
      'open cases',
      `INSERT INTO cases (kind, inbound_id) SELECT 'quarantined', id FROM inbox`,
    ],
    [
      'a request for a card whose end was not told',
      'inbox',
      'requests to end',
      `INSERT INTO offers (program, kind, phone, card, newcomer, code, tries_left, inbound_id, expires_at)
        SELECT 'club', 'release', '+79160000001', '1', '+79160000002', '1234', 3, id, now() FROM inbox`,
    ],
    ['a reply that waits', 'replies', 'replies to send', `UPDATE replies SET status = 'queued', sweep_at = now()`],
    [
      'a reply that is being sent',
      'replies',
      'replies to send',
      `UPDATE replies SET status = 'sending', sweep_at = now()`,
    ],
    [
      'a reply that its receipt is waited for',
      'replies',
      'replies to send',
      `UPDATE replies SET status = 'unknown', sweep_at = now()`,
    ],
    [
      'an open case of a reply',
      'replies',
      'open cases',
      `UPDATE replies SET status = 'unknown', sweep_at = 'infinity';
        INSERT INTO cases (kind, reply_id) SELECT 'send-unknown', id FROM replies`,
    ],
  ];
  for (const [what, table, reason, statement] of undone) {
    it(`stay for ${what}, which is told, and go once it is done`, async () => {
      await smsAt('old', OLD);
      await replyAt(OLD);
      await run(sql.raw(statement));
      const name = oldPartition(table);
      assert.deepEqual((await drop()).kept, [{ name, undone: { [reason]: 1 } }]);
      const [finding, ...more] = await keptFindings(store.db, 2);
      assert.deepEqual(more, []);
      assert.equal(finding?.level, 'warning');
      assert.match(finding.what, new RegExp(`^${name} is older than .*${reason}: 1\\)$`));
      await run(sql`UPDATE inbox SET state = 'done'`);
      await run(sql`UPDATE replies SET status = 'failed', sweep_at = NULL WHERE sweep_at < 'infinity'`);
      await run(sql`UPDATE cases SET resolved_at = now()`);
      await run(sql`UPDATE offers SET newcomer_told_at = now()`);
      assert.deepEqual(await drop(), { dropped: [name], kept: [], isPutOff: false });
      assert.deepEqual(await keptFindings(store.db, 2), []);
    });
  }

  it('leave readable what named them: cases, offers, replies and the audit', async () => {
    const old = await smsAt('old', OLD);
    const [reply] = await addReplies(store.db, [{}]);
    await run(sql`UPDATE replies SET inbound_id = ${old} WHERE id = ${reply}`);
    await run(sql`INSERT INTO cases (kind, inbound_id, resolved_at) VALUES ('quarantined', ${old}, now())`);
    await run(sql`INSERT INTO offers (program, kind, phone, card, code, tries_left, inbound_id, expires_at)
      VALUES ('club', 'switch', '+79160000001', '1', '1234', 3, ${old}, now())`);
    await drop();
    for (const table of ['cases', 'offers', 'replies'])
      assert.deepEqual(
        await look(store.db, sql`SELECT inbound_id AS id FROM ${sql.table(table)}`),
        [{ id: old }],
        table,
      );
  });

  for (const table of ['inbox', 'replies'] as const) {
    it(`wait for a transaction that holds ${table} no longer than 2 seconds, keep nobody waiting, and go the next time`, async () => {
      await smsAt('old', OLD);
      await replyAt(OLD);
      await store.db.transaction().execute(async (trx) => {
        await sql`SELECT FROM ${sql.table(table)} FOR UPDATE`.execute(trx);
        let isOver = false;
        const dropping = drop().then((result) => {
          isOver = true;
          return result;
        });
        const waits = sql`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%CONCURRENTLY%'
          AND datname = current_database()`;
        await waitFor(async () => (await look(store.db, waits)).length > 0, { what: 'the detaching to wait' });
        await arrive(store.db, [sms('meanwhile')]);
        await addReplies(store.db, [{}]);
        assert.equal(isOver, false);
        assert.equal((await dropping).isPutOff, true);
      });
      const result = await drop();
      assert.deepEqual([result.isPutOff, result.kept], [false, []]);
      assert.ok(result.dropped.includes(oldPartition(table)));
      assert.deepEqual(
        [await hasTable(oldPartition('inbox')), await hasTable(oldPartition('replies'))],
        [false, false],
      );
    });
  }

  it('are dropped by one of sixteen processes at once', async () => {
    await smsAt('old', OLD);
    await replyAt(OLD);
    const results = await Promise.all(Array.from({ length: 16 }, drop));
    assert.deepEqual(results.flatMap(({ dropped }) => dropped).toSorted(), ['inbox', 'replies'].map(oldPartition));
  });

  it('that were taken out by a process that died are dropped by the next; what an operator took out stays', async () => {
    await smsAt('old', OLD);
    await replyAt(OLD);
    const [inbox, replies] = [oldPartition('inbox'), oldPartition('replies')];
    await run(sql`COMMENT ON TABLE ${sql.table(inbox)} IS 'cardwake: to be dropped'`);
    await run(sql`ALTER TABLE inbox DETACH PARTITION ${sql.table(inbox)}`);
    await run(sql`ALTER TABLE replies DETACH PARTITION ${sql.table(replies)}`);
    assert.deepEqual((await drop()).dropped.slice(0, 1), [inbox]);
    assert.deepEqual([await hasTable(inbox), await hasTable(replies)], [false, true]);
  });

  it('leave the connection as it was', async () => {
    await drop();
    assert.deepEqual(await look(store.db, sql`SHOW lock_timeout`), [{ lock_timeout: '0' }]);
    const locks = sql`SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    assert.deepEqual(await look(store.db, locks), []);
    assert.ok((await listPartitions(store.db)).length > 0);
  });
});
