import type { Msisdn } from '../sms/msisdn.ts';
import { askForCard } from './ask-for-card.ts';
import type { CardNumber } from './card-number.ts';
import type { Decision } from './decision.ts';
import type { Outcome } from './outcome.ts';
import type { Program } from './program.ts';
import type { Proof } from './proof.ts';
import { restrain } from './restrain.ts';
import { type Change, cardOf, type World } from './world.ts';

/** A request to join a card and a phone that came in another way than by SMS. */
export interface EnrolRequest {
  readonly phone: Msisdn;
  readonly card: CardNumber;
  readonly proof: Proof;
  /** `check`: who entered it may not activate, so an operator looks at it first. */
  readonly wish: 'activate' | 'check';
  readonly now: Date;
}

/** What a till, a website or a form is told. The first two are good news, `awaiting-check` is a promise. */
export type EnrolOutcome =
  | Extract<
      Outcome,
      | 'activated'
      | 'already-active'
      | 'unknown-card'
      | 'card-blocked'
      | 'card-awaiting-check'
      | 'card-has-another-phone'
      | 'phone-has-another-card'
    >
  | 'awaiting-check';

/** What is told in `uniform` mode instead of what is the matter with a card. */
export type CardNotAccepted = 'card-not-accepted';

/**
 * What a visitor of the website is told of an outcome. Everybody can read the website's key, so in `uniform` mode it tells no
 * more than an SMS does of which cards exist. A till and an operator, whose keys are secret, are told everything.
 */
export function toldToVisitor(outcome: EnrolOutcome, { replyMode }: Program): EnrolOutcome | CardNotAccepted {
  const isOfTheCard =
    outcome === 'unknown-card' ||
    outcome === 'card-blocked' ||
    outcome === 'card-awaiting-check' ||
    outcome === 'card-has-another-phone';
  return replyMode === 'uniform' && isOfTheCard ? 'card-not-accepted' : outcome;
}

/** What a request leads to. Its decision changes nothing and texts nobody unless the outcome is good news or a promise. */
export interface EnrolDecision {
  readonly outcome: EnrolOutcome;
  readonly decision: Decision;
}

/**
 * The activation rule for every other way: the same rule as for an SMS decides whether the card can be had. A conflict is
 * told to whoever asked and resolved by them: nothing is offered by SMS and nobody's attempts are counted. Who guesses on
 * the website needs a code for each card, and `codesPerPhone` bounds those.
 */
export function enrol(request: EnrolRequest, world: World, program: Program): EnrolDecision {
  const { phone, card, proof, wish, now } = request;
  const asked = { from: phone, intent: { kind: 'card', card }, now, freshCode: '' } as const;
  // Who holds a taken card is never asked from here, so the programme's way to do so is of no account.
  const plain: Program = { ...program, rebind: { phoneHasAnotherCard: 'support', cardHasAnotherPhone: 'support' } };
  const judged = askForCard(asked, card, world, plain);
  const none: Decision = { outcome: judged.outcome, changes: [], replies: [] };
  if (judged.outcome !== 'activated') return { outcome: judged.outcome as EnrolOutcome, decision: none };
  if (wish === 'check') {
    const from = cardOf(world, card)?.status ?? 'issued';
    const changes: Change[] = [{ kind: 'set-card-status', card, from, to: 'awaiting-check' }];
    return { outcome: 'awaiting-check', decision: { ...none, outcome: 'card-awaiting-check', changes } };
  }
  const changes = judged.changes.map((change) => (change.kind === 'open-binding' ? { ...change, proof } : change));
  return { outcome: 'activated', decision: restrain({ ...judged, changes }, asked, world, program) };
}

/**
 * What an operator's approval leads to: the rule decides again, as the phone may have another card by now. The card that
 * awaits its check is judged as if it were issued.
 */
export function approve(request: Omit<EnrolRequest, 'wish'>, world: World, program: Program): EnrolDecision {
  const known = cardOf(world, request.card);
  if (known?.status !== 'awaiting-check') return enrol({ ...request, wish: 'activate' }, world, program);
  const cards = new Map(world.cards).set(request.card, { ...known, status: 'issued' });
  const judged = enrol({ ...request, wish: 'activate' }, { ...world, cards }, program);
  const changes = judged.decision.changes.map((change) =>
    change.kind === 'set-card-status' ? { ...change, from: known.status } : change,
  );
  return { ...judged, decision: { ...judged.decision, changes } };
}

/** What an operator's rejection leads to: the card is free again, and the customer is told. */
export function reject(
  request: Pick<EnrolRequest, 'phone' | 'card' | 'now'>,
  world: World,
  program: Program,
): Decision {
  const { phone, card, now } = request;
  const from = cardOf(world, card)?.status;
  const changes: Change[] = from === 'awaiting-check' ? [{ kind: 'set-card-status', card, from, to: 'issued' }] : [];
  // Who has got the card by SMS meanwhile is not told that it could not be had.
  const isTold = cardOf(world, card)?.holder !== phone;
  const replies = isTold ? ([{ to: phone, template: 'enrolment-rejected', facts: { card } }] as const) : [];
  const asked = { from: phone, intent: { kind: 'card', card }, now, freshCode: '' } as const;
  return restrain({ outcome: 'card-awaiting-check', changes, replies }, asked, world, program);
}
