import { foldWord } from './fold.ts';
import type { CardSeries, Program } from './program.ts';
import { CARD_WORDS, COURTESY, LABELS, REQUEST_WORDS, UNITS } from './words.ts';

/** What `read` needs to know of a programme, in folded form. */
export interface Vocabulary {
  /** The programme's keywords, each as its folded words. */
  readonly keywords: ReadonlySet<string>;
  /** The same, each in one piece as it is configured. */
  readonly writtenKeywords: ReadonlySet<string>;
  /** Words that say nothing of who somebody is. */
  readonly smallWords: ReadonlySet<string>;
  /** Words that may be glued to a number without making it another one; longest first. */
  readonly glue: readonly string[];
  readonly glueSet: ReadonlySet<string>;
  readonly digitSeries: readonly CardSeries[];
  readonly alphanumericSeries: readonly CardSeries[];
  /** The letters that prefixes of alphanumeric series begin with, folded: people write "VIP 00AB…". */
  readonly prefixLetters: ReadonlySet<string>;
}

const remembered = new WeakMap<Program, Vocabulary>();

/** The vocabulary of a programme; made once, as programmes are frozen. */
export function vocabularyOf(program: Program): Vocabulary {
  const known = remembered.get(program);
  if (known !== undefined) return known;
  const writtenKeywords = new Set(program.keywords.map(foldWord));
  const keywords = new Set([...writtenKeywords].flatMap(wordsOf));
  keywords.delete('');
  const glueSet = new Set([...CARD_WORDS, ...LABELS, ...UNITS, ...keywords]);
  const alphanumericSeries = program.series.filter((series) => series.alphabet === 'alphanumeric');
  const vocabulary: Vocabulary = {
    keywords,
    writtenKeywords,
    smallWords: new Set([
      ...CARD_WORDS,
      ...COURTESY,
      ...REQUEST_WORDS,
      ...keywords,
      ...wordsOf(foldWord(program.name)),
    ]),
    glue: [...CARD_WORDS, ...keywords].toSorted((a, b) => b.length - a.length),
    glueSet,
    digitSeries: program.series.filter((series) => series.alphabet === 'digits'),
    alphanumericSeries,
    prefixLetters: new Set(alphanumericSeries.map(({ prefix }) => prefix.toLowerCase().replace(/[0-9].*$/, ''))),
  };
  remembered.set(program, vocabulary);
  return vocabulary;
}

function wordsOf(folded: string): string[] {
  return folded.split(/[^\p{L}0-9]+/u);
}
