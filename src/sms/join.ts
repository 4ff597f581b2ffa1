import { CUT_ESCAPE, decodeGsm7, encodeGsm7 } from './gsm7-coding.ts';
import { ESCAPE } from './gsm7-tables.ts';

/**
 * The texts of two neighbouring parts as one. What was cut in two between them is whole again: a surrogate pair, and a
 * GSM-7 character whose escape ended the part before, which phones should not do but some
 * gateways do. Such a character is read by the default extension table, since the text no longer knows of another.
 */
export function joinNeighbours(before: string, after: string): string {
  if (!before.endsWith(CUT_ESCAPE) || after === '') return before + after;
  return before.slice(0, -1) + escaped(after.charAt(0)) + after.slice(1);
}

/** `e` → `€`; a character that an escape does not change stays. */
function escaped(character: string): string {
  const septets = encodeGsm7(character);
  return septets?.length === 1 ? decodeGsm7(Uint8Array.of(ESCAPE, ...septets)) : character;
}
