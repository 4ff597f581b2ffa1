import { fold, foldWord, isLetter } from './fold.ts';

/** A line of a channel's `routes:`: which programme an MO belongs to, by the address texted and the text's first word. */
export interface Route {
  /** One of the channel's addresses; absent: all of them. */
  readonly address?: string;
  /** The first word of the text, compared without regard to case; absent: any text. */
  readonly keyword?: string;
  readonly program: string;
}

/**
 * The route of an MO: the most specific of those that fit, whatever their order in the file. A route with a keyword goes
 * before one without, a longer keyword before a shorter; then a route with an address goes before one without.
 * Undefined when none fits.
 *
 * `to` is compared by its digits, as providers write our addresses with and without `+`. A keyword fits as the first
 * word of the text, folded as card numbers are, behind any punctuation, and with the number glued to it (`Club9643…`).
 */
export function pickRoute<R extends Route>(routes: readonly R[], to: string, text: string): R | undefined {
  const [first] = routes;
  // Most channels have one route for all texts: there is nothing to compare.
  if (routes.length === 1 && first?.address === undefined && first?.keyword === undefined) return first;
  const address = digitsOf(to);
  const beginning = fold(text.slice(0, BEGINNING_CHARACTERS)).text.replace(/^[^\p{L}\d]+/u, '');
  let best: { readonly route: R; readonly rank: number } | undefined;
  for (const route of routes) {
    if (route.address !== undefined && digitsOf(route.address) !== address) continue;
    if (route.keyword !== undefined && !beginsWithWord(beginning, foldWord(route.keyword))) continue;
    const rank = rankOf(route);
    if (best === undefined || rank > best.rank) best = { route, rank };
  }
  return best?.route;
}

/** The programmes that texts to an address can belong to, each once. */
export function programsAt(routes: readonly Route[], to: string): readonly string[] {
  const address = digitsOf(to);
  const there = routes.filter((route) => route.address === undefined || digitsOf(route.address) === address);
  return [...new Set(there.map(({ program }) => program))];
}

/** A keyword has at most 30 characters: no more of a text is looked at than one and what may stand before it. */
const BEGINNING_CHARACTERS = 100;

function beginsWithWord(text: string, word: string): boolean {
  const next = text.charCodeAt(word.length);
  return text.startsWith(word) && (Number.isNaN(next) || !isLetter(next));
}

function rankOf({ address, keyword }: Route): number {
  return (keyword === undefined ? 0 : 2 + foldWord(keyword).length * 2) + (address === undefined ? 0 : 1);
}

function digitsOf(address: string): string {
  return address.replace(/\D/g, '');
}
