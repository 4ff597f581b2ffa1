import { sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { CardStatus } from '../activation/world.ts';
import { recordAudit } from './audit.ts';
import { type Database, type Trx, transact } from './database.ts';
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
  readonly phone: string;
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
  const bindings = await db
    .selectFrom('bindings')
    .select(['phone', 'proof', 'actor', 'opened_at as openedAt', 'closed_at as closedAt', 'closed_by as closedBy'])
    .where('program', '=', program)
    .where('card', '=', number)
    .orderBy('id')
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
      return (await isBound(trx, request)) ? 'active' : 'issued';
    }),
  );
}

async function changeStatus(
  trx: Trx,
  { program, card, actor, reason }: BlockRequest,
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
  return { kind: 'changed', from, to };
}

async function isBound(trx: Trx, { program, card }: BlockRequest): Promise<boolean> {
  const open = await trx
    .selectFrom('bindings')
    .select('id')
    .where('program', '=', program)
    .where('card', '=', card)
    .where('closed_at', 'is', null)
    .executeTakeFirst();
  return open !== undefined;
}
