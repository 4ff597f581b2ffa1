import { sql } from 'kysely';
import { type Finding, ok, unless } from '../finding.ts';
import { chainHead, countUnsealed } from './audit-seal.ts';
import type { Database } from './database.ts';
import { pendingMigrations } from './migrate.ts';
import { assertPepper, lacksPepper, PEOPLE_WOULD_BE_TEXTED, PEPPER_ADVICE } from './opt-outs.ts';
import { partitionsFinding } from './partitions.ts';
import { keptFindings } from './retention.ts';

/**
 * What keeps one card with one phone, one outcome with one SMS and one link with one audit event: table and definition
 * as Postgres prints it. A test compares the list with what the migrations make.
 */
export const UNIQUE_INDEXES = [
  'api_keys (prefix)',
  'audit_chain ("position")',
  'audit_chain (event_id)',
  'audit_events (id)',
  'bindings (id)',
  'bindings (program, card) WHERE (closed_at IS NULL)',
  'bindings (program, phone) WHERE (closed_at IS NULL)',
  'cards (program, number)',
  'cases (id)',
  'cases (program, kind, card, phone) WHERE ((resolved_at IS NULL) AND (card IS NOT NULL))',
  'code_quota (program, scope, subject, day)',
  'enrolments (id)',
  "enrolments (program, card) WHERE (state = 'awaiting-check'::text)",
  'events (id)',
  'idempotent_answers (key_prefix, idempotency_key)',
  'inbound_ids (channel, provider_message_id)',
  'inbox (id)',
  'long_messages (id)',
  'members (id)',
  'members (program, phone) WHERE (erased_at IS NULL)',
  'message_parts (channel, provider_message_id)',
  'message_parts (long_message_id, "position")',
  'offers (id)',
  'offers (program, phone) WHERE (closed_at IS NULL)',
  'opt_outs (program, phone_mark)',
  'parked_receipts (channel, provider_message_id)',
  'phones (program, phone)',
  'replies (id)',
  'replies (inbound_id, slot)',
  'reply_quota (program, day)',
  'send_rate (channel)',
  'session_leases (channel)',
] as const;

/**
 * Looks at everything that the promises of this service rest on. Rejects when the database does not answer.
 * `messagesMonths`: how long messages are kept; undefined: for ever.
 */
export async function inspectDatabase(db: Database, messagesMonths?: number): Promise<Finding[]> {
  const server = await serverSettings(db);
  return [
    ...serverFindings(server),
    await clockFinding(db),
    await migrationsFinding(db),
    ...(await indexFindings(db)),
    await partitionsFinding(db),
    ...(messagesMonths === undefined ? [] : await keptFindings(db, messagesMonths)),
    await pepperFinding(db),
    await sealerFinding(db),
  ];
}

/**
 * Throws, naming each, when a unique index is missing: without it two phones could get one card. Throws `NoPepper` when
 * there are opt-outs that nobody could read.
 */
export async function assertSafeToStart(db: Database): Promise<void> {
  const missing = await missingIndexes(db);
  if (missing.length > 0) {
    throw new Error(`Refusing to start: the database has lost unique indexes: ${missing.join('; ')}. ${INDEX_ADVICE}`);
  }
  await assertPepper(db);
}

const INDEX_ADVICE = 'Stop all Cardwake processes, remove duplicates and create it again';

interface ServerSettings {
  readonly version: string;
  readonly versionNumber: number;
  readonly synchronousCommit: string;
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly encoding: string;
  readonly isReplica: boolean;
}

async function serverSettings(db: Database): Promise<ServerSettings> {
  const { rows } = await sql<ServerSettings>`
    SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS "versionNumber",
      current_setting('synchronous_commit') AS "synchronousCommit", current_setting('fsync') AS fsync,
      current_setting('full_page_writes') AS "fullPageWrites", current_setting('server_encoding') AS encoding,
      pg_is_in_recovery() AS "isReplica"`.execute(db);
  const [settings] = rows;
  if (settings === undefined) throw new Error('Postgres told nothing about itself');
  return settings;
}

function serverFindings(server: ServerSettings): Finding[] {
  const lossy = (name: string, value: string): Finding =>
    unless(value !== 'off', `${name} is ${value}`, {
      level: 'problem',
      what: `${name} is off: after a power cut, messages that were acknowledged are gone`,
      advice: `set ${name} = on in postgresql.conf, for this database and for its user`,
    });
  return [
    unless(server.versionNumber >= 140_000, `Postgres ${server.version}`, {
      level: 'problem',
      what: `Postgres ${server.version} is too old`,
      advice: 'use Postgres 14 or newer',
    }),
    unless(!server.isReplica, 'it takes writes', {
      level: 'problem',
      what: 'it is a replica and takes no writes',
      advice: 'let DATABASE_URL name the primary, by a name or an address that follows it after a failover',
    }),
    unless(server.encoding === 'UTF8', 'it keeps text in UTF8', {
      level: 'problem',
      what: `it keeps text in ${server.encoding}, which cannot hold every SMS`,
      advice: "create the database with ENCODING 'UTF8' TEMPLATE template0",
    }),
    lossy('synchronous_commit', server.synchronousCommit),
    lossy('fsync', server.fsync),
    lossy('full_page_writes', server.fullPageWrites),
  ];
}

const CLOCK_WARNING_MS = 2_000;
const CLOCK_PROBLEM_MS = 60_000;

async function clockFinding(db: Database): Promise<Finding> {
  const before = Date.now();
  const { rows } = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(db);
  const middle = (before + Date.now()) / 2;
  return clockFindingOf(Number(rows[0]?.now) - middle);
}

/** The judgement of a difference between the clocks, database less this machine, in milliseconds. */
export function clockFindingOf(differenceMs: number): Finding {
  const seconds = (Math.abs(differenceMs) / 1_000).toFixed(1);
  const words = `its clock is ${seconds} s ${differenceMs < 0 ? 'behind' : 'ahead of'} this machine's`;
  if (Math.abs(differenceMs) <= CLOCK_WARNING_MS) return ok("its clock agrees with this machine's");
  const level = Math.abs(differenceMs) > CLOCK_PROBLEM_MS ? 'problem' : 'warning';
  return { level, what: words, advice: 'codes run out by these clocks: run a time service (NTP) on both machines' };
}

async function migrationsFinding(db: Database): Promise<Finding> {
  const pending = await pendingMigrations(db);
  return unless(pending.length === 0, 'the schema is up to date', {
    level: 'problem',
    what: `the schema lacks ${pending.join(', ')}`,
    advice: 'start the service once: it migrates',
  });
}

async function indexFindings(db: Database): Promise<Finding[]> {
  const missing = await missingIndexes(db);
  if (missing.length === 0) return [ok(`all ${UNIQUE_INDEXES.length} unique indexes are in place`)];
  return missing.map((index) => ({
    level: 'problem',
    what: `the unique index ${index} is missing or not valid: a card could get two phones, or an SMS two outcomes`,
    advice: `${INDEX_ADVICE}: CREATE UNIQUE INDEX ON ${index}${index.startsWith('replies (inbound') ? ', on each partition of replies' : ''}`,
  }));
}

async function missingIndexes(db: Database): Promise<string[]> {
  const present = new Set(await uniqueIndexes(db));
  return UNIQUE_INDEXES.filter((index) => !present.has(index));
}

/**
 * Every unique index of the schema that does its work, as `UNIQUE_INDEXES` spells them; whatever its name. One that each
 * month of a table has for itself counts as the table's.
 */
export async function uniqueIndexes(db: Database): Promise<string[]> {
  const { rows } = await sql<{ index: string }>`
    SELECT coalesce(whole.relname, t.relname) || ' ' || substring(pg_get_indexdef(i.indexrelid) FROM ' USING btree (.*)$') AS index
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
      LEFT JOIN pg_inherits month ON month.inhrelid = t.oid LEFT JOIN pg_class whole ON whole.oid = month.inhparent
    WHERE t.relnamespace = current_schema()::regnamespace AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND NOT EXISTS (SELECT FROM pg_inherits part WHERE part.inhrelid = i.indexrelid)
    GROUP BY 1, whole.oid
    HAVING whole.oid IS NULL OR count(*) = (SELECT count(*) FROM pg_inherits WHERE inhparent = whole.oid)
    ORDER BY 1`.execute(db);
  return rows.map((row) => row.index);
}

async function pepperFinding(db: Database): Promise<Finding> {
  return unless(!(await lacksPepper(db)), 'no opt-out is kept that cannot be read', {
    level: 'problem',
    what: `CARDWAKE_PEPPER is not set: ${PEOPLE_WOULD_BE_TEXTED}`,
    advice: PEPPER_ADVICE,
  });
}

const SEALER_PATIENCE_SECONDS = 60;

async function sealerFinding(db: Database): Promise<Finding> {
  const head = await chainHead(db);
  const waiting = await countUnsealed(db, head, SEALER_PATIENCE_SECONDS);
  return unless(waiting === 0, 'the audit chain is up to date', {
    level: 'warning',
    what: `audit events without a seal for more than a minute: ${waiting}`,
    advice: 'look for a long transaction (pg_stat_activity, pg_prepared_xacts), and see that a worker runs',
  });
}
