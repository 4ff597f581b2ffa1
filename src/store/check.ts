import { randomUUID } from 'node:crypto';
import { isOwnEntry } from '../activation/own-entry.ts';
import type { Program, Way } from '../activation/program.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { recordAudit } from './audit.ts';
import type { Conflict } from './confirm.ts';
import { type Enrolment, endEnrolment, insertEnrolment, lockEnrolment } from './enrolments.ts';
import { holdIn, type JoinRequest, joinIn, releaseIn } from './join.ts';
import { changeAndText, type Round, type Texting, type TextingAddress } from './texting.ts';

export type Entry = Omit<JoinRequest, 'proof' | 'phoneProof'> & {
  readonly way: Way;
  readonly shop: string | undefined;
};

export type Entered =
  | Conflict
  | { readonly kind: 'awaiting-check'; readonly id: string }
  | { readonly kind: 'joined'; readonly outcome: 'already-active' };

/** Keeps what somebody without the right to activate has typed, for an operator. The card is held and still earns. */
export async function enterForCheck(texting: Texting, entry: Entry): Promise<Entered> {
  const { program, way, shop, card, phone, profile = {}, consents = {}, actor, now } = entry;
  return await changeAndText(texting, program, async (round) => {
    const outcome = await holdIn(round, { ...entry, proof: 'cashier', phoneProof: 'none' });
    if (outcome === 'already-active') return { kind: 'joined', outcome };
    if (outcome !== 'awaiting-check') return { kind: 'conflict', outcome };
    const enrolment = { id: randomUUID(), way, card, phone, profile, consents, entered_by: actor } as const;
    const state = 'awaiting-check';
    await insertEnrolment(round.trx, program.key, { ...enrolment, state, shop: shop ?? null, created_at: now });
    return { kind: state, id: enrolment.id };
  });
}

/** An operator's word about an enrolment. */
export interface Check {
  readonly program: Program;
  /** Whose entries the operator decides; undefined: every shop's. */
  readonly shop: string | undefined;
  readonly id: string;
  readonly actor: string;
  readonly from: TextingAddress | undefined;
  readonly now: Date;
}

export type Checked = Conflict | { readonly kind: 'done' | 'not-found' | 'already-decided' | 'own-entry' };

/** Activates what waits, if the rule still lets it; a conflict leaves it waiting. Texts the customer. */
export async function approveEnrolment(texting: Texting, check: Check): Promise<Checked> {
  return await decided(texting, check, async (round, enrolment) => {
    if (isOwnEntry(enrolment.entered_by, check.actor)) return { kind: 'own-entry' };
    const { card, phone, profile, consents, phone_proved } = enrolment;
    const proof = phone_proved ? 'code' : 'operator';
    const request = { ...check, card, phone, profile, consents, proof, phoneProof: proof } as const;
    const { outcome } = await joinIn(round, request, true);
    if (outcome !== 'activated' && outcome !== 'already-active') return { kind: 'conflict', outcome };
    await endEnrolment(round.trx, enrolment.id, { state: 'done', outcome, actor: check.actor, now: check.now });
    return { kind: 'done' };
  });
}

/** Refuses what waits: the card is free again, and the customer is told so, without the reason. */
export async function rejectEnrolment(texting: Texting, check: Check & { readonly reason: string }): Promise<Checked> {
  return await decided(texting, check, async (round, { id, card, phone }) => {
    const { program, actor, reason, now } = check;
    await releaseIn(round, { ...check, card, phone });
    await endEnrolment(round.trx, id, { state: 'refused', reason, actor, now });
    const event = { program: program.key, actor, action: 'enrolment.rejected', card } as const;
    await recordAudit(round.trx, [{ ...event, after: { enrolment: id } }]);
    return { kind: 'done' };
  });
}

async function decided(
  texting: Texting,
  { program, shop, id }: Check,
  decide: (round: Round, enrolment: Enrolment & { readonly phone: Msisdn }) => Promise<Checked>,
): Promise<Checked> {
  return await changeAndText(texting, program, async (round) => {
    const enrolment = await lockEnrolment(round.trx, program.key, id);
    if (enrolment === undefined || enrolment.state === 'code-sent') return { kind: 'not-found' };
    const { phone, state } = enrolment;
    // Another shop's, as far as this key goes, does not exist.
    if (shop !== undefined && enrolment.shop !== shop) return { kind: 'not-found' };
    if (state !== 'awaiting-check' || phone === null) return { kind: 'already-decided' };
    return await decide(round, { ...enrolment, phone });
  });
}
