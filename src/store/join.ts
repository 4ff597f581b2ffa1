import type { CardNumber } from '../activation/card-number.ts';
import type { Decision } from '../activation/decision.ts';
import { approve, type EnrolOutcome, enrol, reject } from '../activation/enrol.ts';
import type { Profile } from '../activation/profile.ts';
import type { Program } from '../activation/program.ts';
import type { Proof } from '../activation/proof.ts';
import { keepTimes } from '../activation/restrain.ts';
import { commit, type LiveWorld } from '../activation/world.ts';
import { chooseLocale } from '../reply/choose-locale.ts';
import { type Msisdn, numberingFacts } from '../sms/msisdn.ts';
import { isHeld } from './enrolments.ts';
import { loadWorld } from './load-world.ts';
import { type EnteredMember, upsertMember } from './members.ts';
import type { PhoneProof } from './phone-proof.ts';
import { changeAndText, type Round, type Texting, type TextingAddress } from './texting.ts';
import { writePack } from './write-pack.ts';

/** A card and a phone that a till, a website, a form or an operator joins. */
export interface JoinRequest {
  readonly program: Program;
  readonly phone: Msisdn;
  readonly card: CardNumber;
  /** How the binding is proved. */
  readonly proof: Proof;
  /** How sure it is that the phone is the member's: a form may say less than who vouches for the binding. */
  readonly phoneProof: PhoneProof;
  /** `key:<prefix>/<person>` or `cli:<user>`. */
  readonly actor: string;
  readonly profile?: Profile | undefined;
  /** Consent by name, with the time it was given in ISO 8601. */
  readonly consents?: Readonly<Record<string, string>> | undefined;
  /** Where the customer is texted from; undefined: nobody is texted. */
  readonly from: TextingAddress | undefined;
  readonly now: Date;
}

/** What came of it. The member is there after `activated` and `already-active`; all other outcomes changed nothing. */
export interface Joined {
  readonly outcome: EnrolOutcome;
  readonly member?: EnteredMember;
}

/**
 * Joins a card and a phone by the same rule and under the same locks as an SMS does, completes the member and texts the
 * customer, in one transaction; the reply's job is enqueued after the commit.
 */
export async function joinCardAndPhone(texting: Texting, request: JoinRequest): Promise<Joined> {
  return await changeAndText(texting, request.program, (round) => joinIn(round, request));
}

/** The same as a part of a transaction; `isApproved`: an operator has checked the card that awaits it. */
export async function joinIn(round: Round, request: JoinRequest, isApproved = false): Promise<Joined> {
  const { program, phone, proof, phoneProof, actor, profile, consents } = request;
  const world = await worldOf(round, request);
  const { outcome, decision } = isApproved
    ? approve({ ...request, proof }, world, program)
    : enrol({ ...request, proof, wish: 'activate' }, world, program);
  if (outcome !== 'activated' && outcome !== 'already-active') return { outcome };
  // The member first: the event of the binding names it.
  const member = await upsertMember(round.trx, { program, phone, proof: phoneProof, actor, profile, consents });
  await write(round, world, request, decision);
  return { outcome, member };
}

/** What the rule says of a request now, with everything locked and nothing changed. */
export async function judgeIn(round: Round, request: JoinRequest): Promise<EnrolOutcome> {
  const world = await worldOf(round, request);
  return enrol({ ...request, wish: 'activate' }, world, request.program).outcome;
}

/** Holds the card for an operator's check, if it can be had; `awaiting-check` when it is held. */
export async function holdIn(round: Round, request: JoinRequest): Promise<EnrolOutcome> {
  const world = await worldOf(round, request);
  const { outcome, decision } = enrol({ ...request, wish: 'check' }, world, request.program);
  // A card that was blocked and unblocked while it waited is free again, and its enrolment still waits.
  if (outcome === 'awaiting-check' && (await isHeld(round.trx, request.program.key, request.card))) {
    return 'card-awaiting-check';
  }
  await write(round, world, request, decision);
  return outcome;
}

/** Gives up a card that waits for its check, and tells the customer. */
export async function releaseIn(round: Round, request: Place & { readonly now: Date }): Promise<void> {
  const world = await worldOf(round, request);
  await write(round, world, request, reject(request, world, request.program));
}

type Place = Pick<JoinRequest, 'program' | 'phone' | 'card' | 'actor' | 'from'>;

/** A programme that has no address of its own texts nobody. */
async function worldOf({ trx, also, repliesLeft }: Round, { program, phone, card, from }: Place): Promise<LiveWorld> {
  const wanted = { phones: new Set([phone, ...also.phones]), cards: new Set([card, ...also.cards]) };
  return await loadWorld(trx, program.key, wanted, from === undefined ? 0 : repliesLeft);
}

async function write(
  { trx, queued }: Round,
  world: LiveWorld,
  { program, phone, actor, from }: Place,
  decision: Decision,
): Promise<void> {
  if (decision.changes.length === 0 && decision.replies.length === 0) return;
  commit(world, decision.changes, keepTimes(program));
  const replies = await writePack(trx, program, world, [
    {
      inboundId: undefined,
      actor,
      channel: from?.channel ?? '',
      address: from?.address ?? '',
      from: phone,
      decision,
      localeShown: undefined,
      localeFor: (to) =>
        chooseLocale({ member: world.phones.get(to)?.locale, country: numberingFacts(to)?.country, program }),
    },
  ]);
  queued.push(...replies);
}
