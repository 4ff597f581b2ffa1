import { type Folded, foldWord, isDigit, isLetter } from './fold.ts';
import type { Piece } from './pieces.ts';
import { TIME_UNITS, UNITS } from './words.ts';

/** Pieces with nothing but separators between them: what one number, or several, may be written in. */
export interface Chain {
  readonly pieces: readonly Piece[];
  /** `gaps[i]` stands between pieces `i` and `i + 1`. */
  readonly gaps: readonly string[];
  /** A `+` stands before the first piece: it begins with a phone number. */
  readonly isPlus: boolean;
}

/** `#`, № and other marks begin or end something: they join groups when nothing else stands between them. */
const JOINT = /^(?:[ \n\-.,/_()]{1,3}|[#*:;|'])$/;
/** Wider gaps, and marks with spaces around: see `isLoose`. */
const LOOSE_JOINT = /^(?:[ \n\-.,/_()]+| *[#*:;|'=] *)$/;
const MAX_LOOSE_CHARACTERS = 16;
/** A run of one character counts once: " -- ". */
const MAX_LOOSE_RUNS = 3;
const LONGEST_AMOUNT = 7;
const LONGEST_UNIT = 12;
/** Of births, in both calendars. */
const YEAR = /^(?:1[349]|20)[0-9]{2}$/;
/** "Good day": the day comes first in Persian. */
const DAY = foldWord('روز');
const GOOD = new RegExp(`^ +(?:${foldWord('بخیر')}|${foldWord('خوش')})`);

/** Joins pieces into chains. Dates and amounts are left out; a number cannot go on across them. */
export function chainsOf(folded: Folded, pieces: readonly Piece[]): Chain[] {
  const gaps = pieces.map((piece, i) => folded.text.slice(piece.end, pieces[i + 1]?.start ?? piece.end));
  const isNoise = noiseAmong(folded.text, pieces, gaps);
  const chains: Chain[] = [];
  let first = 0;
  for (let i = 0; i < pieces.length; i += 1) {
    if (isNoise[i]) {
      first = i + 1;
      continue;
    }
    if (i + 1 < pieces.length && !isNoise[i + 1] && isJoint(gaps[i] ?? '')) continue;
    chains.push({
      pieces: pieces.slice(first, i + 1),
      gaps: gaps.slice(first, i),
      isPlus: folded.text[(pieces[first]?.start ?? 0) - 1] === '+',
    });
    first = i + 1;
  }
  return chains;
}

/** True for a gap that may as well part two things: it joins only where it is between all groups and a check digit confirms them. */
export function isLoose(gap: string): boolean {
  return !JOINT.test(gap);
}

function isJoint(gap: string): boolean {
  if (JOINT.test(gap)) return true;
  return (
    gap.length <= MAX_LOOSE_CHARACTERS &&
    LOOSE_JOINT.test(gap) &&
    gap.replaceAll(/(.)\1+/gs, '$1').length <= MAX_LOOSE_RUNS
  );
}

function noiseAmong(text: string, pieces: readonly Piece[], gaps: readonly string[]): boolean[] {
  const isNoise = pieces.map(() => false);
  for (let i = 0; i < pieces.length; i += 1) {
    if (isDate(pieces, gaps, i)) isNoise.fill(true, i, i + 3);
    if (isAmount(text, pieces[i])) {
      for (let from = i; from >= 0 && (from === i || isThousands(pieces, gaps, from)); from -= 1) isNoise[from] = true;
    }
  }
  return isNoise;
}

/** 12.05.1990, 12/05/90, 1990-05-12, ۱۴۰۳/۰۲/۱۲: one separator, and the same one at neither end. */
function isDate(pieces: readonly Piece[], gaps: readonly string[], i: number): boolean {
  const gap = gaps[i];
  if (gap !== '.' && gap !== '/' && gap !== '-') return false;
  if (gaps[i + 1] !== gap || gaps[i + 2] === gap || gaps[i - 1] === gap) return false;
  const [a = '', b = '', c = ''] = [pieces[i]?.text, pieces[i + 1]?.text, pieces[i + 2]?.text];
  if (a.length === 4) return isWithin(b, 12) && isWithin(c, 31);
  if (c.length !== 2 && c.length !== 4) return false;
  return isWithin(a, 31) && isWithin(b, 31);
}

function isWithin(text: string, most: number): boolean {
  const value = Number(text);
  return text.length <= 2 && value >= 1 && value <= most;
}

/** "50 руб", "$50", "500р", "50%". A currency sign that touches other digits across a space is theirs: "3452 $50". */
function isAmount(text: string, piece: Piece | undefined): boolean {
  if (piece === undefined || piece.text.length > LONGEST_AMOUNT) return false;
  const after = text[piece.end] === ' ' ? piece.end + 1 : piece.end;
  const before = text[piece.start - 1] === ' ' ? piece.start - 2 : piece.start - 1;
  if (text[after] === '%') return true;
  if (text[after] === '$' && (after === piece.end || !isDigit(text.charCodeAt(after + 1)))) return true;
  if (text[before] === '$' && (before === piece.start - 1 || !isDigit(text.charCodeAt(before - 1)))) return true;
  let end = after;
  while (end < text.length && end - after <= LONGEST_UNIT && isLetter(text.charCodeAt(end))) end += 1;
  return end > after && isUnit(text, after, end, piece);
}

/** Nobody is 3452 years old, and "tg @anna" is no tenge: such a word belongs to what follows it. */
function isUnit(text: string, start: number, end: number, piece: Piece): boolean {
  const word = text.slice(start, end);
  if (!UNITS.has(word)) return false;
  if (TIME_UNITS.has(word) && piece.text.length > 3 && !YEAR.test(piece.text)) return false;
  return text[end + 1] !== '@' && !(word === DAY && GOOD.test(text.slice(end, end + LONGEST_UNIT)));
}

/** True when piece `i` is the part of an amount before ` 500`, `.500` or `,50`, which follows it. */
function isThousands(pieces: readonly Piece[], gaps: readonly string[], i: number): boolean {
  const following = pieces[i + 1]?.text.length;
  const own = pieces[i]?.text.length ?? 0;
  const gap = gaps[i];
  if (following === 2) return (gap === ',' || gap === '.') && own <= LONGEST_AMOUNT;
  return following === 3 && own <= 3 && (gap === ' ' || gap === '.' || gap === ',');
}
