import { type Folded, isDigit, isLetter, MIXED } from './fold.ts';
import { asDigits } from './look-alikes.ts';
import { runEnd, type Token } from './tokens.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A group of characters that may be a card number or a part of one; a number never begins or ends within it. */
export interface Piece {
  /** Canonical: digits, or digits and upper-case Latin letters. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** The zero of its digits' script; `MIXED` when they are of several, 0 when it has none. */
  readonly script: number;
  /** Letters in it were read as the digits they look like. */
  readonly isGuessed: boolean;
  /** A word that says nothing about numbers is glued to it. */
  readonly isGlued: boolean;
  /** It is glued between letters and more digits, or to an @: a part of a code or an address. */
  readonly isSuspect: boolean;
}

/** The pieces that a card number of digits is made of. */
export function digitPieces(folded: Folded, tokens: readonly Token[], vocabulary: Vocabulary): Piece[] {
  const pieces: Piece[] = [];
  for (const token of tokens) {
    if (token.kind === 'number') pieces.push(piece(folded, token.start, token.end));
    else if (token.kind === 'mixed') pieces.push(...piecesOfMixed(folded, token, vocabulary));
    else if (isRowOfO(folded.text, token)) {
      const text = '0'.repeat(token.end - token.start);
      pieces.push({ ...piece(folded, token.start, token.end), text, isGuessed: true });
    }
  }
  return pieces;
}

/**
 * The pieces that an alphanumeric card number is made of: words of Latin letters with a digit in them, the letters a
 * prefix begins with, and letters joined to either by a dash ("AB12-CDEF-34").
 */
export function alphanumericPieces(folded: Folded, tokens: readonly Token[], vocabulary: Vocabulary): Piece[] {
  const pieces: Piece[] = [];
  for (const token of tokens) {
    const word = folded.text.slice(token.start, token.end);
    if (!/^[0-9a-z]+$/.test(word)) {
      if (token.kind === 'word') continue;
      const glued = vocabulary.glue.find((glue) => word.startsWith(glue));
      const start = token.start + (glued?.length ?? 0);
      if (glued !== undefined && /^[0-9a-z]+$/.test(folded.text.slice(start, token.end))) {
        pieces.push(piece(folded, start, token.end));
      }
      continue;
    }
    if (token.kind === 'word' && !isPartOfNumber(folded.text, token, word, vocabulary.prefixLetters)) continue;
    pieces.push(piece(folded, token.start + gluedLength(word, vocabulary), token.end));
  }
  return pieces;
}

/** "карта9643…", "9643…руб": known words are taken off; what is left is digits, look-alikes or several runs. */
function piecesOfMixed(folded: Folded, token: Token, vocabulary: Vocabulary): Piece[] {
  const { text } = folded;
  let { start, end } = token;
  const leading = isLetter(text.charCodeAt(start)) ? runEnd(text, start, end) : start;
  if (vocabulary.glueSet.has(text.slice(start, leading))) start = leading;
  let trailing = end;
  while (isLetter(text.charCodeAt(trailing - 1))) trailing -= 1;
  if (vocabulary.glueSet.has(text.slice(trailing, end))) end = trailing;

  const digits = asDigits(text.slice(start, end));
  if (digits !== undefined) {
    const whole = piece(folded, start, end);
    return [{ ...whole, text: digits, isGuessed: digits !== text.slice(start, end) }];
  }
  const pieces: Piece[] = [];
  for (let at = start; at < end; ) {
    const next = runEnd(text, at, end);
    if (isDigit(text.charCodeAt(at))) pieces.push(gluedPiece(folded, at, next, token, vocabulary));
    at = next;
  }
  return pieces;
}

/** A run of digits with letters at it. Letters of the token's own that are no known words make it glued. */
function gluedPiece(folded: Folded, start: number, end: number, token: Token, vocabulary: Vocabulary): Piece {
  const { text } = folded;
  const before = squeezed(text, start, token.start, -1, vocabulary);
  const after = squeezed(text, end, token.end, 1, vocabulary);
  const bare = piece(folded, start, end);
  return {
    ...bare,
    isGlued: before !== 'known' || after !== 'known',
    isSuspect: bare.isSuspect || before === 'squeezed' || after === 'squeezed',
  };
}

/** What the letters beside a run of digits are: known words (or none), unknown, or unknown with more digits behind. */
function squeezed(text: string, from: number, limit: number, step: 1 | -1, vocabulary: Vocabulary) {
  if (from === limit) return 'known';
  let at = from;
  while (at !== limit && isLetter(text.charCodeAt(step > 0 ? at : at - 1))) at += step;
  const word = step > 0 ? text.slice(from, at) : text.slice(at, from);
  if (vocabulary.glueSet.has(word)) return 'known';
  return at === limit ? 'unknown' : 'squeezed';
}

function piece(folded: Folded, start: number, end: number): Piece {
  const { text } = folded;
  return {
    text: text.slice(start, end).toUpperCase(),
    start,
    end,
    script: scriptOf(folded.zeros, start, end),
    isGuessed: false,
    isGlued: false,
    isSuspect: text[end] === '@' || text[start - 1] === '@',
  };
}

function scriptOf(zeros: readonly number[], start: number, end: number): number {
  let script = 0;
  for (let at = start; at < end; at += 1) {
    const zero = zeros[at] ?? 0;
    if (zero === 0 || zero === script) continue;
    if (script !== 0) return MIXED;
    script = zero;
  }
  return script;
}

/** "9643 OOOO 3456": two letters or more between two groups, so that «о» and «ООО» stay words. */
function isRowOfO(text: string, { start, end }: Token): boolean {
  if (end - start < 2 || !isDigit(text.charCodeAt(start - 2)) || !isDigit(text.charCodeAt(end + 1))) return false;
  for (let at = start; at < end; at += 1) if (text[at] !== 'o') return false;
  return true;
}

function isPartOfNumber(text: string, token: Token, word: string, letters: ReadonlySet<string>): boolean {
  if (letters.has(word)) return true;
  const isDashed = (at: number, neighbour: number): boolean =>
    text[at] === '-' && /^[0-9a-z]$/.test(text[neighbour] ?? '');
  return isDashed(token.start - 1, token.start - 2) || isDashed(token.end, token.end + 1);
}

/** How much of `cardab12cd34` is a keyword: nothing when the word begins as a number of the programme does. */
function gluedLength(word: string, { glue, alphanumericSeries }: Vocabulary): number {
  const upper = word.toUpperCase();
  if (alphanumericSeries.some(({ prefix }) => prefix !== '' && upper.startsWith(prefix))) return 0;
  const length = glue.find((known) => word.startsWith(known))?.length ?? 0;
  return length < word.length ? length : 0;
}
