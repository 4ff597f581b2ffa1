import { joinNeighbours } from './join.ts';

/**
 * How the parts of long MOs find together. The parts of one SMS share channel, sender, address, reference and total; that
 * is their key. A sending phone counts the reference up to 255 (or 65,535) and begins again, and some phones never
 * count, so that a key can be used twice. The rule, for a part that is not known by its id:
 *
 * 1. It belongs to the oldest SMS of its key that still waits for a part in this place.
 * 2. Else to one that was read without it, which was not long ago: the part came late, and is kept without being read.
 * 3. Else it begins a new SMS: the place is taken in all the others, so the reference was used again.
 *
 * Two SMS whose parts arrive among each other under one key cannot be told apart by anybody: the first that is complete
 * may hold a part of the other. That takes a phone that sends two long SMS at once and does not count.
 */

/** An SMS of which parts have come. */
export interface Collected {
  /** It waits for parts; false: it was read, with or without all of them. */
  readonly isOpen: boolean;
  /** The places of the parts that came. */
  readonly taken: ReadonlySet<number>;
}

/** The SMS that a part in `position` belongs to, of those of its key from the oldest on; undefined: it begins a new one. */
export function placeOf<C extends Collected>(position: number, ofKey: readonly C[]): C | undefined {
  const free = ofKey.filter(({ taken }) => !taken.has(position));
  return free.find(({ isOpen }) => isOpen) ?? free[0];
}

/**
 * Stands where parts are missing. It has no letter, so it adds no word, and three signs that join no number (`[`, `…`,
 * `]`), so the digits before it and behind it are never read as one.
 */
export const GAP = '\n[…]\n';

/** The text of an SMS from its parts' texts by place, from 1; each row of missing parts is a `GAP`. */
export function joinParts(texts: ReadonlyMap<number, string>, total: number): string {
  let joined = '';
  for (let position = 1; position <= total; position += 1) {
    const text = texts.get(position);
    if (text !== undefined) joined = joinNeighbours(joined, text);
    else if (position === 1 || texts.has(position - 1)) joined += GAP;
  }
  return joined;
}
