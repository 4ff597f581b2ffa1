import { activation, askForCard } from './ask-for-card.ts';
import { type BindRequest, type Decision, say } from './decision.ts';
import type { Program } from './program.ts';
import { type Change, cardOf, type Offer, phoneOf, type World } from './world.ts';

/** What happens when a phone texts four digits: they may answer the offer that the phone was made. */
export function answerOffer(request: BindRequest, code: string, world: World, program: Program): Decision {
  const { from, now } = request;
  const { offer } = phoneOf(world, from);
  // Four digits from a phone that was asked nothing are not an answer.
  if (offer === undefined) return say('no-card-number', from);
  // The newcomer, if there is one, is told by the sweeper.
  if (offer.expiresAt <= now)
    return say('switch-expired', from, {}, [{ kind: 'close-offer', phone: from, result: 'expired' }]);
  if (code !== offer.code) return wrongCode(request, offer);
  return offer.kind === 'switch' ? takeSwitch(request, offer, world, program) : takeRelease(request, offer, world);
}

/** A wrong code is an attempt like any other: a thief who spoofs the sender gets few. */
function wrongCode(request: BindRequest, offer: Offer): Decision {
  const { from, now } = request;
  const triesLeft = offer.triesLeft - 1;
  const failure: Change = { kind: 'count-failure', phone: from, at: now };
  if (triesLeft > 0) {
    return say('switch-code-wrong', from, {}, [failure, { kind: 'count-wrong-code', phone: from, triesLeft }]);
  }
  return say('switch-expired', from, {}, [failure, { kind: 'close-offer', phone: from, result: 'exhausted' }]);
}

/** The phone moves to the new card; the old one is replaced. What may have happened to the new card meanwhile wins. */
function takeSwitch(request: BindRequest, offer: Offer, world: World, program: Program): Decision {
  const { from } = request;
  const closed: Change = { kind: 'close-offer', phone: from, result: 'taken' };
  const card = cardOf(world, offer.card);
  const old = phoneOf(world, from).card;
  const isFree =
    card !== undefined && card.holder === undefined && (card.status === 'issued' || card.status === 'active');
  if (!isFree || old === undefined) {
    const decision = askForCard(request, offer.card, world, program);
    return { ...decision, changes: [closed, ...decision.changes] };
  }
  const oldStatus = cardOf(world, old)?.status ?? 'active';
  return say('switched', from, { card: card.number, otherCard: old }, [
    closed,
    { kind: 'close-binding', card: old, phone: from },
    { kind: 'set-card-status', card: old, from: oldStatus, to: 'replaced', replacedBy: card.number },
    ...activation(card, from, 'code'),
  ]);
}

/** The holder gives the card up. Without someone who can take it, the holder keeps it. */
function takeRelease(request: BindRequest, offer: Extract<Offer, { kind: 'release' }>, world: World): Decision {
  const { from } = request;
  const card = cardOf(world, offer.card);
  const newcomer = phoneOf(world, offer.newcomer);
  const canMove = card?.holder === from && card.status === 'active' && newcomer.card === undefined;
  if (!canMove) return say('switch-expired', from, {}, [{ kind: 'close-offer', phone: from, result: 'expired' }]);
  const facts = { card: card.number };
  const decision = say('released', from, facts, [
    { kind: 'close-offer', phone: from, result: 'taken' },
    { kind: 'close-binding', card: card.number, phone: from },
    ...activation(card, newcomer.number, 'sms'),
  ]);
  return { ...decision, replies: [...decision.replies, { to: newcomer.number, template: 'activated', facts }] };
}
