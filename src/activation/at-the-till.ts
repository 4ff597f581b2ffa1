import type { Program } from './program.ts';
import type { CardStatus } from './world.ts';

/** What a till may be told of a card number: the state of a card, or that the registry has none. */
export type TillState = CardStatus | 'unknown';

/** A card as its row and its holder's say. */
export interface ShownCard {
  readonly status: CardStatus;
  /** False: the holder's phone is only what somebody wrote on a form. */
  readonly isPhoneProved: boolean;
}

/** What a card may do at the till. */
export interface CardAtTill {
  readonly state: TillState;
  readonly mayEarn: boolean;
  readonly mayRedeem: boolean;
  /** True: it would redeem if its holder's phone were proved. */
  readonly isHeldBack: boolean;
}

const EARNING: readonly TillState[] = ['issued', 'awaiting-check', 'active'];

/**
 * The rule of the till: a card earns as long as it is good for anything, because the points belong to the card; it redeems
 * once it is somebody's, and where the programme asks for it, once that somebody's phone was proved.
 */
export function atTheTill(card: ShownCard | undefined, program: Pick<Program, 'redeemNeedsProvedPhone'>): CardAtTill {
  const state = card?.status ?? 'unknown';
  const isHeldBack = state === 'active' && program.redeemNeedsProvedPhone && card?.isPhoneProved === false;
  return { state, mayEarn: EARNING.includes(state), mayRedeem: state === 'active' && !isHeldBack, isHeldBack };
}
