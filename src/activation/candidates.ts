import { type CardNumber, wellFormed } from './card-number.ts';
import { type Chain, isLoose } from './chains.ts';
import { MIXED } from './fold.ts';
import type { Piece } from './pieces.ts';
import type { CardSeries } from './program.ts';

/** A well-formed card number that a chain holds in whole pieces, `from` to `to` (exclusive). */
export interface Candidate {
  readonly number: CardNumber;
  readonly chain: Chain;
  readonly from: number;
  readonly to: number;
  /** Its last character is a check digit, and right. */
  readonly isChecked: boolean;
  /** False when the pieces may well belong to something else: ask rather than bind. */
  readonly isSure: boolean;
}

/** Groups of one's own choice, "964300 1234563452", are at least this long: shorter ones are amounts and ages. */
const SMALLEST_OWN_GROUP = 4;
/** Cards are printed in groups of at least three; phones and dates are written in twos. */
const SMALLEST_PRINTED_GROUP = 3;

/** One wide gap parts two numbers as well as it joins them. */
const FEWEST_LOOSE_GAPS = 2;

/** Every card number of `series` in a chain. Linear: a number begins at a piece's start and has its series' length. */
export function candidatesIn(chain: Chain, series: readonly CardSeries[]): Candidate[] {
  const { pieces } = chain;
  const { text, startOf, pieceEndingAt } = joined(pieces);
  const found: Candidate[] = [];
  for (let from = 0; from < pieces.length; from += 1) {
    for (const one of series) {
      const start = startOf[from] ?? 0;
      const last = pieceEndingAt[start + one.length];
      if (last === undefined || !text.startsWith(one.prefix, start)) continue;
      const number = text.slice(start, start + one.length);
      if (wellFormed(one, number) && isWhole(pieces, from, last + 1, one)) {
        const isChecked = one.check !== 'none';
        found.push({ number, chain, from, to: last + 1, isChecked, isSure: isSure(chain, from, last + 1, one) });
      }
    }
  }
  return withoutParts(found, chain);
}

/** The text of pieces in a row, where each begins, and which ends at an offset. */
export function joined(pieces: readonly Piece[]) {
  let text = '';
  const startOf: number[] = [];
  const pieceEndingAt: (number | undefined)[] = [];
  for (const [i, piece] of pieces.entries()) {
    startOf.push(text.length);
    text += piece.text;
    pieceEndingAt[text.length] = i;
  }
  return { text, startOf, pieceEndingAt };
}

/** One script, a digit in it, and letters taken for digits only inside, and where a check digit confirms them. */
function isWhole(pieces: readonly Piece[], from: number, to: number, series: CardSeries): boolean {
  let script = 0;
  for (let i = from; i < to; i += 1) {
    const piece = pieces[i];
    if (piece === undefined || piece.script === MIXED) return false;
    if (piece.isGuessed && series.check === 'none') return false;
    if (piece.script === 0) {
      if (piece.isGuessed && (i === from || i === to - 1)) return false;
      continue;
    }
    if (script !== 0 && script !== piece.script) return false;
    script = piece.script;
  }
  return script !== 0;
}

/**
 * A number in groups may end where its neighbour begins, or be a shorter one that a neighbour completes ("9643 0012
 * 3456 345 2 руб"). So it must look like one number, and beside others be confirmed or set off as well.
 */
function isSure(chain: Chain, from: number, to: number, { prefix, check }: CardSeries): boolean {
  const isChecked = check !== 'none';
  const pieces = chain.pieces.slice(from, to);
  if (pieces.some((piece) => piece.isSuspect || (!isChecked && piece.isGlued))) return false;
  if (pieces.length === 1) return true;
  const sizes = pieces.map((piece) => piece.text.length);
  if (pieces[0]?.text === prefix) sizes.shift();
  const gaps = chain.gaps.slice(from, to - 1);
  const isUniform = new Set(gaps).size === 1;
  if (gaps.some(isLoose) && !(isChecked && isUniform && gaps.length >= FEWEST_LOOSE_GAPS)) return false;
  if (!isUniform && !(isChecked && isRegular(sizes))) return false;
  if (!isRegular(sizes) && Math.min(...sizes) < SMALLEST_OWN_GROUP) return false;
  if (pieces.length === chain.pieces.length) return true;
  return isSetOff(chain, from, to) || (isChecked && isRegular(sizes) && isPrinted(sizes));
}

/** The gaps at both ends, where there are neighbours, are none of those inside. */
function isSetOff({ pieces, gaps }: Chain, from: number, to: number): boolean {
  const inside = new Set(gaps.slice(from, to - 1));
  return (from === 0 || !inside.has(gaps[from - 1] ?? '')) && (to === pieces.length || !inside.has(gaps[to - 1] ?? ''));
}

/** Groups as cards have them. A single digit before groups of three is an amount of thousands: "1 234 567". */
function isPrinted(sizes: readonly number[]): boolean {
  const [size = 0] = bodyOf(sizes);
  return size >= (sizes[0] === 1 ? SMALLEST_OWN_GROUP : SMALLEST_PRINTED_GROUP);
}

/** Without the first digit of 1-6-6, as EAN-13 is printed. */
function bodyOf(sizes: readonly number[]): readonly number[] {
  return sizes[0] === 1 && sizes[1] !== 1 ? sizes.slice(1) : sizes;
}

/** 4-4-4-4, 4-4-4-3, or 1-6-6: two equal groups at least. */
function isRegular(sizes: readonly number[]): boolean {
  const body = bodyOf(sizes);
  const [size = 0] = body;
  if (body[1] !== size) return false;
  return body.every((length, i) => length === size || (i === body.length - 1 && length < size));
}

/**
 * A chain that is one checked number from end to end, in equal groups with one separator, is that number; shorter
 * numbers that its first groups happen to make are not meant.
 */
function withoutParts(found: Candidate[], { pieces, gaps }: Chain): Candidate[] {
  if (found.length < 2 || new Set(gaps).size > 1 || !isRegular(pieces.map((piece) => piece.text.length))) return found;
  const whole = found.find(({ from, to, isChecked }) => isChecked && from === 0 && to === pieces.length);
  return whole === undefined ? found : [whole];
}
