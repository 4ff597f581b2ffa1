import { sql } from 'kysely';
import { complete, FACTS, type Fact, isComplete, type Profile, tidyName } from '../activation/profile.ts';
import type { Program } from '../activation/program.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { recordAudit } from './audit.ts';
import type { Trx } from './database.ts';
import { recordEvents } from './events.ts';
import { type PhoneProof, strongest } from './phone-proof.ts';

/** What a form, a till or a website says of the person with this phone. */
export interface MemberEntry {
  readonly program: Program;
  readonly phone: Msisdn;
  /** How this entry proved that the phone is theirs. */
  readonly proof: PhoneProof;
  /** `key:<prefix>/<person>` or `cli:<user>`, for the audit. */
  readonly actor: string;
  readonly profile?: Profile | undefined;
  /** Consent by name, with the time it was given in ISO 8601. */
  readonly consents?: Readonly<Record<string, string>> | undefined;
}

/** The member that an entry met. */
export interface EnteredMember {
  readonly id: string;
  readonly version: number;
  readonly isNew: boolean;
  /** Facts that the entry has otherwise than the member; they stayed as they were. */
  readonly differing: readonly Fact[];
}

/**
 * The member with this phone, made or completed: missing facts are filled in, the proof only grows, a consent keeps the
 * time when it was first given. Facts that are known are never changed here; `correctMember` does that. However many
 * entries and SMS of one phone come at once, they meet in one member.
 */
export async function upsertMember(trx: Trx, entry: MemberEntry): Promise<EnteredMember> {
  const tidy = tidied(entry);
  for (;;) {
    const entered = (await insertMember(trx, tidy)) ?? (await completeMember(trx, tidy));
    // Undefined: the member that stood in the way was erased meanwhile.
    if (entered !== undefined) return entered;
  }
}

type TidyEntry = MemberEntry & { readonly profile: Profile; readonly consents: Readonly<Record<string, string>> };

function tidied(entry: MemberEntry): TidyEntry {
  const { profile = {}, consents = {} } = entry;
  return {
    ...entry,
    consents,
    profile: profile.name === undefined ? profile : { ...profile, name: tidyName(profile.name) },
  };
}

async function insertMember(trx: Trx, entry: TidyEntry): Promise<EnteredMember | undefined> {
  const { program, phone, proof, actor, profile, consents } = entry;
  const { rows: inserted } = await sql<{ id: string; version: number }>`
    INSERT INTO members (program, phone, phone_proof, name, birthday, email, consents, profile)
    VALUES (${program.key}, ${phone}, ${proof}, ${profile.name ?? null}, ${profile.birthday ?? null}::date,
      ${profile.email ?? null}, ${JSON.stringify(consents)}::jsonb, ${isComplete(profile) ? 'complete' : 'incomplete'})
    ON CONFLICT (program, phone) WHERE erased_at IS NULL DO NOTHING RETURNING id, version`.execute(trx);
  const [member] = inserted;
  if (member === undefined) return undefined;
  const fields = [...FACTS.filter((fact) => profile[fact] !== undefined), ...consentFields(consents)];
  await tell(trx, { program, actor, action: 'member.created', phone, member: member.id, fields, phoneProof: proof });
  return { ...member, isNew: true, differing: [] };
}

async function completeMember(trx: Trx, entry: TidyEntry): Promise<EnteredMember | undefined> {
  const { program, phone, proof, actor, consents } = entry;
  const { rows: locked } = await sql<MemberRow>`
    SELECT ${MEMBER_COLUMNS} FROM members
    WHERE program = ${program.key} AND phone = ${phone} AND erased_at IS NULL FOR UPDATE`.execute(trx);
  const [member] = locked;
  if (member === undefined) return undefined;
  const { profile, filled, differing } = complete(profileOf(member), entry.profile);
  const fresh = Object.fromEntries(Object.entries(consents).filter(([name]) => !(name in member.consents)));
  const phoneProof = strongest(member.phone_proof, proof);
  const fields = [...filled, ...consentFields(fresh), ...(phoneProof === member.phone_proof ? [] : ['phoneProof'])];
  if (fields.length === 0) return { id: member.id, version: member.version, isNew: false, differing };
  const given = { ...member.consents, ...fresh };
  const version = await writeMember(trx, { ...member, profile, consents: given, phone_proof: phoneProof });
  await tell(trx, { program, actor, action: 'member.updated', phone, member: member.id, fields, phoneProof });
  return { id: member.id, version, isNew: false, differing };
}

/** The profiles of those phones that have a member. Locks nothing. */
export async function profilesOf(
  trx: Trx,
  program: string,
  phones: Iterable<Msisdn>,
): Promise<ReadonlyMap<Msisdn, Profile>> {
  const { rows: found } = await sql<MemberRow>`
    SELECT ${MEMBER_COLUMNS} FROM members
    WHERE program = ${program} AND phone = ANY(${[...phones]}::text[]) AND erased_at IS NULL`.execute(trx);
  return new Map(found.map((member) => [member.phone, profileOf(member)]));
}

/** What an operator changes in a profile: null takes a fact away, and false a consent back. */
export interface Correction {
  readonly program: Program;
  readonly id: string;
  /** The version that the operator saw. */
  readonly version: number;
  readonly actor: string;
  readonly profile: { readonly [F in Fact]?: string | null | undefined };
  readonly consents?: Readonly<Record<string, boolean>> | undefined;
  readonly now: Date;
}

/** What came of it. `stale`: somebody else changed the member meanwhile. */
export type Corrected =
  | { readonly kind: 'corrected'; readonly version: number }
  | { readonly kind: 'stale' | 'unknown' };

/** Completes or corrects a member as the operator says, if nobody else did meanwhile. */
export async function correctMember(trx: Trx, correction: Correction): Promise<Corrected> {
  const { program, id, actor } = correction;
  const { rows: locked } = await sql<MemberRow>`
    SELECT ${MEMBER_COLUMNS} FROM members
    WHERE program = ${program.key} AND id = ${id}::uuid AND erased_at IS NULL FOR UPDATE`.execute(trx);
  const [member] = locked;
  if (member === undefined) return { kind: 'unknown' };
  if (member.version !== correction.version) return { kind: 'stale' };
  const { profile, consents } = corrected(member, correction);
  const known = profileOf(member);
  const fields = [
    ...FACTS.filter((fact) => profile[fact] !== known[fact]),
    ...consentFields(consents).filter((field) => !consentFields(member.consents).includes(field)),
    ...consentFields(member.consents).filter((field) => !consentFields(consents).includes(field)),
  ];
  if (fields.length === 0) return { kind: 'corrected', version: member.version };
  const version = await writeMember(trx, { ...member, profile, consents });
  const { phone, phone_proof: phoneProof } = member;
  await tell(trx, { program, actor, action: 'member.updated', phone, member: member.id, fields, phoneProof });
  return { kind: 'corrected', version };
}

function corrected(member: MemberRow, { profile, consents = {}, now }: Correction) {
  const facts = new Map<Fact, string>();
  const known = profileOf(member);
  for (const fact of FACTS) {
    const said = profile[fact] === undefined ? known[fact] : profile[fact];
    if (typeof said === 'string') facts.set(fact, fact === 'name' ? tidyName(said) : said);
  }
  const given = new Map(Object.entries(member.consents));
  for (const [name, isGiven] of Object.entries(consents)) {
    if (!isGiven) given.delete(name);
    else if (!given.has(name)) given.set(name, now.toISOString());
  }
  return { profile: Object.fromEntries(facts) as Profile, consents: Object.fromEntries(given) };
}

interface MemberRow {
  readonly id: string;
  readonly phone: Msisdn;
  readonly phone_proof: PhoneProof;
  readonly name: string | null;
  readonly birthday: string | null;
  readonly email: string | null;
  readonly consents: Readonly<Record<string, string>>;
  readonly version: number;
}

// A date as text: the driver would make a moment of it, in whatever zone this machine is in.
const MEMBER_COLUMNS = sql`id, phone, phone_proof, name, birthday::text, email, consents, version`;

function profileOf({ name, birthday, email }: Pick<MemberRow, Fact>): Profile {
  return { ...(name !== null && { name }), ...(birthday !== null && { birthday }), ...(email !== null && { email }) };
}

type Written = Pick<MemberRow, 'id' | 'phone_proof' | 'consents'> & { readonly profile: Profile };

/** Writes a locked member and answers its new version. A name that is known leaves nothing to propose. */
async function writeMember(trx: Trx, { id, phone_proof, profile, consents }: Written): Promise<number> {
  const { rows: written } = await sql<{ version: number }>`
    UPDATE members SET phone_proof = ${phone_proof}, name = ${profile.name ?? null},
      birthday = ${profile.birthday ?? null}::date, email = ${profile.email ?? null},
      consents = ${JSON.stringify(consents)}::jsonb, profile = ${isComplete(profile) ? 'complete' : 'incomplete'},
      proposed_name = CASE WHEN ${profile.name === undefined} THEN proposed_name END,
      version = version + 1, updated_at = now()
    WHERE id = ${id}::uuid RETURNING version`.execute(trx);
  return written[0]?.version ?? 0;
}

function consentFields(consents: Readonly<Record<string, string>>): string[] {
  return Object.keys(consents).map((name) => `consents.${name}`);
}

interface Told {
  readonly program: Program;
  readonly actor: string;
  readonly action: 'member.created' | 'member.updated';
  readonly phone: Msisdn;
  readonly member: string;
  readonly fields: readonly string[];
  readonly phoneProof: PhoneProof;
}

/**
 * Writes the change into the audit and, when it is one of facts, tells the loyalty back end. The audit is kept for ever
 * and a profile is not: it names what was changed, never to what.
 */
export async function tell(
  trx: Trx,
  { program, actor, action, phone, member, fields, phoneProof }: Told,
): Promise<void> {
  const after = { member, fields, phoneProof };
  await recordAudit(trx, [{ program: program.key, actor, action, phone, after }]);
  if (program.events === undefined || fields.length === 0) return;
  await recordEvents(trx, [{ program: program.key, actor, type: 'member.updated', memberId: member, phone }]);
}
