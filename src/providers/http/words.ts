import { placeOf, type Source, textAt } from './place.ts';

/** What has to stand at which place: one of the words, or `true` and `false` for anything and nothing there. */
export type Conditions = Readonly<Record<string, readonly (string | boolean)[]>>;

/**
 * True when all of the conditions hold; also when there are none. Of content that could not be read none does, not even
 * that something is absent.
 */
export function holds(conditions: Conditions | undefined, source: Source): boolean {
  return Object.entries(conditions ?? {}).every(([place, expected]) => {
    const where = placeOf(place);
    if (where.in === 'content' && source.content === undefined) return false;
    const text = textAt(where, source);
    return expected.some((one) =>
      typeof one === 'boolean' ? one === (text !== undefined) : text !== undefined && isWord(one, text),
    );
  });
}

/** True when one of the words is meant. */
export function isAmong(words: readonly string[] | undefined, text: string): boolean {
  return words?.some((word) => isWord(word, text)) ?? false;
}

/**
 * True of the word itself, or of what its stars stand for: any number of any characters. Letters count as they are
 * written. Looks at each character a bounded number of times, whatever the text: no pattern of an operator's, and no
 * text of a stranger's, can make it slow.
 */
export function isWord(word: string, text: string): boolean {
  const [first = '', ...rest] = word.split('*');
  const last = rest.pop();
  if (last === undefined) return text === word;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  const end = text.length - last.length;
  let from = first.length;
  for (const piece of rest) {
    const at = text.indexOf(piece, from);
    if (at === -1 || at + piece.length > end) return false;
    from = at + piece.length;
  }
  return true;
}
