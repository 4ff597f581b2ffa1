import { sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { Program } from '../activation/program.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { recordAudit } from './audit.ts';
import { sealAudit } from './audit-seal.ts';
import { type Database, type Trx, transact } from './database.ts';
import { underWayUntil } from './event-delivery.ts';
import { type NewEvent, recordEvents } from './events.ts';
import { type LockedCard, lockCards, lockPhones } from './locks.ts';
import { settleOptOut } from './opt-outs.ts';
import { type ErasedCounts, isKnown, type Person, wipe } from './wipe.ts';

/** Who is to be erased, by whom. With a `version`, only the member as they were read. */
export interface Erasure {
  readonly program: Program;
  readonly who: { readonly memberId: string; readonly version?: number | undefined } | { readonly phone: Msisdn };
  /** `key:<prefix>/<person>` or `cli:<user>`. */
  readonly actor: string;
}

/** The act of destruction: the proof that it was done, which names nobody. */
export interface ActOfDestruction {
  readonly program: string;
  /** Null when the phone was no member's. */
  readonly memberId: string | null;
  readonly at: Date;
  readonly by: string;
  /** The cards that were the person's and are blocked now. */
  readonly cards: readonly CardNumber[];
  /** The phone had opted out, and that is kept as a keyed hash. */
  readonly isOptOutKept: boolean;
  /** Rows by table that were deleted or emptied. */
  readonly counts: ErasedCounts;
  /** The audit event; `position` in the chain is null while it waits for its seal. */
  readonly audit: { readonly event: string; readonly position: string | null };
}

/**
 * Makes the programme forget a person, in one transaction: afterwards the phone, the names and the texts are in no table,
 * the card is blocked, and the audit still verifies. Undefined when the programme knows nobody like that.
 * @throws NoPepper when the phone has opted out and there is no key to keep that by.
 * @throws ChangedMember when the member no longer has the version that was named.
 */
export async function erase(db: Database, erasure: Erasure): Promise<ActOfDestruction | undefined> {
  const act = await transact(db, (trx) => eraseIn(trx, erasure)).catch((error: unknown) => {
    if (error instanceof Nobody) return undefined;
    throw error;
  });
  if (act === undefined) return undefined;
  // The erasure stands, whether or not its place in the chain can be told at once.
  const position = await positionOf(db, act.audit.event).catch(() => null);
  return { ...act, audit: { ...act.audit, position } };
}

/** Thrown inside the transaction: a lock makes a row for a phone that nobody knows, and that must not stay. */
class Nobody extends Error {
  override readonly name = 'Nobody';
}

/** Somebody changed the member after they were read. */
export class ChangedMember extends Error {
  override readonly name = 'ChangedMember';
}

async function eraseIn(trx: Trx, { program, who, actor }: Erasure): Promise<ActOfDestruction> {
  const phone = 'phone' in who ? who.phone : await phoneOfMember(trx, program.key, who.memberId);
  if (phone === undefined) throw new Nobody();
  const waiting = await lockWaitingInbound(trx, program.key, phone);
  const [locked] = await lockPhones(trx, program.key, [phone]);
  const optedOutAt = locked?.opted_out_at ?? null;
  const { cards, statuses } = await lockCardsOf(trx, program.key, phone);
  const member = await lockMember(trx, program.key, phone);
  const memberId = member?.id;
  if ('memberId' in who) refuseUnlessMeant(member, who);
  const person: Person = { program: program.key, phone, memberId, cards: [...cards.keys()], waiting };
  if (memberId === undefined && !(await isKnown(trx, person))) throw new Nobody();
  await closeBindings(trx, program.key, phone, actor);
  const blocked = statuses.filter(({ status }) => status !== 'blocked' && status !== 'replaced');
  for (const { number, status } of blocked) await block(trx, program.key, number, status, actor);
  const underWay = await underWayUntil(trx, person);
  const counts = await wipe(trx, person);
  await settleOptOut(trx, program.key, phone, optedOutAt);
  if (program.events !== undefined) await tell(trx, { program: program.key, actor, memberId, blocked, underWay });
  const audit = await recordAct(trx, { program: program.key, actor, memberId, counts });
  return {
    program: program.key,
    memberId: memberId ?? null,
    at: audit.at,
    by: actor,
    cards: [...cards.keys()],
    isOptOutKept: optedOutAt !== null,
    counts,
    audit: { event: audit.id, position: null },
  };
}

function refuseUnlessMeant(member: LockedMember | undefined, who: { memberId: string; version?: number | undefined }) {
  if (member?.id !== who.memberId) throw new Nobody();
  if (who.version !== undefined && member.version !== who.version) throw new ChangedMember();
}

async function phoneOfMember(trx: Trx, program: string, id: string): Promise<Msisdn | undefined> {
  const member = await trx
    .selectFrom('members')
    .select('phone')
    .where('program', '=', program)
    .where('id', '=', id)
    .executeTakeFirst();
  return (member?.phone ?? undefined) as Msisdn | undefined;
}

/** First of all locks, as in the bind worker: an SMS that is being decided is waited for. */
async function lockWaitingInbound(trx: Trx, program: string, phone: Msisdn): Promise<string[]> {
  const waiting = await trx
    .selectFrom('inbox')
    .select('id')
    .where('sender', '=', phone)
    .where('state', '=', 'received')
    .where((where) => where.or([where('program', '=', program), where('program', 'is', null)]))
    .orderBy('id')
    .forUpdate()
    .execute();
  return waiting.map(({ id }) => id);
}

/**
 * The card that the phone has, and those that wait to be checked for it. An enrolment may still wait while its card was
 * blocked, freed and taken by somebody else meanwhile: that card is theirs.
 */
async function lockCardsOf(
  trx: Trx,
  program: string,
  phone: Msisdn,
): Promise<{ cards: Set<CardNumber>; statuses: LockedCard[] }> {
  const { rows } = await sql<{ card: CardNumber; is_bound: boolean }>`
    SELECT card, bool_or(is_bound) AS is_bound FROM (
      SELECT card, true AS is_bound FROM bindings
      WHERE program = ${program} AND phone = ${phone} AND closed_at IS NULL
      UNION ALL
      SELECT card, false FROM enrolments WHERE program = ${program} AND phone = ${phone} AND state = 'awaiting-check'
    ) own GROUP BY card`.execute(trx);
  const bound = new Set<string>(rows.filter((row) => row.is_bound).map(({ card }) => card));
  const locked = await lockCards(
    trx,
    program,
    rows.map(({ card }) => card),
  );
  const statuses = locked.filter(({ number, status }) => bound.has(number) || status === 'awaiting-check');
  return { cards: new Set(statuses.map(({ number }) => number as CardNumber)), statuses };
}

interface LockedMember {
  readonly id: string;
  readonly version: number;
}

async function lockMember(trx: Trx, program: string, phone: Msisdn): Promise<LockedMember | undefined> {
  return await trx
    .selectFrom('members')
    .select(['id', 'version'])
    .where('program', '=', program)
    .where('phone', '=', phone)
    .where('erased_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
}

async function closeBindings(trx: Trx, program: string, phone: Msisdn, actor: string): Promise<void> {
  const { rows: closed } = await sql<{ card: CardNumber }>`
    UPDATE bindings SET closed_at = now(), closed_by = ${actor}
    WHERE program = ${program} AND phone = ${phone} AND closed_at IS NULL RETURNING card`.execute(trx);
  await recordAudit(
    trx,
    closed.map(({ card }) => ({ program, actor, action: 'binding.closed', card, phone })),
  );
}

/** Points belong to the card: it is blocked, so that whoever finds it does not get them. */
async function block(trx: Trx, program: string, card: string, status: string, actor: string): Promise<void> {
  await trx
    .updateTable('cards')
    .set({ status: 'blocked', updated_at: sql<Date>`now()` })
    .where('program', '=', program)
    .where('number', '=', card)
    .execute();
  const change = { before: { status }, after: { status: 'blocked', reason: 'its holder was erased' } };
  await recordAudit(trx, [{ program, actor, action: 'card.status', card, ...change }]);
}

/** What the loyalty back end was told of the person, and may hear only now, comes before that they are gone. */
async function tell(
  trx: Trx,
  told: {
    readonly program: string;
    readonly actor: string;
    readonly memberId: string | undefined;
    readonly blocked: readonly { readonly number: string }[];
    readonly underWay: Date | undefined;
  },
): Promise<void> {
  const { program, actor, memberId, blocked, underWay } = told;
  const events: readonly NewEvent[] = [
    ...blocked.map(({ number }) => ({ program, actor, type: 'card.blocked', card: number as CardNumber }) as const),
    ...(memberId === undefined ? [] : [{ program, actor, type: 'member.erased', memberId } as const]),
  ];
  await recordEvents(trx, events, underWay);
}

async function recordAct(
  trx: Trx,
  act: { program: string; actor: string; memberId: string | undefined; counts: ErasedCounts },
): Promise<{ readonly id: string; readonly at: Date }> {
  const { program, actor, memberId, counts } = act;
  return await trx
    .insertInto('audit_events')
    .values({
      program,
      actor,
      action: 'member.erased',
      card: null,
      phone: null,
      before: null,
      after: JSON.stringify({ member: memberId ?? null, counts }),
    })
    .returning(['id', 'at'])
    .executeTakeFirstOrThrow();
}

async function positionOf(db: Database, event: string): Promise<string | null> {
  await sealAudit(db);
  const link = await db.selectFrom('audit_chain').select('position').where('event_id', '=', event).executeTakeFirst();
  return link?.position ?? null;
}
