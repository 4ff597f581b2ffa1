import { sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { EnrolOutcome } from '../activation/enrol.ts';
import type { Profile } from '../activation/profile.ts';
import type { Way } from '../activation/program.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Database, Trx } from './database.ts';

/** How far an enrolment is. `refused`: by an operator, or the card could not be had; `expired`: no right code came. */
export type EnrolmentState = 'code-sent' | 'awaiting-check' | 'done' | 'refused' | 'expired';

/** A card and a phone that wait for a code or for an operator, and what came of them. */
export interface Enrolment {
  readonly id: string;
  readonly way: Way;
  readonly card: CardNumber;
  /** Null where nobody can be texted, and once nothing more can come of it. */
  readonly phone: Msisdn | null;
  readonly profile: Profile;
  /** Consent by name, with the time it was given. */
  readonly consents: Readonly<Record<string, string>>;
  readonly state: EnrolmentState;
  readonly outcome: string | null;
  /** Why an operator refused it. */
  readonly reason: string | null;
  /** A code that was sent to the phone came back. */
  readonly phone_proved: boolean;
  readonly code_hash: Buffer | null;
  readonly tries_left: number;
  readonly codes_sent: number;
  readonly resend_after: Date | null;
  readonly expires_at: Date | null;
  readonly shop: string | null;
  readonly entered_by: string;
  readonly decided_by: string | null;
  readonly created_at: Date;
  readonly decided_at: Date | null;
}

/** An enrolment as it begins. */
export type NewEnrolment = Pick<
  Enrolment,
  'id' | 'way' | 'card' | 'phone' | 'profile' | 'consents' | 'state' | 'shop' | 'entered_by' | 'created_at'
> &
  Partial<Pick<Enrolment, 'code_hash' | 'codes_sent' | 'resend_after' | 'expires_at'>>;

const COLUMNS = sql`id, way, card, phone, profile, consents, state, outcome, reason, phone_proved, code_hash, tries_left,
  codes_sent, resend_after, expires_at, shop, entered_by, decided_by, created_at, decided_at`;

/** Keeps a new enrolment. */
export async function insertEnrolment(trx: Trx, program: string, enrolment: NewEnrolment): Promise<void> {
  const { profile, consents, code_hash = null, codes_sent = 0, resend_after = null, expires_at = null } = enrolment;
  await sql`INSERT INTO enrolments (id, program, way, card, phone, profile, consents, state, shop, entered_by, created_at,
      code_hash, codes_sent, resend_after, expires_at)
    VALUES (${enrolment.id}, ${program}, ${enrolment.way}, ${enrolment.card}, ${enrolment.phone},
      ${JSON.stringify(profile)}::jsonb, ${JSON.stringify(consents)}::jsonb, ${enrolment.state}, ${enrolment.shop},
      ${enrolment.entered_by}, ${enrolment.created_at}, ${code_hash}, ${codes_sent}, ${resend_after},
      ${expires_at})`.execute(trx);
}

/** Locks an enrolment of the programme until the end of the transaction. It is locked before phones and cards. */
export async function lockEnrolment(trx: Trx, program: string, id: string): Promise<Enrolment | undefined> {
  const { rows } = await sql<Enrolment>`SELECT ${COLUMNS} FROM enrolments
    WHERE program = ${program} AND id = ${id}::uuid FOR UPDATE`.execute(trx);
  return rows[0];
}

/** An enrolment of the programme as it is now. */
export async function findEnrolment(db: Database, program: string, id: string): Promise<Enrolment | undefined> {
  const { rows } = await sql<Enrolment>`SELECT ${COLUMNS} FROM enrolments
    WHERE program = ${program} AND id = ${id}::uuid`.execute(db);
  return rows[0];
}

/** Up to `limit` enrolments of the shop, or of all, that wait for an operator, oldest first; those behind `after`, an enrolment's id. */
export async function listToCheck(
  db: Database,
  program: string,
  {
    shop,
    after,
    limit,
  }: { readonly shop: string | undefined; readonly after?: string | undefined; readonly limit: number },
): Promise<Enrolment[]> {
  const behind =
    after === undefined
      ? sql``
      : sql`AND (created_at, id) > (SELECT created_at, id FROM enrolments WHERE program = ${program} AND id = ${after}::uuid)`;
  const { rows } = await sql<Enrolment>`SELECT ${COLUMNS} FROM enrolments
    WHERE program = ${program} AND state = 'awaiting-check' AND shop IS NOT DISTINCT FROM coalesce(${shop ?? null}, shop)
      ${behind} ORDER BY created_at, id LIMIT ${limit}`.execute(db);
  return rows;
}

/** True when an enrolment of the card waits for an operator; certain while the card is locked. */
export async function isHeld(trx: Trx, program: string, card: CardNumber): Promise<boolean> {
  const { rows } = await sql`SELECT FROM enrolments
    WHERE program = ${program} AND card = ${card} AND state = 'awaiting-check'`.execute(trx);
  return rows.length > 0;
}

/** The code came back and an operator has to look. */
export async function handToOperator(trx: Trx, id: string): Promise<void> {
  await sql`UPDATE enrolments SET state = 'awaiting-check', phone_proved = true, code_hash = NULL
    WHERE id = ${id}::uuid`.execute(trx);
}

/** How an enrolment ended. */
export interface Ending {
  readonly state: 'done' | 'refused' | 'expired';
  readonly outcome?: EnrolOutcome;
  readonly reason?: string;
  /** Who decided; undefined when nobody did. */
  readonly actor?: string;
  readonly now: Date;
}

/** Ends an enrolment. Its profile is the member's by now or nobody's; a phone that was not proved is forgotten as well. */
export async function endEnrolment(trx: Trx, id: string, ending: Ending): Promise<void> {
  const { state, outcome = null, reason = null, actor = null, now } = ending;
  await sql`UPDATE enrolments SET state = ${state}, outcome = ${outcome}, reason = ${reason}, decided_by = ${actor},
      decided_at = ${now}, profile = '{}', consents = '{}', code_hash = NULL,
      phone = CASE WHEN ${state} <> 'expired' THEN phone END
    WHERE id = ${id}::uuid`.execute(trx);
}
