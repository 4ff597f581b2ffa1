import { type Candidate, candidatesIn } from './candidates.ts';
import { type Chain, chainsOf } from './chains.ts';
import { codeIn, isStop, said, startOrHelp } from './commands.ts';
import { type Folded, fold } from './fold.ts';
import type { Intent } from './intent.ts';
import { type PhoneSpotter, phoneSpotter } from './phones.ts';
import { alphanumericPieces, digitPieces, type Piece } from './pieces.ts';
import type { CardSeries, Program } from './program.ts';
import { proposedName } from './proposed-name.ts';
import { type Slip, slipIn } from './slips.ts';
import { type Token, tokensOf } from './tokens.ts';
import { type Vocabulary, vocabularyOf } from './vocabulary.ts';

/** The longest SMS that providers deliver in one piece; of a longer text only this much is judged. */
const MAX_CHARACTERS = 1_600;

/**
 * What a text asks for. Pure; never throws; its work grows in line with the text, up to 1,600 characters.
 * A card number in the answer occurs in the text, its characters in order and whole; in any doubt the answer is
 * `several`, `mistyped` or `none`, because a wrong card bound costs far more than asking again.
 * An opt-out comes before everything, a card number before a code.
 */
export function read(text: string, program: Program): Intent {
  const folded = fold(text.slice(0, MAX_CHARACTERS));
  const all = tokensOf(folded);
  const isCut = text.length > MAX_CHARACTERS && all.at(-1)?.end === folded.text.length;
  const tokens = isCut ? all.slice(0, -1) : all;
  const vocabulary = vocabularyOf(program);
  const words = said(folded, tokens);
  if (isStop(words, vocabulary)) return { kind: 'stop' };

  const phones = phoneSpotter(program);
  const rows = rowsOf(folded, tokens, vocabulary, phones);
  const card = cardIn(rows, phones);
  if (card !== undefined) return card.kind === 'card' ? withName(card, text.slice(0, MAX_CHARACTERS), program) : card;

  const code = codeIn(words, vocabulary);
  if (code !== undefined) return { kind: 'code', code };
  const slip = surestSlip(rows, phones);
  if (slip !== undefined) return { kind: 'mistyped', fault: slip.fault };
  return { kind: startOrHelp(words, vocabulary) ?? 'none' };
}

function withName(card: Extract<Intent, { kind: 'card' }>, text: string, program: Program): Intent {
  const name = proposedName(text, card.card, program);
  return name === undefined ? card : { ...card, proposedName: name };
}

/** A chain with the series that its pieces can be of, and the card numbers in it. */
interface Row {
  readonly chain: Chain;
  readonly series: readonly CardSeries[];
  readonly candidates: readonly Candidate[];
}

function rowsOf(folded: Folded, tokens: readonly Token[], vocabulary: Vocabulary, phones: PhoneSpotter): Row[] {
  const row = (chain: Chain, series: readonly CardSeries[]): Row => {
    const candidates = candidatesIn(chain, series);
    if (candidates.length === 0 || !chain.isPlus) return { chain, series, candidates };
    const rest = phones.withoutPhone(chain);
    return { chain: rest, series, candidates: candidatesIn(rest, series) };
  };
  const { digitSeries, alphanumericSeries } = vocabulary;
  const rows: Row[] = [];
  if (digitSeries.length > 0) {
    const chains = chainsOf(folded, digitPieces(folded, tokens, vocabulary));
    rows.push(...chains.map((chain) => row(chain, digitSeries)));
  }
  if (alphanumericSeries.length > 0) {
    const chains = chainsOf(folded, alphanumericPieces(folded, tokens, vocabulary));
    rows.push(...chains.map((chain) => row(chain, alphanumericSeries)));
  }
  return rows;
}

/** The one card number that the rows hold; `several` or `mistyped` where there is a doubt; undefined without any. */
function cardIn(rows: readonly Row[], phones: PhoneSpotter): Intent | undefined {
  const candidates = withoutInner(rows.flatMap((row) => row.candidates));
  const sure = candidates.filter((candidate) => candidate.isSure);
  const [first] = sure;
  if (first === undefined) {
    const isMeant = candidates.some(({ chain }) => !phones.isPhone(chain.pieces.map(({ text }) => text).join('')));
    return isMeant ? { kind: 'mistyped', fault: 'length' } : undefined;
  }
  if (sure.some((candidate) => candidate.number !== first.number)) return { kind: 'several' };

  const spans = sure.map(spanOf);
  const isRivalled = candidates.some(
    (candidate) => candidate.number !== first.number && !spans.some((span) => overlap(span, spanOf(candidate))),
  );
  if (isRivalled || rows.some((row) => holdsAnother(row, spans, phones))) return { kind: 'several' };
  return { kind: 'card', card: first.number };
}

/** True when a row, the card number aside, holds a number that was surely meant as another card's. */
function holdsAnother({ chain, series, candidates }: Row, spans: readonly Span[], phones: PhoneSpotter): boolean {
  const isCovered = (piece: Piece): boolean => spans.some((span) => overlap(span, piece));
  if (candidates.length > 0 && isFailedWhole(chain, series, candidates)) return true;
  let rest: Piece[] = [];
  for (const piece of [...chain.pieces, undefined]) {
    if (piece !== undefined && !isCovered(piece)) {
      rest.push(piece);
      continue;
    }
    if (rest.length > 0 && slipIn(rest, series, phones.isPhone)?.isSure) return true;
    rest = [];
  }
  return false;
}

/** The row as a whole is a number of a longer series but for its check digit; what was found is the start of it. */
function isFailedWhole({ pieces }: Chain, series: readonly CardSeries[], found: readonly Candidate[]): boolean {
  if (found.some(({ from, to }) => from === 0 && to === pieces.length)) return false;
  const text = pieces.map((piece) => piece.text).join('');
  return series.some(({ length, prefix, check }) => {
    return check !== 'none' && text.length === length && prefix !== '' && text.startsWith(prefix);
  });
}

function surestSlip(rows: readonly Row[], phones: PhoneSpotter): Slip | undefined {
  const slips = rows.map(({ chain, series }) => {
    const slip = slipIn(chain.pieces, series, phones.isPhone);
    return slip && chain.isPlus ? slipIn(phones.withoutPhone(chain).pieces, series, phones.isPhone) : slip;
  });
  return slips.find((slip) => slip?.isSure) ?? slips.find((slip) => slip !== undefined);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function spanOf({ chain, from, to }: Candidate): Span {
  return { start: chain.pieces[from]?.start ?? 0, end: chain.pieces[to - 1]?.end ?? 0 };
}

function overlap(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end;
}

/** Leaves out the numbers of digits that are the inside of an unbroken alphanumeric number. */
function withoutInner(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  const unbroken = candidates.filter(({ from, to }) => to - from === 1).map(spanOf);
  return candidates.filter((candidate) => {
    const { start, end } = spanOf(candidate);
    return !unbroken.some((span) => span.start <= start && end <= span.end && end - start < span.end - span.start);
  });
}
