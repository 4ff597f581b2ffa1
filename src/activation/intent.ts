import type { CardNumber } from './card-number.ts';

/** What a text asks for. Made by `read`, a pure function of the text and the programme. */
export type Intent =
  /** `proposedName`: what stands beside the number and reads like a name; for an operator to confirm, never a fact. */
  | { readonly kind: 'card'; readonly card: CardNumber; readonly proposedName?: string }
  /** Something that is surely meant as a card number but has the wrong length or check digit. */
  | { readonly kind: 'mistyped'; readonly fault: 'length' | 'check-digit' }
  | { readonly kind: 'several' }
  | { readonly kind: 'none' }
  /** Four digits and nothing else of substance: an answer to an offer, if one is live. ASCII digits. */
  | { readonly kind: 'code'; readonly code: string }
  /** `alsoOf`: the other programmes of the address texted, where no keyword says which one is meant. */
  | { readonly kind: 'stop'; readonly alsoOf?: readonly string[] }
  | { readonly kind: 'start' }
  | { readonly kind: 'help' };

/** The writing system most letters of a text are in; a hint for the reply's language. */
export type Script = 'latin' | 'cyrillic' | 'arabic';
