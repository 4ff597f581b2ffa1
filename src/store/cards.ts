import { sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { Proof } from '../activation/proof.ts';
import type { CardStatus } from '../activation/world.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { recordAudit } from './audit.ts';
import { type Database, type Trx, transact } from './database.ts';
import { recordEvents } from './events.ts';
import { lockCards } from './locks.ts';

/** A card and everything that happened to it, oldest first. Phones are in full: mask them before they are shown. */
export interface CardHistory {
  readonly number: string;
  readonly status: CardStatus;
  readonly replacedBy: string | null;
  /** When the status was last changed. */
  readonly statusSince: Date;
  readonly bindings: readonly PastBinding[];
  readonly events: readonly CardEvent[];
}

export interface PastBinding {
  /** Null once erased. */
  readonly phone: string | null;
  readonly proof: string;
  readonly actor: string;
  readonly openedAt: Date;
  /** Null: this is the present holder. */
  readonly closedAt: Date | null;
  readonly closedBy: string | null;
}

export interface CardEvent {
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly phone: string | null;
  readonly before: object | null;
  readonly after: object | null;
}

/** The card with its history, or undefined when the registry has no such card. */
export async function cardHistory(db: Database, program: string, number: CardNumber): Promise<CardHistory | undefined> {
  const card = await db
    .selectFrom('cards')
    .select(['number', 'status', 'replaced_by as replacedBy', 'updated_at as statusSince'])
    .where('program', '=', program)
    .where('number', '=', number)
    .executeTakeFirst();
  if (card === undefined) return undefined;
  const ofCard = db
    .selectFrom('bindings')
    .select(['phone', 'proof', 'actor', 'opened_at as openedAt', 'closed_at as closedAt', 'closed_by as closedBy'])
    .where('program', '=', program)
    .where('card', '=', number);
  // Asked in two parts: each has its index.
  const bindings = await ofCard
    .where('closed_at', 'is not', null)
    .unionAll(ofCard.where('closed_at', 'is', null))
    .orderBy('openedAt')
    .orderBy('closedAt')
    .execute();
  const events = await db
    .selectFrom('audit_events')
    .select(['at', 'actor', 'action', 'phone', 'before', 'after'])
    .where('program', '=', program)
    .where('card', '=', number)
    .orderBy('id')
    .execute();
  return { ...card, bindings, events };
}

/** Writes into the audit that somebody looked behind the mask of a card's holders; done before they are shown. */
export async function recordReveal(db: Database, program: string, card: CardNumber, actor: string): Promise<void> {
  await transact(db, (trx) => recordAudit(trx, [{ program, actor, action: 'card.revealed', card }]));
}

export interface BlockRequest {
  readonly program: string;
  readonly card: CardNumber;
  readonly actor: string;
  readonly reason: string;
  /** The programme has a loyalty back end that is told. */
  readonly hasEvents: boolean;
}

/** What came of it. `final`: a replaced card is of no use any more and stays as it is. */
export type BlockResult =
  | { readonly kind: 'changed'; readonly from: CardStatus; readonly to: CardStatus }
  | { readonly kind: 'unchanged'; readonly status: CardStatus }
  | { readonly kind: 'final' }
  | { readonly kind: 'unknown' };

/** Blocks a card: it neither earns nor redeems, and its binding stays. */
export async function blockCard(db: Database, request: BlockRequest): Promise<BlockResult> {
  return await transact(db, (trx) => changeStatus(trx, request, () => Promise.resolve<CardStatus>('blocked')));
}

/** Ends a block: the card is active again when a phone has it, else issued. */
export async function unblockCard(db: Database, request: BlockRequest): Promise<BlockResult> {
  return await transact(db, (trx) =>
    changeStatus(trx, request, async (status) => {
      if (status !== 'blocked') return status;
      return (await holderOf(trx, request)) === undefined ? 'issued' : 'active';
    }),
  );
}

async function changeStatus(
  trx: Trx,
  { program, card, actor, reason, hasEvents }: BlockRequest,
  statusAfter: (status: CardStatus) => Promise<CardStatus>,
): Promise<BlockResult> {
  const [locked] = await lockCards(trx, program, [card]);
  if (locked === undefined) return { kind: 'unknown' };
  const from = locked.status;
  if (from === 'replaced') return { kind: 'final' };
  const to = await statusAfter(from);
  if (to === from) return { kind: 'unchanged', status: from };
  await trx
    .updateTable('cards')
    .set({ status: to, updated_at: sql<Date>`now()` })
    .where('program', '=', program)
    .where('number', '=', card)
    .execute();
  const change = { before: { status: from }, after: { status: to, reason } };
  await recordAudit(trx, [{ program, actor, action: 'card.status', card, ...change }]);
  if (hasEvents) await tellEvents(trx, { program, card, actor }, to);
  return { kind: 'changed', from, to };
}

/** A card that works again is activated in the eyes of a back end; one that is nobody's is of no account to it. */
async function tellEvents(
  trx: Trx,
  facts: Pick<BlockRequest, 'program' | 'card' | 'actor'>,
  to: CardStatus,
): Promise<void> {
  const holder = await holderOf(trx, facts);
  if (to === 'blocked') await recordEvents(trx, [{ ...facts, type: 'card.blocked', phone: holder?.phone }]);
  else if (holder !== undefined) await recordEvents(trx, [{ ...facts, type: 'card.activated', ...holder }]);
}

interface Holder {
  readonly phone: Msisdn;
  readonly proof: Proof;
}

async function holderOf(
  trx: Trx,
  { program, card }: Pick<BlockRequest, 'program' | 'card'>,
): Promise<Holder | undefined> {
  const open = await trx
    .selectFrom('bindings')
    .select(['phone', 'proof'])
    .where('program', '=', program)
    .where('card', '=', card)
    .where('closed_at', 'is', null)
    .executeTakeFirst();
  return open && { phone: open.phone as Msisdn, proof: open.proof };
}
