import assert from 'node:assert/strict';
import { type CompiledQuery, type KyselyPlugin, sql } from 'kysely';
import { Pool } from 'pg';
import type { CardNumber } from '../../src/activation/card-number.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { blockCard, cardHistory, recordReveal } from '../../src/store/cards.ts';
import { conversation } from '../../src/store/conversation.ts';
import type { Database } from '../../src/store/database.ts';
import { erase } from '../../src/store/erase.ts';
import { findMembersByPhone, listIncompleteMembers } from '../../src/store/member-lookup.ts';
import { findTillCard } from '../../src/store/till.ts';
import { CLUB } from '../support/world.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

const CUSTOMERS = 20_000;
const CARD = '4000000000000777' as CardNumber;
const PHONE = '+447900000777' as Msisdn;
/** Who had the card before and is no member. */
const BEFORE = '+447800000777' as Msisdn;

/**
 * In Postgres' unit, the reading of a page: a table of as many rows as there are customers costs 350 and more, and fifty
 * million of them the better part of a million.
 */
const MOST = 200;

/** As after a year: each has a card that somebody had before, and texted twice. */
const YEAR = [
  `INSERT INTO cards (program, number, status) SELECT 'club', 4000000000000000 + n, 'active' FROM customers`,
  `INSERT INTO bindings (program, card, phone, proof, actor, closed_at)
    SELECT 'club', 4000000000000000 + n, '+' || 447800000000 + n, 'sms', 'sms:1', now() FROM customers`,
  `INSERT INTO bindings (program, card, phone, proof, actor)
    SELECT 'club', 4000000000000000 + n, '+' || 447900000000 + n, 'sms', 'sms:1' FROM customers`,
  `INSERT INTO audit_events (program, actor, action, card, phone)
    SELECT 'club', 'sms:1', 'binding.opened', 4000000000000000 + n, '+' || 447900000000 + n FROM customers`,
  `INSERT INTO phones (program, phone) SELECT 'club', '+' || 447900000000 + n FROM customers`,
  `INSERT INTO members (program, phone) SELECT 'club', '+' || 447900000000 + n FROM customers`,
  `INSERT INTO inbox (channel, provider_message_id, program, sender, sender_raw, recipient, text, state)
    SELECT 'main', n || '-' || i, 'club', '+' || 447900000000 + n, '+' || 447900000000 + n, '+14155550100', 'Card', 'done'
    FROM customers, generate_series(1, 2) i`,
  `INSERT INTO replies (program, channel, sender, recipient, template, locale, variables, status, sweep_at)
    SELECT 'club', 'main', '+14155550100', '+' || 447900000000 + n, 'activated', 'en', '{}', 'delivered', NULL
    FROM customers, generate_series(1, 2) i`,
].map((insert) => `WITH customers AS (SELECT generate_series(1, ${CUSTOMERS}) n) ${insert}`);

/** What a person waits for at a till, at the console or on the command line. */
const QUESTIONS: readonly (readonly [string, (db: Database) => Promise<unknown>])[] = [
  ['what a till asks of a card', (db) => findTillCard(db, 'club', CARD)],
  ['the history of a card', (db) => cardHistory(db, 'club', CARD)],
  ['looking behind its mask', (db) => recordReveal(db, 'club', CARD, 'cli:test')],
  ['the members with a phone', (db) => findMembersByPhone(db, 'club', [PHONE])],
  ['a page of incomplete members', (db) => listIncompleteMembers(db, 'club', { after: undefined, limit: 50 })],
  ['a conversation', (db) => conversation(db, { phone: PHONE, channels: ['main'], limit: 50 })],
  [
    'blocking a card',
    (db) => blockCard(db, { program: 'club', card: CARD, actor: 'cli:test', reason: 'lost', hasEvents: false }),
  ],
  ['the erasure of a person', (db) => erase(db, { program: CLUB, who: { phone: PHONE }, actor: 'cli:test' })],
  ['that of one who is no member', (db) => erase(db, { program: CLUB, who: { phone: BEFORE }, actor: 'cli:test' })],
];

describe('what a person waits for reads no table from end to end', () => {
  let store: TestStore;
  let explaining: Pool;
  before(async function () {
    this.timeout(60_000);
    store = await openTestStore();
    for (const statement of YEAR) await sql.raw(statement).execute(store.db);
    await sql`ANALYZE`.execute(store.db);
    explaining = new Pool({ connectionString: store.url, max: 1 });
  });
  after(async () => {
    await explaining.end();
    await store.close();
  });

  for (const [name, ask] of QUESTIONS) {
    it(name, async () => {
      const statements = await statementsOf(ask);
      assert.ok(statements.length > 0);
      for (const statement of statements) {
        const { cost, plan } = await explain(statement);
        assert.ok(cost < MOST, `${cost} for ${statement.sql}\n${plan}`);
      }
    });
  }

  it('and that would be seen', async () => {
    const [whole] = await statementsOf((db) =>
      db.selectFrom('bindings').select('id').where('actor', '=', 'x').execute(),
    );
    assert.ok(whole);
    const { cost } = await explain(whole);
    assert.ok(cost > MOST, String(cost));
  });

  async function statementsOf(ask: (db: Database) => Promise<unknown>): Promise<CompiledQuery[]> {
    const executor = store.db.getExecutor();
    const statements: CompiledQuery[] = [];
    const recorder: KyselyPlugin = {
      transformQuery: ({ node, queryId }) => {
        statements.push(executor.compileQuery(node, queryId));
        return node;
      },
      transformResult: ({ result }) => Promise.resolve(result),
    };
    await ask(store.db.withPlugin(recorder));
    return statements;
  }

  async function explain({ sql: text, parameters }: CompiledQuery): Promise<{ cost: number; plan: string }> {
    const { rows } = await explaining.query(`EXPLAIN (FORMAT JSON) ${text}`, [...parameters]);
    const plan = rows[0]['QUERY PLAN'][0].Plan;
    return { cost: plan['Total Cost'], plan: JSON.stringify(plan, undefined, 1) };
  }
});
