import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { Locale, Program, ProgramLimits } from '../activation/program.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Database, Trx } from './database.ts';
import type { QueuedReply } from './new-replies.ts';
import { rows } from './rows.ts';
import type { TextingAddress } from './texting.ts';

/** How long a code is good for. */
export const CODE_MINUTES = 10;
/** Wrong codes that an enrolment bears, over all its codes. */
export const CODE_TRIES = 5;
/** Codes after the first that an enrolment may ask for. */
export const CODE_RESENDS = 3;
/** How long to wait before asking for another. */
export const CODE_RESEND_SECONDS = 60;

/** What is kept where a code was, once it was handed over or is no longer good. */
export const BLANK_CODE = '######';

/** Six random digits. */
export function newCode(): string {
  return String(randomInt(1_000_000)).padStart(6, '0');
}

/**
 * What is kept of a code: its HMAC with the enrolment's id as key, so that equal codes do not look equal. It keeps a
 * code from being read in passing and no more: whoever has the database goes through a million codes in a second, within
 * the ten minutes that it is good for.
 */
export function hashCode(enrolment: string, code: string): Buffer {
  return createHmac('sha256', enrolment).update(code).digest();
}

/** Whether the code is the one, in a time that does not tell how much of it is right. */
export function isCode(hash: Buffer | null, enrolment: string, code: string): boolean {
  const given = hashCode(enrolment, code);
  return timingSafeEqual(given, hash?.length === given.length ? hash : Buffer.alloc(given.length));
}

/** A text that carries a code. */
export interface CodeText {
  /** Its id: it is what the text is forgotten with. */
  readonly enrolment: string;
  readonly program: Program;
  readonly from: TextingAddress;
  readonly phone: Msisdn;
  readonly card: CardNumber;
  readonly code: string;
  readonly expiresAt: Date;
  readonly locale: Locale;
  /** False: the phone cannot be texted; the row is written all the same, so that the answer takes as long. */
  readonly canBeTexted: boolean;
}

/** Puts the text into the outbox and notes it on its enrolment; answers what is to be enqueued. */
export async function queueCode(trx: Trx, text: CodeText): Promise<QueuedReply[]> {
  const { enrolment, program, from, phone, card, code, expiresAt, locale, canBeTexted } = text;
  const facts = { card, code: canBeTexted ? code : BLANK_CODE, expiresAt };
  const { rows: queued } = await sql<QueuedReply>`
    WITH text AS (INSERT INTO replies (program, channel, sender, recipient, template, locale, variables, status, error_code,
      finished_at, sweep_at)
    VALUES (${program.key}, ${from.channel}, ${from.address}, ${phone}, 'confirm-code', ${locale},
      ${JSON.stringify(facts)}::jsonb, ${canBeTexted ? 'queued' : 'failed'}, ${canBeTexted ? null : 'unsupported-phone'},
      CASE WHEN ${canBeTexted} THEN NULL ELSE now() END,
      CASE WHEN ${canBeTexted} THEN clock_timestamp() + interval '8 seconds' END)
    RETURNING id, channel), noted AS (
      UPDATE enrolments SET code_replies = code_replies || (SELECT id FROM text) WHERE id = ${enrolment}::uuid
    )
    SELECT id, channel FROM text`.execute(trx);
  return canBeTexted ? queued : [];
}

/** The language that a phone was last answered in; asked for every phone alike. */
export async function rememberedLocale(trx: Trx, program: string, phone: Msisdn): Promise<Locale | undefined> {
  const { rows: known } = await sql<{ locale: Locale | null }>`SELECT locale FROM phones
    WHERE program = ${program} AND phone = ${phone}`.execute(trx);
  return known[0]?.locale ?? undefined;
}

/** Thrown inside a transaction, so that nothing of it stays: the day has no more codes for this phone, block or programme. */
export class TooManyCodes extends Error {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('The codes of the day are used up');
    this.name = 'TooManyCodes';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const CAPS = {
  phone: 'codesPerPhone',
  address: 'codesPerAddressBlock',
  program: 'codesPerDay',
} as const satisfies Record<string, keyof ProgramLimits>;

/** Whom a code is counted for. */
export interface CodeSubjects {
  readonly phone: Msisdn;
  /** The block of addresses that a visitor of the website comes from; undefined for a till. */
  readonly addressBlock: string | undefined;
  /** A code is one of the programme's replies of the day, too. */
  readonly repliesLeft: number;
  readonly now: Date;
}

/**
 * Counts one code of the UTC day against every cap at once, however many processes do so. Comes last in its transaction:
 * the programme's row is everybody's, and held until the commit.
 * @throws TooManyCodes
 */
export async function countCode(trx: Trx, { key, limits }: Program, subjects: CodeSubjects): Promise<void> {
  const { phone, addressBlock, repliesLeft, now } = subjects;
  if (repliesLeft < 1) throw new TooManyCodes(secondsLeftOf(now));
  const day = now.toISOString().slice(0, 10);
  const list = [
    { scope: 'phone', subject: phone },
    ...(addressBlock === undefined ? [] : [{ scope: 'address', subject: addressBlock }]),
    { scope: 'program', subject: '' },
  ] as const;
  const { rows: counted } = await sql`
    INSERT INTO code_quota AS q (program, scope, subject, day, used)
    SELECT ${key}, scope, subject, ${day}::date, 1 FROM ${rows(list, 'scope text, subject text')}
    ON CONFLICT (program, scope, subject, day) DO UPDATE SET used = q.used + 1
    WHERE q.used < CASE q.scope WHEN 'phone' THEN ${limits[CAPS.phone]}::int
      WHEN 'address' THEN ${limits[CAPS.address]}::int ELSE ${limits[CAPS.program]}::int END
    RETURNING scope`.execute(trx);
  if (counted.length < list.length) throw new TooManyCodes(secondsLeftOf(now));
}

function secondsLeftOf(now: Date): number {
  const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
  return Math.ceil((next - now.getTime()) / 1000);
}

/**
 * Blanks the codes whose time is over, in texts that went out and in texts that never did, and forgets yesterday's
 * counts. Codes that a provider took are blanked at once, see `recordAttempts`.
 */
export async function forgetCodes(db: Database, now: Date): Promise<void> {
  await sql`UPDATE replies SET text = replace(text, variables ->> 'code', ${BLANK_CODE}),
      variables = jsonb_set(variables, '{code}', to_jsonb(${BLANK_CODE}::text))
    WHERE template = 'confirm-code' AND variables ->> 'code' <> '######'
      AND (variables ->> 'expiresAt')::timestamptz <= ${now}`.execute(db);
  await sql`DELETE FROM code_quota WHERE day < ${now.toISOString().slice(0, 10)}::date - 1`.execute(db);
}
