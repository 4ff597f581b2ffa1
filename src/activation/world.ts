import type { Msisdn } from '../sms/msisdn.ts';
import type { CardNumber } from './card-number.ts';
import type { Locale } from './program.ts';
import type { Proof } from './proof.ts';

/** The life of a card; see `docs/state-machine.md`. */
export type CardStatus = 'issued' | 'awaiting-check' | 'active' | 'blocked' | 'replaced';

/** A card of the registry and who holds it. */
export interface Card {
  readonly number: CardNumber;
  readonly status: CardStatus;
  readonly holder: Msisdn | undefined;
}

/**
 * A question that only the true owner of a phone can answer, because the code is in a text sent to it.
 * - `switch`: the phone itself may move to `card`.
 * - `release`: the phone holds `card`, and `newcomer` asks for it.
 */
export type Offer = {
  readonly card: CardNumber;
  readonly code: string;
  readonly triesLeft: number;
  readonly expiresAt: Date;
} & ({ readonly kind: 'switch' } | { readonly kind: 'release'; readonly newcomer: Msisdn });

/** A phone as one programme knows it. Lists of times are oldest first. */
export interface Phone {
  readonly number: Msisdn;
  readonly card: CardNumber | undefined;
  readonly locale: Locale | undefined;
  readonly isOptedOut: boolean;
  /** The latest attempts that named no bindable card. */
  readonly failedAt: readonly Date[];
  /** The latest replies. */
  readonly repliedAt: readonly Date[];
  /** Until when it was told to wait after too many attempts. */
  readonly toldUntil: Date | undefined;
  /** The one live offer; it may be past its time. */
  readonly offer: Offer | undefined;
}

/** Something that happens to the world because of one SMS. A binding names both ends, so that it reads alone. */
export type Change =
  | { readonly kind: 'open-binding'; readonly card: CardNumber; readonly phone: Msisdn; readonly proof: Proof }
  | { readonly kind: 'close-binding'; readonly card: CardNumber; readonly phone: Msisdn }
  | {
      readonly kind: 'set-card-status';
      readonly card: CardNumber;
      readonly from: CardStatus;
      readonly to: CardStatus;
      readonly replacedBy?: CardNumber;
    }
  | { readonly kind: 'make-offer'; readonly phone: Msisdn; readonly offer: Offer }
  | { readonly kind: 'count-wrong-code'; readonly phone: Msisdn; readonly triesLeft: number }
  | { readonly kind: 'close-offer'; readonly phone: Msisdn; readonly result: OfferResult }
  | { readonly kind: 'open-case'; readonly matter: CaseMatter; readonly card: CardNumber; readonly phone: Msisdn }
  | { readonly kind: 'set-opt-out'; readonly phone: Msisdn; readonly isOptedOut: boolean }
  /** The same in other programmes, whose worlds were not loaded. */
  | { readonly kind: 'opt-out-of'; readonly phone: Msisdn; readonly programs: readonly string[] }
  | { readonly kind: 'count-failure'; readonly phone: Msisdn; readonly at: Date }
  | { readonly kind: 'tell-to-wait'; readonly phone: Msisdn; readonly until: Date }
  | { readonly kind: 'count-reply'; readonly phone: Msisdn; readonly at: Date };

/** How an offer ended. `superseded`: a newer one took its place. */
export type OfferResult = 'taken' | 'expired' | 'exhausted' | 'superseded';

/** What an operator is asked to resolve. */
export type CaseMatter = 'card-has-another-phone' | 'phone-has-another-card';

/** A card or phone that a decision needs but nobody loaded: load it and decide again. Not an error of the customer's. */
export class NotLoaded extends Error {
  readonly cards: readonly CardNumber[];
  readonly phones: readonly Msisdn[];

  constructor(missing: { cards?: readonly CardNumber[]; phones?: readonly Msisdn[] }) {
    super('A decision needs a card or a phone that was not loaded');
    this.name = 'NotLoaded';
    this.cards = missing.cards ?? [];
    this.phones = missing.phones ?? [];
  }
}

/** The cards and phones that a pack of SMS may touch, as decisions see them. */
export interface World {
  /** `undefined` as a value: looked for and not in the registry. */
  readonly cards: ReadonlyMap<CardNumber, Card | undefined>;
  readonly phones: ReadonlyMap<Msisdn, Phone>;
  /** Replies that the programme may still make today. */
  readonly repliesLeft: number;
}

/** The card, or undefined when the registry has none of that number. Throws `NotLoaded`. */
export function cardOf(world: World, number: CardNumber): Card | undefined {
  if (!world.cards.has(number)) throw new NotLoaded({ cards: [number] });
  return world.cards.get(number);
}

/** The phone. Throws `NotLoaded`. */
export function phoneOf(world: World, number: Msisdn): Phone {
  const phone = world.phones.get(number);
  if (phone === undefined) throw new NotLoaded({ phones: [number] });
  return phone;
}

/** A world that one pack owns: `commit` moves it on, decision by decision. */
export interface LiveWorld extends World {
  readonly cards: Map<CardNumber, Card | undefined>;
  readonly phones: Map<Msisdn, Phone>;
  repliesLeft: number;
}

/** Makes the changes true in the pack's own world, so that the next decision of the pack sees them. */
export function commit(world: LiveWorld, changes: readonly Change[], keep: KeepTimes): void {
  for (const change of changes) {
    if (change.kind === 'open-binding' || change.kind === 'close-binding') {
      const isOpen = change.kind === 'open-binding';
      setCard(world, change.card, { holder: isOpen ? change.phone : undefined });
      const phone = phoneOf(world, change.phone);
      world.phones.set(phone.number, { ...phone, card: isOpen ? change.card : undefined });
    } else if (change.kind === 'set-card-status') {
      setCard(world, change.card, { status: change.to });
    } else {
      if (change.kind === 'count-reply') world.repliesLeft -= 1;
      world.phones.set(change.phone, phoneAfter(phoneOf(world, change.phone), [change], keep));
    }
  }
}

function setCard(world: LiveWorld, number: CardNumber, now: Partial<Card>): void {
  const card = cardOf(world, number);
  if (card !== undefined) world.cards.set(number, { ...card, ...now });
}

/** The phone after those of the changes that are about its limits, offer and opt-out. */
export function phoneAfter(phone: Phone, changes: readonly Change[], keep: KeepTimes): Phone {
  return changes.reduce(
    (now, change) => (isAboutPhone(change) && change.phone === now.number ? changed(now, change, keep) : now),
    phone,
  );
}

/** How many of a phone's latest times are worth keeping: the limits that look at them. */
export interface KeepTimes {
  readonly failures: number;
  readonly replies: number;
}

type PhoneChange = Exclude<Change, { kind: 'open-binding' | 'close-binding' | 'set-card-status' }>;

function isAboutPhone(change: Change): change is PhoneChange {
  return change.kind !== 'open-binding' && change.kind !== 'close-binding' && change.kind !== 'set-card-status';
}

function changed(phone: Phone, change: PhoneChange, keep: KeepTimes): Phone {
  switch (change.kind) {
    case 'make-offer':
      return { ...phone, offer: change.offer };
    case 'count-wrong-code':
      return phone.offer === undefined ? phone : { ...phone, offer: { ...phone.offer, triesLeft: change.triesLeft } };
    case 'close-offer':
      return { ...phone, offer: undefined };
    case 'open-case':
    case 'opt-out-of':
      return phone;
    case 'set-opt-out':
      return { ...phone, isOptedOut: change.isOptedOut };
    case 'count-failure':
      return { ...phone, failedAt: [...phone.failedAt, change.at].slice(-keep.failures) };
    case 'tell-to-wait':
      return { ...phone, toldUntil: change.until };
    case 'count-reply':
      return { ...phone, repliedAt: [...phone.repliedAt, change.at].slice(-keep.replies) };
    default:
      change satisfies never;
      return phone;
  }
}
