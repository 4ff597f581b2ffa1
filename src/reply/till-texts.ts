import type { TillState } from '../activation/at-the-till.ts';
import type { Reply } from './replies.ts';

/** The name of a text for the cashier's screen: `templates/<locale>/till/<state>.liquid`. */
export type TillTextName = `till/${TillState | 'active-unproved'}`;

/** Every text that a cashier reads when the till asks about a card. */
export const TILL_TEXTS = {
  'till/issued': {
    says: 'Nobody has the card yet; how the customer activates it',
    variables: ['card'],
    sometimes: ['keyword'],
  },
  'till/awaiting-check': { says: 'The card is being checked: it earns', variables: ['card'], sometimes: [] },
  'till/active': { says: 'The card earns and redeems', variables: ['card'], sometimes: [] },
  'till/active-unproved': {
    says: 'The card earns; it redeems once the phone of its holder is proved',
    variables: ['card'],
    sometimes: [],
  },
  'till/blocked': { says: 'The card does nothing; whom to call', variables: ['card'], sometimes: [] },
  'till/replaced': { says: 'The card was replaced; by which', variables: ['card'], sometimes: ['successor'] },
  'till/unknown': { says: 'There is no such card; check the number or call', variables: ['card'], sometimes: [] },
} as const satisfies Record<TillTextName, Reply>;

/** The names of all texts for the till, in the order of the table. */
export const TILL_TEXT_NAMES = Object.keys(TILL_TEXTS) as readonly TillTextName[];

/** The most characters that fit a cashier's screen. */
export const MAX_TILL_CHARACTERS = 120;

/** How many characters a text takes on a screen: Unicode code points. */
export function screenCharacters(text: string): number {
  return Array.from(text).length;
}

/** True for the name of a text for the till. */
export function isTillText(name: string): name is TillTextName {
  return Object.hasOwn(TILL_TEXTS, name);
}
