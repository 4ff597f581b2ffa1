import { type CardNumber, parseCardNumber } from './card-number.ts';
import { foldWord } from './fold.ts';
import type { Program } from './program.ts';
import { vocabularyOf } from './vocabulary.ts';
import * as words from './words.ts';

/** Who writes more than this wrote more than a number and a name. */
const MAX_TOKENS = 24;
const MAX_NAME_WORDS = 3;
const MAX_NAME_CHARACTERS = 40;

/**
 * The name that a text gives beside its one card number: «9643… Мария», "my name is John Smith, card 9643…". It is what
 * is left when the number, words for the card, greetings and courtesy are taken out, spelled as it was. Before the
 * number a name has to be introduced; one that is not has to begin with capitals, if its script has them.
 * Undefined in any doubt. Pure, takes any text; it looks at few words, so its work is bounded.
 */
export function proposedName(text: string, card: CardNumber, program: Program): string | undefined {
  const clean = text.normalize('NFC').replaceAll(INVISIBLE, '');
  const tokens = tokensOf(clean);
  if (tokens.length > MAX_TOKENS) return undefined;
  const { smallWords } = vocabularyOf(program);
  const isSmall = (word: string) => smallWords.has(word);
  if (tokens.every((token) => token.isNumber || isSmall(token.folded))) return undefined;
  const number = numberIn(clean, tokens, card, program);
  if (number === undefined) return undefined;
  const before = sayingOf(tokens.slice(0, number.from), isSmall);
  const after = sayingOf(tokens.slice(number.to), isSmall);
  if (before.words.length === 0) return nameIn(clean, after);
  // Two names, or a sentence around the number: more was said than who it is.
  return before.introduction === 'none' || after.words.length > 0 ? undefined : nameIn(clean, before);
}

/** The zero-width non-joiner stays: Persian names are written with it. */
const INVISIBLE = /(?!\u200c)\p{Cf}/gu;

interface Token {
  readonly isNumber: boolean;
  readonly folded: string;
  readonly start: number;
  readonly end: number;
}

const TOKEN = /\p{N}+|\p{L}[\p{L}\p{M}]*(?:['’ʼ\u200c-]\p{L}[\p{L}\p{M}]*)*/gu;

/** Numbers and words; a dash or an apostrophe within a word is a part of it. One more than `MAX_TOKENS` at most. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const { 0: found, index } of text.matchAll(TOKEN)) {
    const folded = foldWord(found.replaceAll(/[’ʼ]/g, "'"));
    tokens.push({ isNumber: /^\p{N}/u.test(found), folded, start: index, end: index + found.length });
    if (tokens.length > MAX_TOKENS) break;
  }
  return tokens;
}

/** The tokens that spell the card, if all the digits of the text belong to it. Letters at its ends may be a part of it. */
function numberIn(text: string, tokens: readonly Token[], card: CardNumber, program: Program) {
  const first = tokens.findIndex((token) => token.isNumber);
  const last = tokens.findLastIndex((token) => token.isNumber);
  for (const [before, behind] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
    [2, 0],
    [2, 1],
  ] as const) {
    const start = tokens[first - before]?.start;
    const end = tokens[last + behind]?.end;
    if (start === undefined || end === undefined) continue;
    if (parseCardNumber(text.slice(start, end), program) !== card) continue;
    return { from: first - before, to: last + behind + 1 };
  }
  return undefined;
}

/** What one side of the number says beside small words. */
interface Saying {
  readonly introduction: 'none' | 'weak' | 'strong';
  readonly words: readonly Token[];
}

function sayingOf(tokens: readonly Token[], isSmall: (word: string) => boolean): Saying {
  const introduced = introducedIn(tokens, isSmall);
  const { introduction, rest } = introduced ?? { introduction: 'none', rest: tokens };
  const isBare = (token: Token) => !isSmall(token.folded) && !(introduced && words.NAME_TAILS.has(token.folded));
  const from = rest.findIndex(isBare);
  return { introduction, words: from < 0 ? [] : rest.slice(from, rest.findLastIndex(isBare) + 1) };
}

const LONGEST_INTRODUCTION = 5;

/** What follows the first introduction, if nothing but small words stands before it. */
function introducedIn(tokens: readonly Token[], isSmall: (word: string) => boolean) {
  for (let at = 0; at < tokens.length; at += 1) {
    for (let length = LONGEST_INTRODUCTION; length > 0; length -= 1) {
      const said = tokens.slice(at, at + length).map((token) => token.folded);
      if (said.length < length) continue;
      const phrase = said.join(' ');
      const rest = tokens.slice(at + length);
      if (words.INTRODUCTIONS.has(phrase)) return { introduction: 'strong', rest } as const;
      if (words.WEAK_INTRODUCTIONS.has(phrase)) return { introduction: 'weak', rest } as const;
    }
    if (!isSmall(tokens[at]?.folded ?? '')) return undefined;
  }
  return undefined;
}

const NO_NAMES = [
  words.NO_NAMES,
  words.CARD_WORDS,
  words.COURTESY,
  words.REQUEST_WORDS,
  words.OPT_OUT_FILLER,
  words.CODE_WORDS,
  words.STRONG_STOP,
  words.WEAK_STOP,
  words.START,
  words.HELP,
  words.LABELS,
  words.UNITS,
  words.INTRODUCTIONS,
  words.WEAK_INTRODUCTIONS,
  words.NAME_TAILS,
];

/** One script for the whole name, two letters at least in each word. */
const NAMES = [
  /^(?:(?:^| )(?=.\p{L}|..\p{L})\p{Script=Latin}+(?:['’ʼ-]\p{Script=Latin}+)*)+$/u,
  /^(?:(?:^| )(?=.\p{L}|..\p{L})\p{Script=Cyrillic}+(?:['’ʼ-]\p{Script=Cyrillic}+)*)+$/u,
  /^(?:(?:^| )(?=.\p{L}|..\p{L})\p{Script=Arabic}+(?:[\u200c-]\p{Script=Arabic}+)*)+$/u,
];
/** Russian verbs and nouns of doing end like this, and names do not. */
const DOING = /(?:ть|ться|тся|йте|ите|ация|ацию|ние)$/u;
const CAPITAL = /^[\p{Lu}\p{Lt}]/u;

function nameIn(text: string, { introduction, words: said }: Saying): string | undefined {
  const [first] = said;
  const last = said.at(-1);
  if (first === undefined || last === undefined || said.length > MAX_NAME_WORDS) return undefined;
  const spelled = text.slice(first.start, last.end).replaceAll(/\s+/gu, ' ');
  if (spelled.length > MAX_NAME_CHARACTERS || !NAMES.some((name) => name.test(spelled.replaceAll(/\p{M}/gu, '')))) {
    return undefined;
  }
  const parts = said.flatMap(({ folded }) => [folded, ...folded.split(/[-']/)]);
  if (parts.some((part) => NO_NAMES.some((set) => set.has(part)))) return undefined;
  const written = spelled.split(' ');
  if (written.some((word) => DOING.test(word.toLowerCase()))) return undefined;
  const isCased = /[\p{Lu}\p{Ll}]/u.test(spelled);
  if (introduction !== 'strong' && isCased && !written.every((word) => CAPITAL.test(word))) return undefined;
  return spelled;
}
