import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Finding } from '../../src/finding.ts';
import { recordAudit } from '../../src/store/audit.ts';
import {
  assertSafeToStart,
  clockFindingOf,
  inspectDatabase,
  UNIQUE_INDEXES,
  uniqueIndexes,
} from '../../src/store/health.ts';
import { listPartitions } from '../../src/store/partitions.ts';
import { monthsAgo, moveTo } from './in-month.ts';
import { openTestPool, openTestStore, type TestStore } from './open-test-store.ts';
import { addReplies } from './outbox.ts';

/** The run's Postgres is told not to wait for the disk: tests need no durability. */
const OF_TEST_SERVER = /^(fsync|full_page_writes) is off/;

interface Damage {
  readonly what: string;
  readonly by: string;
  readonly lost: string;
}

const DAMAGES: readonly Damage[] = [
  {
    what: 'a card could get two phones',
    by: 'DROP INDEX bindings_one_phone_per_card',
    lost: 'bindings (program, card) WHERE (closed_at IS NULL)',
  },
  {
    what: 'the index is there under its name but no longer unique',
    by: `DROP INDEX bindings_one_card_per_phone;
      CREATE INDEX bindings_one_card_per_phone ON bindings (program, phone) WHERE closed_at IS NULL`,
    lost: 'bindings (program, phone) WHERE (closed_at IS NULL)',
  },
  {
    what: 'the index is there under its name but covers less',
    by: `DROP INDEX bindings_one_card_per_phone;
      CREATE UNIQUE INDEX bindings_one_card_per_phone ON bindings (program, phone, card) WHERE closed_at IS NULL`,
    lost: 'bindings (program, phone) WHERE (closed_at IS NULL)',
  },
  {
    what: 'the same SMS could get two outcomes',
    by: 'ALTER TABLE inbound_ids DROP CONSTRAINT inbound_ids_pkey',
    lost: 'inbound_ids (channel, provider_message_id)',
  },
  {
    what: 'the index was left invalid',
    by: `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'cases_one_open_per_matter'::regclass`,
    lost: 'cases (program, kind, card, phone) WHERE ((resolved_at IS NULL) AND (card IS NOT NULL))',
  },
  {
    what: 'one month of many lacks the index',
    by: `DO $$ DECLARE one regclass; BEGIN
      SELECT indexrelid::regclass INTO one FROM pg_index WHERE pg_get_indexdef(indexrelid) ~ 'UNIQUE.*\\(inbound_id, slot\\)' LIMIT 1;
      EXECUTE format('DROP INDEX %s', one); END $$`,
    lost: 'replies (inbound_id, slot)',
  },
];

describe('the health of the database', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
  });
  afterEach(() => store.close());

  it('is found good when it is', async () => {
    const findings = (await inspectDatabase(store.db)).filter(({ what }) => !OF_TEST_SERVER.test(what));
    assert.deepEqual(
      findings.filter(({ level }) => level !== 'ok'),
      [],
    );
    await assertSafeToStart(store.db);
  });

  it('rests on every unique index that the migrations make, and on no other', async () => {
    const made = (await uniqueIndexes(store.db)).filter((index) => !index.startsWith('kysely_'));
    assert.deepEqual(made, [...UNIQUE_INDEXES]);
  });

  for (const { what, by, lost } of DAMAGES) {
    it(`is a problem, and reason not to start, when ${what}`, async () => {
      await sql.raw(by).execute(store.db);
      const [problem, ...more] = await problems();
      assert.deepEqual(more, []);
      assert.ok(problem?.what.includes(lost));
      assert.ok(problem?.advice?.includes(`CREATE UNIQUE INDEX ON ${lost}`));
      await assert.rejects(
        assertSafeToStart(store.db),
        (error) => error instanceof Error && error.message.includes(lost),
      );
    });
  }

  it('is a problem, and reason not to start, when people who opted out were erased and their key is not given', async () => {
    await sql`INSERT INTO opt_outs VALUES ('club', '\\x00', now())`.execute(store.db);
    assert.match((await problems())[0]?.what ?? '', /^CARDWAKE_PEPPER is not set: people who have opted out/);
    await assert.rejects(assertSafeToStart(store.db), /^NoPepper: CARDWAKE_PEPPER is not set: .* Set it to the secret/);
    const peppered = openTestPool(store.url, 'a pepper');
    await assertSafeToStart(peppered);
    assert.deepEqual(await problems(peppered), []);
    await peppered.destroy();
  });

  it('asks for nothing but the same index under any name', async () => {
    await sql`ALTER INDEX bindings_one_phone_per_card RENAME TO whatever`.execute(store.db);
    await assertSafeToStart(store.db);
  });

  it('is a problem when commits do not wait for the disk', async () => {
    await sql`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$`.execute(
      store.db,
    );
    // The setting holds for new connections.
    const reopened = openTestPool(store.url);
    const found = await problems(reopened);
    await reopened.destroy();
    assert.deepEqual(
      found.map(({ what }) => what),
      ['synchronous_commit is off: after a power cut, messages that were acknowledged are gone'],
    );
  });

  it('is a problem when a migration is missing', async () => {
    await sql`DELETE FROM kysely_migration`.execute(store.db);
    assert.match((await problems())[0]?.what ?? '', /^the schema lacks 0001-foundation/);
  });

  it('is a problem when messages of this month have no partition', async () => {
    for (const { name } of await listPartitions(store.db)) await sql`DROP TABLE ${sql.table(name)}`.execute(store.db);
    assert.match((await problems()).map(({ what }) => what).join(), /there is no partition inbox_/);
  });

  it('is doubtful when a month that should be gone stays, and is not where nothing should go', async () => {
    const [reply = ''] = await addReplies(store.db, [{}]);
    await moveTo(store.db, 'replies', reply, monthsAgo(6));
    const doubts = async (months?: number) =>
      (await inspectDatabase(store.db, months)).filter(({ level }) => level === 'warning');
    assert.deepEqual(await doubts(), []);
    assert.match(
      (await doubts(2))[0]?.what ?? '',
      /^replies_\d{4}_\d{2} is older than retention\.messagesMonths and stays/,
    );
  });

  it('is doubtful when audit events wait for their seal for more than a minute', async () => {
    await store.db
      .transaction()
      .execute((trx) => recordAudit(trx, [{ program: 'club', actor: 'cli:test', action: 'card.status' }]));
    const doubts = async () => (await inspectDatabase(store.db)).filter(({ level }) => level === 'warning');
    assert.deepEqual(await doubts(), []);
    await sql`UPDATE audit_events SET at = at - interval '61 seconds'`.execute(store.db);
    assert.match((await doubts())[0]?.what ?? '', /^audit events without a seal for more than a minute: 1$/);
  });

  const clocks: readonly (readonly [differenceMs: number, finding: Pick<Finding, 'level' | 'what'>])[] = [
    [0, { level: 'ok', what: "its clock agrees with this machine's" }],
    [-1_900, { level: 'ok', what: "its clock agrees with this machine's" }],
    [2_100, { level: 'warning', what: "its clock is 2.1 s ahead of this machine's" }],
    [-90_000, { level: 'problem', what: "its clock is 90.0 s behind this machine's" }],
  ];
  for (const [differenceMs, { level, what }] of clocks) {
    it(`with clocks ${differenceMs} ms apart is: ${level}`, () => {
      const finding = clockFindingOf(differenceMs);
      assert.deepEqual([finding.level, finding.what], [level, what]);
    });
  }

  async function problems(db = store.db): Promise<Finding[]> {
    const findings = await inspectDatabase(db);
    return findings.filter(({ level, what }) => level === 'problem' && !OF_TEST_SERVER.test(what));
  }
});
