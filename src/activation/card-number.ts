import { checkDigit, hasCheckDigit } from './check-digit.ts';
import { fold, isDigit, isLetter } from './fold.ts';
import { asDigits } from './look-alikes.ts';
import type { CardSeries, Program } from './program.ts';

/** A card number in canonical form (ASCII digits, upper-case Latin letters) that fits a series of its programme. */
export type CardNumber = string & { readonly __brand: 'CardNumber' };

const MAX_SPELLING = 128;
const DIGITS = /^[0-9]+$/;
const DIGITS_AND_LETTERS = /^[0-9A-Z]+$/;
const SEPARATORS = ' \n-._/,#()';

/** True when `number` is a canonical number of `series`: length, prefix, alphabet and check digit are right. */
export function wellFormed(series: CardSeries, number: string): number is CardNumber {
  return (
    number.length === series.length &&
    number.startsWith(series.prefix) &&
    (series.alphabet === 'digits' ? DIGITS : DIGITS_AND_LETTERS).test(number) &&
    hasCheckDigit(series.check, number)
  );
}

/**
 * The card number that `raw` spells: one number and nothing else but separators, in any script and any grouping.
 * For files, tills and the command line; for a customer's text see `read`. Undefined in any doubt.
 */
export function parseCardNumber(raw: string, program: Program): CardNumber | undefined {
  const canonical = program.series.find((series) => wellFormed(series, raw));
  if (canonical !== undefined) return raw as CardNumber;
  const spelled = bare(raw);
  if (spelled === undefined) return undefined;
  const corrected = asDigits(spelled.toLowerCase());
  const found = new Set<string>();
  for (const series of program.series) {
    if (wellFormed(series, spelled)) found.add(spelled);
    if (series.alphabet === 'digits' && series.check !== 'none' && corrected !== undefined) {
      if (wellFormed(series, corrected)) found.add(corrected);
    }
  }
  const [number] = found;
  return found.size === 1 ? (number as CardNumber) : undefined;
}

/** How many characters `completeCheckDigit` takes: the length of the series less its check digit, if it has one. */
export function bodyLength(series: CardSeries): number {
  return series.check === 'none' ? series.length : series.length - 1;
}

/**
 * The well-formed card number whose characters, but for the check digit, are `body` (prefix included, canonical,
 * `bodyLength(series)` of them). Throws a RangeError when `body` does not fit the series.
 */
export function completeCheckDigit(series: CardSeries, body: string): CardNumber {
  const number = series.check === 'none' ? body : body + (checkDigit(series.check, body) ?? '');
  if (!wellFormed(series, number)) throw new RangeError(`The body does not fit the card series "${series.name}"`);
  return number;
}

/** A well-formed number for reply texts that anyone sees to be an example: the prefix, then 1, 2, 3 and so on. */
export function exampleCardNumber(series: CardSeries): CardNumber {
  const fill = '1234567890'.repeat(Math.ceil(series.length / 10));
  return completeCheckDigit(series, (series.prefix + fill).slice(0, bodyLength(series)));
}

/** `9643001234563456` → `9643 0012 3456 3456`: in fours, as it is easiest to compare with a card. */
export function groupCardNumber(number: CardNumber): string {
  return (number.match(/.{1,4}/g) ?? []).join(' ');
}

/** The letters and digits of `raw`, canonical; undefined when it holds anything but separators or mixes scripts. */
function bare(raw: string): string | undefined {
  if (raw.length > MAX_SPELLING) return undefined;
  const { text, zeros } = fold(raw);
  let spelled = '';
  let script = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    const zero = zeros[at] ?? 0;
    if (isDigit(unit)) {
      if (zero < 0 || (script !== 0 && script !== zero)) return undefined;
      script = zero;
    } else if (!isLetter(unit)) {
      if (SEPARATORS.includes(text.charAt(at))) continue;
      return undefined;
    }
    spelled += text.charAt(at);
  }
  return spelled.toUpperCase();
}
