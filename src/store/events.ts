import { sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { Proof } from '../activation/proof.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Trx } from './database.ts';
import { changesOf, type Decided } from './decided.ts';
import { rows } from './rows.ts';

/** Something that a loyalty back end is told. Record none for a programme without one: `program.events` says so. */
export type NewEvent = {
  readonly program: string /** As in the audit: `sms:<inbox id>`, `key:<prefix>/<person>`. */;
  readonly actor: string;
} & (
  | { readonly type: 'card.activated'; readonly card: CardNumber; readonly phone: Msisdn; readonly proof: Proof }
  | {
      readonly type: 'card.switched';
      readonly card: CardNumber;
      readonly previousCard: CardNumber;
      readonly phone: Msisdn;
      readonly proof: Proof;
    }
  /** The phone is that of the holder, who stays; none for a card of nobody or of a person who was erased. */
  | { readonly type: 'card.blocked'; readonly card: CardNumber; readonly phone?: Msisdn | undefined }
  | { readonly type: 'member.updated'; readonly memberId: string; readonly phone: Msisdn }
  | { readonly type: 'member.erased'; readonly memberId: string }
);

/**
 * Writes the events in the transaction of the change itself; they are delivered once it is committed. An event with a
 * phone names the member who has it, if that member is written by now. Ids are taken under the lock of the card or the
 * member, so that those of one subject are in order. `notBefore`: when they may be delivered; absent: at once.
 */
export async function recordEvents(trx: Trx, events: readonly NewEvent[], notBefore?: Date): Promise<void> {
  if (events.length === 0) return;
  const list = events.map(({ program, actor, type, ...facts }) => {
    const subject = 'card' in facts ? facts.card : facts.memberId;
    const previous = 'previousCard' in facts ? facts.previousCard : undefined;
    return { program, type, subject, previous, data: { ...facts, by: actorKind(actor) } };
  });
  // A scalar subquery and not a join: a join may change the order, and with it the ids.
  await sql`INSERT INTO events (program, type, subject, previous_subject, data, next_attempt_at)
    SELECT program, type, subject, previous, data || coalesce(
      (SELECT jsonb_build_object('memberId', m.id) FROM members m
        WHERE m.program = r.program AND m.phone = r.data ->> 'phone' AND m.erased_at IS NULL), '{}'),
      coalesce(${notBefore ?? null}::timestamptz, clock_timestamp())
    FROM ${rows(list, 'program text, type text, subject text, previous text, data jsonb')}`.execute(trx);
}

/** What a pack's bindings mean to a loyalty back end: a phone that moves to another card switches, and no more. */
export function eventsOfPack(program: string, pack: readonly Decided[]): NewEvent[] {
  return changesOf(pack, 'open-binding').map(({ cause: { actor, decision }, change: { card, phone, proof } }) => {
    const closed = decision.changes.find((change) => change.kind === 'close-binding' && change.phone === phone);
    const facts = { program, actor, card, phone, proof };
    return closed?.kind === 'close-binding' && closed.card !== card
      ? { ...facts, type: 'card.switched', previousCard: closed.card }
      : { ...facts, type: 'card.activated' };
  });
}

/** `sms`, `key`, `cli`, `operator` or `system`: the audit's actor without who it is. */
function actorKind(actor: string): string {
  return actor.split(':', 1)[0] ?? '';
}
