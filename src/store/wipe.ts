import { type RawBuilder, sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Trx } from './database.ts';

/** A person whose phone, cards and member are locked. */
export interface Person {
  readonly program: string;
  readonly phone: Msisdn;
  readonly memberId: string | undefined;
  readonly cards: readonly CardNumber[];
  /** The SMS that still wait for a decision and are locked. */
  readonly waiting: readonly string[];
}

/** Tables that hold something of a person. */
const TABLES = [
  'members',
  'inbox',
  'long_messages',
  'message_parts',
  'replies',
  'phones',
  'offers',
  'cases',
  'enrolments',
  'code_quota',
  'idempotent_answers',
  'events',
  'bindings',
  'audit_events',
] as const;

/** Rows by table. */
export type ErasedCounts = Readonly<Record<(typeof TABLES)[number], number>>;

/**
 * Takes the person out of every table: rows that serve nobody else are deleted, rows that others count on lose what is
 * the person's. Bindings must be closed by now. An SMS or a reply that waited is ended, so that nobody takes it up again.
 */
export async function wipe(trx: Trx, person: Person): Promise<ErasedCounts> {
  const counts = new Map<string, number>();
  const run = async <Row>(table: (typeof TABLES)[number], statement: RawBuilder<unknown>): Promise<Row[]> => {
    const { rows } = await statement.execute(trx);
    counts.set(table, rows.length);
    return rows as Row[];
  };
  const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);
  const inbox = await run<{ id: string }>('inbox', inboxEmptied(person));
  const long = await run<{ id: string }>('long_messages', longMessagesEmptied(person, ids(inbox)));
  await run('message_parts', partsEmptied(ids(long)));
  const replies = await run<{ id: string }>('replies', repliesEmptied(person));
  const enrolments = await run<{ id: string }>('enrolments', enrolmentsEmptied(person));
  await run('cases', casesDeleted(person, ids(inbox), ids(replies)));
  await run('idempotent_answers', answersDeleted(person, ids(enrolments)));
  for (const [table, statement] of Object.entries(plainly(person)))
    await run(table as (typeof TABLES)[number], statement);
  return Object.fromEntries(TABLES.map((table) => [table, counts.get(table) ?? 0])) as ErasedCounts;
}

/** Whether anything is known of a phone that is no member's; the row that its lock has just made does not count. */
export async function isKnown(trx: Trx, { program, phone }: Person): Promise<boolean> {
  const { rows } = await sql<{ isKnown: boolean }>`SELECT
      EXISTS (SELECT FROM phones WHERE program = ${program} AND phone = ${phone} AND created_at <> now())
      OR ${isMentioned(program, phone)} AS "isKnown"`.execute(trx);
  return rows[0]?.isKnown === true;
}

/** True when the phone stands anywhere but in its own row. */
export function isMentioned(program: string, phone: Msisdn): RawBuilder<boolean> {
  return sql<boolean>`EXISTS (SELECT FROM inbox WHERE ${isSender(program, phone)})
      OR EXISTS (SELECT FROM long_messages WHERE ${isCollectedFrom(phone)})
      OR EXISTS (SELECT FROM replies WHERE program = ${program} AND recipient = ${phone})
      OR EXISTS (SELECT FROM bindings WHERE program = ${program} AND phone = ${phone} AND closed_at IS NULL)
      OR EXISTS (SELECT FROM bindings WHERE program = ${program} AND phone = ${phone} AND closed_at IS NOT NULL)
      OR EXISTS (SELECT FROM audit_events WHERE program = ${program} AND phone = ${phone})
      OR EXISTS (SELECT FROM enrolments WHERE program = ${program} AND phone = ${phone})`;
}

/** An SMS to an address of no programme is everybody's. A body that could not be read may hold the number anywhere. */
function isSender(program: string, phone: Msisdn): RawBuilder<boolean> {
  const digits = phone.slice(1);
  return sql<boolean>`(program = ${program} OR program IS NULL) AND (sender = ${phone}
    OR sender IS NULL AND sender_raw IN (${phone}, ${digits}, ${`00${digits}`})
    OR raw IS NOT NULL AND sender IS NULL AND position(convert_to(${digits}, 'UTF8') IN raw) > 0)`;
}

/** One that came after the locks were taken is left to its worker: it is a new acquaintance. */
function inboxEmptied({ program, phone, waiting }: Person): RawBuilder<unknown> {
  return sql`UPDATE inbox SET sender = NULL, sender_raw = '', text = '', raw = NULL, intent = NULL, script = NULL,
      error = NULL, state = 'done', outcome = coalesce(outcome, 'erased'), done_at = coalesce(done_at, clock_timestamp())
    WHERE ${isSender(program, phone)} AND (state <> 'received' OR id = ANY(${waiting}::bigint[])) RETURNING id`;
}

/** Parts that wait for others belong to no programme yet: they are everybody's. */
function isCollectedFrom(phone: Msisdn): RawBuilder<boolean> {
  const digits = phone.slice(1);
  return sql<boolean>`inbox_id IS NULL AND (sender = ${phone}
    OR sender IS NULL AND sender_raw IN (${phone}, ${digits}, ${`00${digits}`}))`;
}

/** A part that comes later finds no SMS of its own, and begins a new one. */
function longMessagesEmptied({ phone }: Person, inbox: readonly string[]): RawBuilder<unknown> {
  return sql`UPDATE long_messages SET sender = NULL, sender_raw = '', recipient = '', reference = '',
      read_at = coalesce(read_at, clock_timestamp())
    WHERE inbox_id = ANY(${inbox}::bigint[]) OR ${isCollectedFrom(phone)} RETURNING id`;
}

/** The rows stay, as those of the inbox do: they make a repeat harmless. */
function partsEmptied(messages: readonly string[]): RawBuilder<unknown> {
  return sql`UPDATE message_parts SET text = '' WHERE long_message_id = ANY(${messages}::uuid[]) RETURNING position`;
}

/** What was not sent is not sent any more; what is being sent finds no row to write its words to. */
export const EMPTIED_REPLY = sql.raw(`recipient = '', variables = '{}', text = NULL,
      error_code = CASE WHEN status IN ('queued', 'sending', 'unknown') THEN 'erased' ELSE error_code END,
      finished_at = CASE WHEN status IN ('queued', 'sending', 'unknown') THEN clock_timestamp() ELSE finished_at END,
      status = CASE WHEN status IN ('queued', 'sending', 'unknown') THEN 'failed' ELSE status END, sweep_at = NULL`);

function repliesEmptied({ program, phone }: Person): RawBuilder<unknown> {
  return sql`UPDATE replies SET ${EMPTIED_REPLY}
    WHERE program = ${program} AND recipient = ${phone} RETURNING id`;
}

function enrolmentsEmptied({ program, phone }: Person): RawBuilder<unknown> {
  return sql`UPDATE enrolments SET phone = NULL, profile = '{}', consents = '{}', reason = NULL, code_hash = NULL,
      outcome = CASE WHEN state IN ('code-sent', 'awaiting-check') THEN 'erased' ELSE outcome END,
      decided_at = CASE WHEN state IN ('code-sent', 'awaiting-check') THEN now() ELSE decided_at END,
      state = CASE WHEN state IN ('code-sent', 'awaiting-check') THEN 'refused' ELSE state END
    WHERE program = ${program} AND phone = ${phone} RETURNING id`;
}

function casesDeleted({ program, phone }: Person, inbox: readonly string[], replies: readonly string[]) {
  return sql`DELETE FROM cases WHERE program = ${program} AND phone = ${phone}
    OR inbound_id = ANY(${inbox}::bigint[]) OR reply_id = ANY(${replies}::bigint[]) RETURNING id`;
}

/** Kept for a day, in whatever form: all that name the phone, the member, an enrolment or a card of theirs. */
function answersDeleted({ program, phone, memberId, cards }: Person, enrolments: readonly string[]) {
  const names = [phone.slice(1), ...cards, ...enrolments, ...(memberId === undefined ? [] : [memberId])];
  const patterns = names.map((name) => `%${name}%`);
  return sql`DELETE FROM idempotent_answers a USING api_keys k
    WHERE k.prefix = a.key_prefix AND k.program = ${program}
      AND (a.body::text LIKE ANY(${patterns}::text[]) OR a.headers::text LIKE ANY(${patterns}::text[]))
    RETURNING a.key_prefix`;
}

type Plain = 'members' | 'phones' | 'offers' | 'code_quota' | 'events' | 'bindings' | 'audit_events';

/**
 * Tables where the programme and the phone are all that has to be known. The audit and the closed bindings keep their
 * rows: without the salt, the mark that the chain seals says nothing of the phone.
 */
function plainly({ program, phone, memberId }: Person): Record<Plain, RawBuilder<unknown>> {
  const is = sql`program = ${program} AND phone = ${phone}`;
  const isSubject = memberId === undefined ? sql`false` : sql`subject = ${memberId}`;
  return {
    members: sql`UPDATE members SET phone = NULL, phone_proof = 'none', name = NULL, birthday = NULL, email = NULL,
        consents = '{}', proposed_name = NULL, profile = 'incomplete', version = version + 1, updated_at = now(),
        erased_at = now()
      WHERE ${is} AND erased_at IS NULL RETURNING id`,
    phones: sql`DELETE FROM phones WHERE ${is} RETURNING phone`,
    offers: sql`DELETE FROM offers WHERE program = ${program} AND (phone = ${phone} OR newcomer = ${phone})
      RETURNING id`,
    code_quota: sql`DELETE FROM code_quota WHERE program = ${program} AND scope = 'phone' AND subject = ${phone}
      RETURNING subject`,
    events: sql`DELETE FROM events WHERE program = ${program} AND (data ->> 'phone' = ${phone} OR ${isSubject})
      RETURNING id`,
    bindings: sql`UPDATE bindings SET phone = NULL WHERE ${is} AND closed_at IS NOT NULL RETURNING id`,
    audit_events: sql`UPDATE audit_events SET phone = NULL, phone_salt = NULL WHERE ${is} RETURNING id`,
  };
}
