import { type Folded, isDigit, isLetter } from './fold.ts';

/** A longest run of letters and digits in a folded text, by its place. */
export interface Token {
  readonly start: number;
  readonly end: number;
  readonly kind: 'word' | 'number' | 'mixed';
}

/** All tokens of a text, in order. */
export function tokensOf({ text }: Folded): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const start = at;
    let digits = 0;
    let letters = 0;
    for (; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      if (isDigit(unit)) digits += 1;
      else if (isLetter(unit)) letters += 1;
      else break;
    }
    if (at === start) at += 1;
    else tokens.push({ start, end: at, kind: digits === 0 ? 'word' : letters === 0 ? 'number' : 'mixed' });
  }
  return tokens;
}

/** The end of the run of letters, or of digits, that begins at `start` and ends before `end`. */
export function runEnd(text: string, start: number, end: number): number {
  const isNumber = isDigit(text.charCodeAt(start));
  let at = start + 1;
  while (at < end && isDigit(text.charCodeAt(at)) === isNumber) at += 1;
  return at;
}
