import { septetsOf } from './gsm7.ts';
import { type Encoding, SEGMENT_CHARACTERS } from './segment.ts';

/** The room in one SMS, alone and as one of several, in septets or UTF-16 code units. */
export interface SegmentRoom {
  readonly alone: number;
  readonly joined: number;
}

/**
 * The texts of the segments that a text takes; joined they are the text. Neither an escaped character nor a surrogate
 * pair is cut. `GSM-7` needs a text that `isGsm7`. With the usual room there are as many as `countSegments` says.
 */
export function splitText(
  text: string,
  encoding: Encoding,
  room: SegmentRoom = SEGMENT_CHARACTERS[encoding],
): string[] {
  const widths = characterWidths(text, encoding);
  if (widths.reduce((sum, { width }) => sum + width, 0) <= room.alone) return [text];
  const segments: string[] = [];
  let start = 0;
  let free = room.joined;
  for (const { index, width } of widths) {
    if (width > free) {
      segments.push(text.slice(start, index));
      start = index;
      free = room.joined;
    }
    free -= width;
  }
  return [...segments, text.slice(start)];
}

/** Where each character begins, and what it takes. */
function characterWidths(text: string, encoding: Encoding): { readonly index: number; readonly width: number }[] {
  const widths: { index: number; width: number }[] = [];
  let index = 0;
  for (const character of text) {
    const width = encoding === 'GSM-7' ? septetsOf(character.charCodeAt(0)) : character.length;
    widths.push({ index, width });
    index += character.length;
  }
  return widths;
}
