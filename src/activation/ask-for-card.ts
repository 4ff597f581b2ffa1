import type { Msisdn } from '../sms/msisdn.ts';
import type { CardNumber } from './card-number.ts';
import { type BindRequest, type Decision, type ReplyDraft, say } from './decision.ts';
import type { Outcome } from './outcome.ts';
import type { Program } from './program.ts';
import type { Proof } from './proof.ts';
import { mayReply } from './restrain.ts';
import { type Card, type Change, cardOf, type Offer, phoneOf, type World } from './world.ts';

/** How long a code may be sent back. */
const OFFER_MINUTES = 15;
/** Wrong codes before an offer is void. */
const OFFER_TRIES = 3;

/** What happens when a phone texts a well-formed card number. */
export function askForCard(request: BindRequest, number: CardNumber, world: World, program: Program): Decision {
  const card = cardOf(world, number);
  const phone = phoneOf(world, request.from);
  if (card === undefined) return refuse('unknown-card', request, number, program);
  if (card.status === 'blocked' || card.status === 'replaced') {
    return card.holder === request.from
      ? say('card-blocked', request.from, { card: number })
      : refuse('card-blocked', request, number, program);
  }
  if (card.status === 'awaiting-check') return refuse('card-awaiting-check', request, number, program);
  if (card.holder === request.from) return say('already-active', request.from, { card: number });
  if (card.holder !== undefined) return contest(request, card, card.holder, world, program);
  if (phone.card !== undefined) return offerSwitch(request, card, phone.card, world, program);
  return say('activated', request.from, { card: number }, activation(card, request.from, 'sms'));
}

/** The changes that join a free card and a phone that has none. */
export function activation(card: Card, phone: Msisdn, proof: Proof): Change[] {
  const opened: Change = { kind: 'open-binding', card: card.number, phone, proof };
  if (card.status === 'active') return [opened];
  return [opened, { kind: 'set-card-status', card: card.number, from: card.status, to: 'active' }];
}

type Refusal = Extract<Outcome, 'unknown-card' | 'card-blocked' | 'card-awaiting-check' | 'card-has-another-phone'>;

/** A number that cannot be had counts as a guess; in `uniform` mode all such answers are one text. */
function refuse(
  outcome: Refusal,
  request: BindRequest,
  card: CardNumber,
  program: Program,
  more: { changes?: readonly Change[]; isHolderAsked?: boolean; notices?: readonly ReplyDraft[] } = {},
): Decision {
  const { from, now } = request;
  const isUniform = program.replyMode === 'uniform';
  const facts = isUniform ? { card } : { card, isHolderAsked: more.isHolderAsked ?? false };
  const reply: ReplyDraft = { to: from, template: isUniform ? 'card-not-accepted' : outcome, facts };
  const failure: Change = { kind: 'count-failure', phone: from, at: now };
  return { outcome, changes: [failure, ...(more.changes ?? [])], replies: [reply, ...(more.notices ?? [])] };
}

/** The card has another phone: nobody is told whose, and nothing is taken from the holder without the holder's word. */
function contest(request: BindRequest, card: Card, holder: Msisdn, world: World, program: Program): Decision {
  const { from, now, freshCode } = request;
  const asOperator = (): Decision =>
    refuse('card-has-another-phone', request, card.number, program, {
      changes: [{ kind: 'open-case', matter: 'card-has-another-phone', card: card.number, phone: from }],
    });
  if (program.rebind.cardHasAnotherPhone === 'support') return asOperator();
  const holding = phoneOf(world, holder);
  const live = holding.offer !== undefined && holding.offer.expiresAt > now ? holding.offer : undefined;
  if (live?.kind === 'release' && live.newcomer === from && live.card === card.number) {
    return refuse('card-has-another-phone', request, card.number, program, { isHolderAsked: true });
  }
  // Nobody is asked in vain: a phone that has a card could not take this one, and the day must have a text for both.
  if (phoneOf(world, from).card !== undefined || world.repliesLeft < 2) return asOperator();
  // One live offer a phone, and nobody is texted who does not want to be or was texted enough.
  if (live !== undefined || mayReply(holding, now, program) !== undefined) return asOperator();
  const offer: Offer = { kind: 'release', newcomer: from, card: card.number, ...termsFrom(now, freshCode) };
  return refuse('card-has-another-phone', request, card.number, program, {
    isHolderAsked: true,
    changes: [...supersede(holding.offer, holder), { kind: 'make-offer', phone: holder, offer }],
    notices: [{ to: holder, template: 'holder-asked', facts: { card: card.number, ...shown(offer) } }],
  });
}

/** The card is free but the phone has another: a code that only the owner of the phone can read moves it. */
function offerSwitch(request: BindRequest, card: Card, other: CardNumber, world: World, program: Program): Decision {
  const { from, now, freshCode } = request;
  if (program.rebind.phoneHasAnotherCard === 'support') {
    return say('phone-has-another-card', from, { card: card.number, otherCard: other }, [
      { kind: 'open-case', matter: 'phone-has-another-card', card: card.number, phone: from },
    ]);
  }
  const present = phoneOf(world, from).offer;
  // Asking again neither renews the tries nor the time: otherwise asking would be a way to guess on.
  const isSame = present?.kind === 'switch' && present.card === card.number && present.expiresAt > now;
  const offer: Offer = isSame ? present : { kind: 'switch', card: card.number, ...termsFrom(now, freshCode) };
  const changes: Change[] = isSame ? [] : [...supersede(present, from), { kind: 'make-offer', phone: from, offer }];
  return say('phone-has-another-card', from, { card: card.number, otherCard: other, ...shown(offer) }, changes);
}

function supersede(offer: Offer | undefined, phone: Msisdn): Change[] {
  return offer === undefined ? [] : [{ kind: 'close-offer', phone, result: 'superseded' }];
}

function termsFrom(now: Date, code: string): Pick<Offer, 'code' | 'triesLeft' | 'expiresAt'> {
  return { code, triesLeft: OFFER_TRIES, expiresAt: new Date(now.getTime() + OFFER_MINUTES * 60_000) };
}

function shown(offer: Offer): { code: string; expiresAt: Date } {
  return { code: offer.code, expiresAt: offer.expiresAt };
}
