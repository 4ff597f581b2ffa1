import type { CardNumber } from './card-number.ts';
import { parseCardNumber } from './card-number.ts';
import type { Program } from './program.ts';

/** Why something is not a card number of a programme, in words for whoever keeps the list of cards. */
export const CARD_FAULTS = {
  empty: 'no card number',
  rounded: 'a spreadsheet has rounded this number: format the column as text and export again',
  'no-series': 'no card series begins like this',
  length: 'wrong length for its card series',
  characters: 'characters that do not belong in a card number',
  'check-digit': 'wrong check digit',
} as const;

/** A key of `CARD_FAULTS`. */
export type CardFault = keyof typeof CARD_FAULTS;

/** The card number that `raw` spells, or what is wrong with it; for lists of cards, not for a customer's text. */
export function judgeCard(
  raw: string,
  program: Program,
): { readonly card: CardNumber } | { readonly fault: CardFault } {
  const card = parseCardNumber(raw, program);
  return card === undefined ? { fault: faultOf(raw, program) } : { card };
}

const ROUNDED = /^\s*\d[.,]?\d*E\+?\d+\s*$/i;
const SEPARATORS = /[\s\-._/,#()]/g;

function faultOf(raw: string, program: Program): CardFault {
  const spelled = raw.slice(0, 200).normalize('NFKC').replaceAll(SEPARATORS, '').toUpperCase();
  if (spelled === '') return 'empty';
  if (ROUNDED.test(raw.slice(0, 200))) return 'rounded';
  const ofPrefix = program.series.filter((series) => spelled.startsWith(series.prefix));
  if (ofPrefix.length === 0) return 'no-series';
  const ofLength = ofPrefix.filter((series) => spelled.length === series.length);
  if (ofLength.length === 0) return 'length';
  const isSpelled = ofLength.some(({ alphabet }) => (alphabet === 'digits' ? /^\d+$/ : /^[\dA-Z]+$/).test(spelled));
  return isSpelled ? 'check-digit' : 'characters';
}
