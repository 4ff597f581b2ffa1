import assert from 'node:assert/strict';

/** A submit_sm, or another that carries a text to a phone. */
export interface TextPart {
  /** By the specification's names: the address, and the SAR TLVs as numbers. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The user data header in hexadecimal, or empty. */
  readonly header: string;
  readonly text: string;
}

/** The texts that a phone would show, in the order in which their last parts came: parts are joined by what numbers them. */
export function shownTexts(parts: readonly TextPart[]): string[] {
  const open = new Map<string, string[]>();
  const shown: string[] = [];
  for (const part of parts) {
    const { reference, total, position } = placeOf(part);
    const key = `${String(part.fields.destination_addr)} ${reference} ${total}`;
    const pieces = open.get(key) ?? [];
    pieces[position - 1] = part.text;
    open.set(key, pieces);
    if (Object.keys(pieces).length < total) continue;
    shown.push(pieces.join(''));
    open.delete(key);
  }
  return shown;
}

/** 3GPP TS 23.040 §9.2.3.24.1 and §9.2.3.24.8, and the SAR TLVs. */
function placeOf({ header, fields }: TextPart) {
  const [, narrow, wide, total, position] = /^(?:050003(..)|060804(....))(..)(..)$/.exec(header) ?? [];
  if (total !== undefined && position !== undefined) {
    const reference = narrow ?? wide ?? '';
    return { reference, total: Number.parseInt(total, 16), position: Number.parseInt(position, 16) };
  }
  assert.equal(header, '', 'a header of another kind');
  const { sar_msg_ref_num: reference = 0, sar_total_segments: parts = 1, sar_segment_seqnum: place = 1 } = fields;
  return { reference: String(reference), total: Number(parts), position: Number(place) };
}
