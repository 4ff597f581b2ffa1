import { characterWidth, type Encoding, SEGMENT_CHARACTERS } from './segment.ts';

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
  const segments: string[] = [];
  let start = 0;
  let total = 0;
  let free = room.joined;
  for (let i = 0; i < text.length; i++) {
    const width = characterWidth(text, i, encoding);
    if (width > free) {
      segments.push(text.slice(start, i));
      start = i;
      free = room.joined;
    }
    if (encoding === 'UCS-2') i += width - 1;
    total += width;
    free -= width;
  }
  return total <= room.alone ? [text] : [...segments, text.slice(start)];
}
