import { type RawBuilder, sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Database } from './database.ts';
import type { PhoneProof } from './phone-proof.ts';

/** A member with the card that they have; erased ones are never found. */
export interface Member {
  readonly id: string;
  readonly phone: Msisdn;
  readonly phoneProof: PhoneProof;
  readonly card: CardNumber | null;
  readonly name: string | null;
  /** `YYYY-MM-DD`. */
  readonly birthday: string | null;
  readonly email: string | null;
  /** Consent by name, with the time it was given. */
  readonly consents: Readonly<Record<string, string>>;
  readonly profile: 'incomplete' | 'complete';
  /** A name that an SMS carried, to be confirmed. */
  readonly proposedName: string | null;
  readonly createdAt: Date;
  readonly version: number;
}

/** A part of a list, oldest first. `next`: the member after whom the next part begins; undefined at the end. */
export interface MemberPage {
  readonly members: readonly Member[];
  readonly next: string | undefined;
}

/** The members with these phones: one phone in several readings, so mostly one member. */
export async function findMembersByPhone(
  db: Database,
  program: string,
  phones: readonly Msisdn[],
): Promise<readonly Member[]> {
  return await read(
    db,
    sql`m.program = ${program} AND m.phone = ANY(${[...phones]}::text[]) AND m.erased_at IS NULL ORDER BY m.created_at, m.id`,
  );
}

/** The member of the programme with this id (a UUID); undefined when there is none, or none any more. */
export async function findMember(db: Database, program: string, id: string): Promise<Member | undefined> {
  const [member] = await read(db, sql`m.program = ${program} AND m.id = ${id}::uuid AND m.erased_at IS NULL`);
  return member;
}

/**
 * Members whose profile is incomplete, oldest first, behind the member `after`, who may be complete or erased by now.
 * Going on from page to page shows everyone who was there at the first page and still is incomplete, each once, however
 * many come meanwhile. Undefined when the programme never had the member `after`.
 */
export async function listIncompleteMembers(
  db: Database,
  program: string,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<MemberPage | undefined> {
  // The row itself is the mark: its time has more digits than a JavaScript date.
  const mark = sql`(SELECT created_at, id FROM members WHERE program = ${program} AND id = ${after ?? null}::uuid)`;
  const behind = after === undefined ? sql`` : sql`AND (m.created_at, m.id) > ${mark}`;
  const found = await read(
    db,
    sql`m.program = ${program} AND m.profile = 'incomplete' AND m.erased_at IS NULL ${behind}
      ORDER BY m.created_at, m.id LIMIT ${limit + 1}`,
  );
  if (found.length === 0 && after !== undefined && !(await isKnown(db, program, after))) return undefined;
  const members = found.slice(0, limit);
  return { members, next: found.length > limit ? members.at(-1)?.id : undefined };
}

async function isKnown(db: Database, program: string, id: string): Promise<boolean> {
  const known = await db
    .selectFrom('members')
    .select('id')
    .where('program', '=', program)
    .where('id', '=', id)
    .executeTakeFirst();
  return known !== undefined;
}

/** A date as text: the driver would make a moment of it, in whatever zone this machine is in. */
async function read(db: Database, where: RawBuilder<unknown>): Promise<readonly Member[]> {
  const { rows } = await sql<Member>`
    SELECT m.id, m.phone, m.phone_proof AS "phoneProof", b.card, m.name, m.birthday::text, m.email, m.consents,
      m.profile, m.proposed_name AS "proposedName", m.created_at AS "createdAt", m.version
    FROM members m
    LEFT JOIN bindings b ON b.program = m.program AND b.phone = m.phone AND b.closed_at IS NULL
    WHERE ${where}`.execute(db);
  return rows;
}
