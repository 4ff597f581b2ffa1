import { type Folded, MIXED } from './fold.ts';
import { runEnd, type Token } from './tokens.ts';
import type { Vocabulary } from './vocabulary.ts';
import {
  CARD_WORDS,
  CODE_WORDS,
  COURTESY,
  HELP,
  OPT_OUT_FILLER,
  SIGNATURES,
  START,
  STRONG_STOP,
  WEAK_STOP,
} from './words.ts';

/** What a text says beside courtesy: its words in order, and its numbers. */
export interface Said {
  readonly words: readonly string[];
  /** The words before a first number are `words.slice(0, wordsBeforeNumber)`. */
  readonly wordsBeforeNumber: number;
  readonly numbers: readonly { readonly text: string; readonly zeros: readonly number[] }[];
  /** What stands between the first number and the last. */
  readonly span: string;
}

/** "Sent from my iPhone 15" as the last line is said by the phone. */
const SIGNATURE = new RegExp(`\\n *(?:${SIGNATURES.join('|')}) [^\\n]*\\n*$`);

/** Splits tokens where letters meet digits ("STOP9643"), drops courtesy, immediate repetition and a phone's signature. */
export function said(folded: Folded, tokens: readonly Token[]): Said {
  const words: string[] = [];
  const numbers: { text: string; zeros: readonly number[] }[] = [];
  let wordsBeforeNumber = 0;
  let first = -1;
  let last = 0;
  const signature = folded.text.search(SIGNATURE);
  for (const token of tokens) {
    if (signature >= 0 && token.start > signature) break;
    for (let start = token.start; start < token.end; ) {
      const end = runEnd(folded.text, start, token.end);
      const run = folded.text.slice(start, end);
      if (run.charCodeAt(0) <= 0x39) {
        if (first < 0) {
          first = start;
          wordsBeforeNumber = words.length;
        }
        last = end;
        numbers.push({ text: run, zeros: folded.zeros.slice(start, end) });
      } else if (!COURTESY.has(run) && words.at(-1) !== run) words.push(run);
      start = end;
    }
  }
  if (first < 0) wordsBeforeNumber = words.length;
  return { words, wordsBeforeNumber, numbers, span: first < 0 ? '' : folded.text.slice(first, last) };
}

/**
 * True when a text opts out: it begins with STOP or the like, or holds an opt-out word and, courtesy, filler and
 * numbers aside, nothing else. "Bus stop" and «не могу остановиться» do not.
 */
export function isStop({ words, wordsBeforeNumber }: Said, vocabulary: Vocabulary): boolean {
  const [first = '', second = ''] = words;
  if (first === '') return false;
  const isFirst = wordsBeforeNumber > 0;
  if (isFirst && (STRONG_STOP.has(first) || STRONG_STOP.has(`${first} ${second}`))) return true;
  const isOptOut = (said: readonly string[]): boolean =>
    isPhrase(said, STRONG_STOP) || (isFirst && isPhrase(said, WEAK_STOP));
  if (isOptOut(words)) return true;
  const rest = words.filter((word) => !vocabulary.keywords.has(word) && !CARD_WORDS.has(word));
  // The "no" of "no more messages" is also № of a card.
  return isOptOut(rest) || isOptOut(withoutFiller(rest)) || isOptOut(withoutFiller(words));
}

function withoutFiller(words: readonly string[]): readonly string[] {
  return words.filter((word) => !OPT_OUT_FILLER.has(word));
}

/** START or HELP as a whole message; a number beside it makes it something else. */
export function startOrHelp({ words, numbers }: Said, vocabulary: Vocabulary): 'start' | 'help' | undefined {
  if (numbers.length > 0) return undefined;
  const rest = words.filter((word) => !vocabulary.keywords.has(word));
  for (const said of [words, rest]) {
    if (isPhrase(said, START)) return 'start';
    if (isPhrase(said, HELP)) return 'help';
  }
  return undefined;
}

/** The four digits, of one script, that a text consists of; words that go with a code do not count. */
export function codeIn({ words, numbers, span }: Said, vocabulary: Vocabulary): string | undefined {
  const digits = numbers.map((number) => number.text).join('');
  if (digits.length !== 4 || !/^[0-9 -]+$/.test(span)) return undefined;
  const zeros = new Set(numbers.flatMap((number) => number.zeros));
  if (zeros.size !== 1 || zeros.has(MIXED)) return undefined;
  return words.every((word) => CODE_WORDS.has(word) || vocabulary.keywords.has(word)) ? digits : undefined;
}

/** Phrases have at most four words; "s t o p" is one word spelled out. */
function isPhrase(words: readonly string[], phrases: ReadonlySet<string>): boolean {
  if (words.length === 0 || words.length > 8) return false;
  if (phrases.has(words.join(' '))) return true;
  return words.length > 2 && words.every((word) => word.length === 1) && phrases.has(words.join(''));
}
