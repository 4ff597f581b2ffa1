import { joined } from './candidates.ts';
import type { Piece } from './pieces.ts';
import type { CardSeries } from './program.ts';

/** A number that was meant as a card's and is none. */
export interface Slip {
  readonly fault: 'length' | 'check-digit';
  /** It begins as a card of the programme does and has nearly its length. */
  readonly isSure: boolean;
}

/** A prefix of this many characters is no accident. */
const TELLING_PREFIX = 3;
/** A number of no series is taken for a card's when it has a card's length and is too long for a date or an amount. */
const TELLING_LENGTH = 9;

/**
 * The surest slip among pieces in a row; undefined when nothing there was meant as a card number.
 * `isPhone` is asked about digits that may be a phone number: such digits are no slip.
 */
export function slipIn(
  pieces: readonly Piece[],
  series: readonly CardSeries[],
  isPhone: (digits: string) => boolean,
): Slip | undefined {
  const row: Row = { pieces, ...joined(pieces) };
  let best: Slip | undefined;
  for (let from = 0; from < pieces.length; from += 1) {
    for (const one of series) {
      const start = row.startOf[from] ?? 0;
      const slip = row.text.startsWith(one.prefix, start) ? begun(row, from, one) : strange(row, from, one);
      if (slip === undefined || rank(slip) <= rank(best)) continue;
      if (!isPhone(row.text) && !isPhone(row.text.slice(start, start + slip.length))) best = slip;
    }
  }
  return best;
}

interface Row extends ReturnType<typeof joined> {
  readonly pieces: readonly Piece[];
}

/** Begins with the prefix of the series. A short prefix counts only for the row as a whole. */
function begun(row: Row, from: number, { prefix, length }: CardSeries): (Slip & { length: number }) | undefined {
  const start = row.startOf[from] ?? 0;
  const rest = row.text.length - start;
  const isTelling = prefix.length >= TELLING_PREFIX;
  if (!isTelling && from > 0) return undefined;
  for (const off of nearMisses(length)) {
    const isEnd = isTelling ? row.pieceEndingAt[start + length + off] !== undefined : rest === length + off;
    if (!isEnd) continue;
    const isExact = off === 0;
    return { fault: isExact ? 'check-digit' : 'length', isSure: isTelling || isExact, length: length + off };
  }
  const own = row.pieces[from]?.text.length ?? 0;
  const meant = [own, rest].find((characters) => characters * 2 > length);
  return isTelling && meant !== undefined ? { fault: 'length', isSure: false, length: meant } : undefined;
}

/** Has the length of a card number, alone or as one unbroken group, but begins as none does. */
function strange(row: Row, from: number, { length }: CardSeries): (Slip & { length: number }) | undefined {
  const isWhole = from === 0 && row.text.length === length;
  if (length < TELLING_LENGTH || (!isWhole && row.pieces[from]?.text.length !== length)) return undefined;
  return { fault: 'check-digit', isSure: false, length };
}

function nearMisses(length: number): readonly number[] {
  if (length >= 10) return [0, -1, 1, -2, 2];
  return length >= 6 ? [0, -1, 1] : [0];
}

function rank(slip: Slip | undefined): number {
  if (slip === undefined) return 0;
  return (slip.isSure ? 2 : 0) + (slip.fault === 'check-digit' ? 2 : 1);
}
