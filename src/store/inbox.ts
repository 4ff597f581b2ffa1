import { type RawBuilder, sql } from 'kysely';
import type { CountryCode } from 'libphonenumber-js';
import type { Intent, Script } from '../activation/intent.ts';
import type { Outcome } from '../activation/outcome.ts';
import type { OptOutKind } from '../sms/message.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { type Database, isDatabaseAway, isRetryable, sqlState } from './database.ts';
import { isWithin } from './id-bounds.ts';
import { lacksPartition } from './partitions.ts';
import { rows } from './rows.ts';

/** A received SMS as the inbox keeps it. With an `outcome` it is done on arrival: nobody will be answered. */
export interface NewInbound {
  readonly channel: string;
  readonly providerMessageId: string;
  readonly program: string | undefined;
  readonly sender: Msisdn | undefined;
  readonly senderRaw: string;
  readonly country: string | undefined;
  readonly recipient: string;
  /** Without NUL and lone surrogates, which Postgres does not take. */
  readonly text: string;
  /** The body as it came, base64; for what could not be read or had to be cleaned. */
  readonly raw: string | undefined;
  readonly script: Script | undefined;
  readonly optOut: OptOutKind | undefined;
  readonly intent: Intent | undefined;
  readonly outcome: Extract<Outcome, 'unsupported-sender' | 'unreadable'> | undefined;
}

/** What became of one insert. A repeated SMS left its first row as it was. */
export type Kept = { readonly kind: 'new'; readonly id: string } | { readonly kind: 'repeated' };

const COLUMNS = `channel text, "providerMessageId" text, program text, sender text, "senderRaw" text, country text,
  recipient text, text text, raw text, script text, "optOut" text, intent jsonb, outcome text`;

/**
 * Commits the SMS in one statement: after it returns they cannot be lost. One that the channel sent before, at any time,
 * is left as it was: `inbound_ids` knows it, also when its month was dropped. Sorted by key, so that two processes that
 * insert the same SMS wait and do not deadlock.
 */
export async function keepInbound(db: Database, received: readonly NewInbound[]): Promise<Kept[]> {
  // Postgres takes no NUL, so none is in either.
  const key = (channel: string, id: string) => `${channel}\0${id}`;
  const sorted = received.toSorted(
    (a, b) => compare(a.channel, b.channel) || compare(a.providerMessageId, b.providerMessageId),
  );
  // One row for all: read as rows, they made a twentieth of the process's garbage.
  const { rows: answer } = await sql<{ kept: readonly (readonly [id: string, channel: string, its: string])[] | null }>`
    WITH given AS MATERIALIZED (
      SELECT new_message_id() AS id, r.* FROM ${rows(sorted, COLUMNS)}
    ), taken AS (
      INSERT INTO inbound_ids (channel, provider_message_id, inbox_id)
      SELECT channel, "providerMessageId", id FROM given
      ON CONFLICT (channel, provider_message_id) DO NOTHING RETURNING inbox_id
    ), kept AS (
      INSERT INTO inbox (id, channel, provider_message_id, program, sender, sender_raw, country, recipient, text, raw, script,
        opt_out, intent, outcome, state, done_at)
      SELECT id, channel, "providerMessageId", program, sender, "senderRaw", country, recipient, text, decode(raw, 'base64'),
        script, "optOut", intent, outcome, CASE WHEN outcome IS NULL THEN 'received' ELSE 'done' END,
        CASE WHEN outcome IS NOT NULL THEN clock_timestamp() END
      FROM given WHERE id IN (SELECT inbox_id FROM taken)
      RETURNING id, channel, provider_message_id
    )
    SELECT json_agg(json_build_array(id::text, channel, provider_message_id)) AS kept FROM kept`.execute(db);
  const fresh = new Map((answer[0]?.kept ?? []).map(([id, channel, its]) => [key(channel, its), id]));
  return received.map((one) => {
    const k = key(one.channel, one.providerMessageId);
    const id = fresh.get(k);
    // The same SMS twice in one batch: the first is new, the second repeated.
    fresh.delete(k);
    return id === undefined ? { kind: 'repeated' } : { kind: 'new', id };
  });
}

/**
 * Those of the SMS that were kept under the same id with another sender or text: somebody plays with ids. Of one whose month
 * was dropped nobody knows it any more.
 */
export async function differingFromKept(db: Database, received: readonly NewInbound[]): Promise<NewInbound[]> {
  const list = received.map(({ channel, providerMessageId, senderRaw, text }, at) => ({
    at,
    channel,
    providerMessageId,
    senderRaw,
    text,
  }));
  const { rows: differing } = await sql<{ at: number }>`
    SELECT at FROM ${rows(list, 'at int, channel text, "providerMessageId" text, "senderRaw" text, text text')}
    WHERE (SELECT inbox.sender_raw <> r."senderRaw" OR inbox.text <> r.text
      FROM inbound_ids known JOIN inbox ON inbox.id = known.inbox_id
      WHERE known.channel = r.channel AND known.provider_message_id = r."providerMessageId")`.execute(db);
  return differing.flatMap(({ at }) => received[at] ?? []);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A received SMS that waits for its decision. */
export interface WaitingInbound {
  readonly id: string;
  readonly channel: string;
  readonly program: string;
  readonly sender: Msisdn;
  readonly country: CountryCode | null;
  readonly recipient: string;
  readonly script: Script | null;
  readonly opt_out: OptOutKind | null;
  /** Null when the text could not be read on arrival; then `unread` is the text. */
  readonly intent: Intent | null;
  readonly unread: string | null;
  readonly received_at: Date;
  /** Typed on the phone page while its channel was in rehearsal. */
  readonly is_rehearsed: boolean;
}

/** Failures of one SMS before it is set aside for an operator. */
const QUARANTINE_AFTER = 3;

/** Until it is tried again: over a minute and more, in which a faulty release can be taken back. */
const NEXT_TRY_IN = sql.raw(`CASE WHEN attempts = 0 THEN interval '10 seconds' ELSE interval '1 minute' END`);

/**
 * Counts a failed attempt at each SMS; the third sets it aside with the outcome `error` and opens a case, so that its
 * neighbours go through. Answers the ids that were set aside.
 */
export async function recordInboundFailure(db: Database, ids: readonly string[], reason: string): Promise<string[]> {
  return await setBack(db, ids, reason, {
    attempts: sql`attempts + 1`,
    isLast: sql`attempts + 1 >= ${QUARANTINE_AFTER}`,
    wait: NEXT_TRY_IN,
  });
}

/**
 * Puts off SMS whose programme this process does not know, a minute each time and without counting: while a new programme
 * is rolled out, only some processes know it. After a day they are set aside. Answers the ids that were.
 */
export async function putOffUnknownProgram(db: Database, ids: readonly string[]): Promise<string[]> {
  return await setBack(db, ids, 'no process knows its programme', {
    attempts: sql`attempts`,
    isLast: sql`received_at < clock_timestamp() - interval '1 day'`,
    wait: sql`interval '1 minute'`,
  });
}

/** What becomes of an SMS that could not be decided, as expressions over its row. */
interface SettingBack {
  readonly attempts: RawBuilder<unknown>;
  /** It is set aside. */
  readonly isLast: RawBuilder<unknown>;
  readonly wait: RawBuilder<unknown>;
}

async function setBack(
  db: Database,
  ids: readonly string[],
  reason: string,
  { attempts, isLast, wait }: SettingBack,
): Promise<string[]> {
  const { rows: failed } = await sql<{ id: string; state: string }>`
    WITH failed AS (
      UPDATE inbox SET attempts = ${attempts}, error = ${reason.slice(0, 200)},
        state = CASE WHEN ${isLast} THEN 'quarantined' ELSE state END,
        outcome = CASE WHEN ${isLast} THEN 'error' END,
        done_at = CASE WHEN ${isLast} THEN clock_timestamp() END,
        next_attempt_at = clock_timestamp() + ${wait},
        sweep_at = clock_timestamp() + ${wait}
      WHERE id = ANY(${ids}::bigint[]) AND ${isWithin('id', ids)} AND state = 'received' RETURNING id, state, program
    ), opened AS (
      INSERT INTO cases (program, kind, inbound_id) SELECT program, 'quarantined', id FROM failed WHERE state = 'quarantined'
    )
    SELECT id, state FROM failed`.execute(db);
  return failed.filter((row) => row.state === 'quarantined').map((row) => row.id);
}

/**
 * The ids of SMS whose job seems lost: they wait longer than they should. Each is looked at again after as long as it
 * has waited so far, from 8 seconds up to a minute, so that a long backlog is not enqueued over and over. With `dueBy` only
 * those that were due then: their last job is 8 seconds older at least, more than an enqueue takes and clocks differ.
 */
export async function sweepInbound(db: Database, limit: number, dueBy?: Date): Promise<string[]> {
  const { rows: swept } = await sql<{ id: string }>`
    UPDATE inbox SET sweep_at = clock_timestamp()
      + least(greatest(clock_timestamp() - received_at, interval '8 seconds'), interval '1 minute')
    WHERE id IN (SELECT id FROM inbox WHERE state = 'received' AND sweep_at <= clock_timestamp()
        AND sweep_at <= ${dueBy ?? 'infinity'}::timestamptz
      ORDER BY sweep_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING id`.execute(db);
  return swept.map((row) => row.id).toSorted((a, b) => Number(BigInt(a) - BigInt(b)));
}

/** How long the oldest undecided SMS has waited, in seconds; 0 when none waits. */
export async function oldestUnprocessedSeconds(db: Database): Promise<number> {
  const { rows: answer } = await sql<{ seconds: number | null }>`
    SELECT extract(epoch FROM clock_timestamp() - min(received_at))::float8 AS seconds FROM inbox
    WHERE state = 'received'`.execute(db);
  return answer[0]?.seconds ?? 0;
}

/**
 * What no SMS brings about: we are not let in, there is no such database, the schema and the statement do not fit each
 * other, a disk or Postgres itself is broken. `isDatabaseAway` does not have them, because at a start they do not pass.
 */
const OF_EVERYTHING = /^(?:28|3D|42|58|XX)/;

/**
 * True for an error that will come again with the same SMS: the database refuses its data, or our own code fails on it.
 * False for a database that is away or fails whatever it is asked, for a month without a partition and for a lost race,
 * which another try cures.
 */
export function isOfMessage(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  if (isDatabaseAway(error) || OF_EVERYTHING.test(state) || lacksPartition(error)) return false;
  // A unique index that still refuses after the tries of `transact` is not a lost race but a row that is in the way.
  return !isRetryable(error) || state === '23505';
}
