import { type Delivery, TLV } from './deliver-pdu.ts';

/** Where a part of a long SMS belongs. */
export interface PartPlace {
  /** With the kind of mark: a phone's 8-bit reference 7 and a gateway's 7 are two. */
  readonly reference: string;
  /** 2 to 255. */
  readonly total: number;
  /** From 1. */
  readonly position: number;
}

/** What marked the parts: an 8- or 16-bit user data header, or SAR TLVs. */
export type PartMark = 'udh8' | 'udh16' | 'sar';

/**
 * The place that three numbers tell; undefined for a whole of one, and for a position outside the whole, which the
 * standard has ignored (3GPP TS 23.040 §9.2.3.24.1): the text is then read as it stands.
 */
export function partPlace(mark: PartMark, reference: number, total: number, position: number): PartPlace | undefined {
  if (total < 2 || position < 1 || position > total) return undefined;
  return { reference: `${mark}:${reference}`, total, position };
}

/** The place that the SAR TLVs tell (SMPP 3.4 §5.3.2.22 to §5.3.2.24); undefined unless all three are there and whole. */
export function sarPlace(tlvs: Delivery['tlvs']): PartPlace | undefined {
  const reference = tlvs.get(TLV.sarReference);
  const total = tlvs.get(TLV.sarTotal);
  const position = tlvs.get(TLV.sarPosition);
  if (reference?.length !== 2 || total?.length !== 1 || position?.length !== 1) return undefined;
  return partPlace('sar', reference.readUInt16BE(0), total.readUInt8(0), position.readUInt8(0));
}
