import { isGsm7 } from '../../sms/gsm7.ts';
import type { MobileTerminated } from '../../sms/message.ts';
import { type Encoding, SEGMENT_CHARACTERS } from '../../sms/segment.ts';
import { type SegmentRoom, splitText } from '../../sms/split.ts';
import { alphabetOf, type Codings, type DefaultAlphabet, writeText } from './coding.ts';

/**
 * How a text that takes several SMS is handed over.
 * - `udh8`, `udh16`: in parts with a user data header of an 8- or 16-bit reference.
 * - `sar`: in parts with SAR TLVs, of which the SMSC makes headers.
 * - `payload`: whole, in a message_payload that the SMSC splits.
 */
export type LongMessages = 'udh8' | 'udh16' | 'sar' | 'payload';

/** How a channel writes its MT. */
export interface Writing extends Codings {
  /** The data_coding of texts that the SMSC's default alphabet can hold: usually 0. All others go as UCS-2, 8. */
  readonly dataCoding: number;
  readonly long: LongMessages;
  /** Absent: guessed from the address. */
  readonly sourceTon?: number;
  readonly sourceNpi?: number;
}

/** The fields of one submit_sm that differ from the specification's defaults, as `new PDU('submit_sm', …)` takes them. */
export interface SubmitFields {
  readonly source_addr_ton: number;
  readonly source_addr_npi: number;
  readonly source_addr: string;
  readonly dest_addr_ton: number;
  readonly dest_addr_npi: number;
  readonly destination_addr: string;
  readonly esm_class: number;
  readonly validity_period: string;
  /** 1: a receipt of the final state, whichever it is. */
  readonly registered_delivery: number;
  readonly data_coding: number;
  readonly short_message: Buffer;
  readonly sar_msg_ref_num?: number;
  readonly sar_total_segments?: number;
  readonly sar_segment_seqnum?: number;
  readonly message_payload?: Buffer;
  // So that it is a `PduFields`.
  readonly [field: string]: string | number | Buffer | undefined;
}

const HAS_HEADER = 0x40;
const UCS_2 = 8;
const MAX_PARTS = 255;

/** SMPP 3.4 §5.3.2.32. */
const MAX_PAYLOAD_BYTES = 64_000;

/** 140 octets less 7 of user data header: 152 septets or 66 code units. */
const ROOM_UDH16 = {
  'GSM-7': { alone: SEGMENT_CHARACTERS['GSM-7'].alone, joined: 152 },
  'UCS-2': { alone: SEGMENT_CHARACTERS['UCS-2'].alone, joined: 66 },
} as const satisfies Record<Encoding, SegmentRoom>;

/** What the parts of a text have in common. */
interface Script {
  readonly encoding: Encoding;
  readonly alphabet: DefaultAlphabet | 'ucs-2';
  readonly dataCoding: number;
}

/**
 * The submit_sm that carry an MT, in order; joined, their texts are its. Undefined when it would take more than 255.
 * `reference` marks the parts of a long one: one that the last 255 long ones to the same phone did not have.
 */
export function submitsOf(
  message: MobileTerminated,
  reference: number,
  writing: Writing,
): readonly SubmitFields[] | undefined {
  const script = scriptOf(message.text, writing);
  const common = commonFields(message, writing, script);
  const room = writing.long === 'udh16' ? ROOM_UDH16 : SEGMENT_CHARACTERS;
  const texts = splitText(message.text, script.encoding, room[script.encoding]);
  if (texts.length === 1) return [{ ...common, short_message: octetsOf(message.text, script) }];
  if (writing.long === 'payload') {
    const payload = octetsOf(message.text, script);
    return payload.length > MAX_PAYLOAD_BYTES ? undefined : [{ ...common, message_payload: payload }];
  }
  if (texts.length > MAX_PARTS) return undefined;
  const { long } = writing;
  return texts.map((text, index) => ({
    ...common,
    ...partFields(text, script, long, { reference, total: texts.length, position: index + 1 }),
  }));
}

/** References for long MT: from `first`, which should be a random one, to 65,535 and from 0 again. */
export function referenceCounter(first: number): () => number {
  let next = first;
  return () => {
    const reference = next & 0xffff;
    next = reference + 1;
    return reference;
  };
}

/** `validity_period` of so many seconds from now, in SMPP's relative form: `000001000000000R` is a day. At most 30 days. */
export function relativeTime(seconds: number): string {
  const total = Math.max(1, Math.min(Math.round(seconds), 30 * 86_400));
  const [days, hours, minutes] = [
    Math.floor(total / 86_400),
    Math.floor(total / 3600) % 24,
    Math.floor(total / 60) % 60,
  ];
  const fields = [0, 0, days, hours, minutes, total % 60];
  return `${fields.map((field) => String(field).padStart(2, '0')).join('')}000R`;
}

function scriptOf(text: string, writing: Writing): Script {
  const alphabet = alphabetOf(writing.dataCoding, writing);
  const isOneOctet = alphabet !== undefined && alphabet !== 'iso-8859-5' && alphabet !== 'iso-8859-8';
  if (isOneOctet && alphabet !== 'ucs-2' && isGsm7(text) && holdsGsm7(alphabet, text)) {
    return { encoding: 'GSM-7', alphabet, dataCoding: writing.dataCoding };
  }
  return { encoding: 'UCS-2', alphabet: 'ucs-2', dataCoding: UCS_2 };
}

/** Of a text in GSM-7. */
function holdsGsm7(alphabet: DefaultAlphabet, text: string): boolean {
  return alphabet === 'gsm-7' || alphabet === 'gsm-7-packed' || writeText(text, alphabet) !== undefined;
}

function commonFields(message: MobileTerminated, writing: Writing, { dataCoding }: Script): SubmitFields {
  const source = sourceOf(message.from);
  return {
    source_addr_ton: writing.sourceTon ?? source.ton,
    source_addr_npi: writing.sourceNpi ?? source.npi,
    source_addr: source.address,
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: message.to.slice(1),
    esm_class: 0,
    validity_period: message.validitySeconds === undefined ? '' : relativeTime(message.validitySeconds),
    registered_delivery: 1,
    data_coding: dataCoding,
    short_message: Buffer.alloc(0),
  };
}

/**
 * Infobip's rules, which others follow: international 1/1, a name 5/0, a short code (3 to 8 digits) 3/0, else 0/1.
 * https://www.infobip.com/glossary/ton-npi-settings
 */
function sourceOf(from: string): { readonly ton: number; readonly npi: number; readonly address: string } {
  if (/^\+\d+$/.test(from)) return { ton: 1, npi: 1, address: from.slice(1) };
  if (!/^\d+$/.test(from)) return { ton: 5, npi: 0, address: from };
  return from.length <= 8 ? { ton: 3, npi: 0, address: from } : { ton: 0, npi: 1, address: from };
}

interface NumberedPart {
  readonly reference: number;
  readonly total: number;
  readonly position: number;
}

function partFields(
  text: string,
  script: Script,
  long: Exclude<LongMessages, 'payload'>,
  part: NumberedPart,
): Partial<SubmitFields> {
  if (long === 'sar') {
    return {
      // Small enough for the 8-bit header that the SMSC may make of it.
      sar_msg_ref_num: part.reference & 0xff,
      sar_total_segments: part.total,
      sar_segment_seqnum: part.position,
      short_message: octetsOf(text, script),
    };
  }
  const { reference, total, position } = part;
  const header =
    long === 'udh8'
      ? Buffer.from([5, 0x00, 3, reference & 0xff, total, position])
      : Buffer.from([6, 0x08, 4, (reference >> 8) & 0xff, reference & 0xff, total, position]);
  return { esm_class: HAS_HEADER, short_message: Buffer.concat([header, octetsOf(text, script, header.length)]) };
}

/** The octets of a text, or a part of one, that its alphabet holds, as `scriptOf` has seen. */
function octetsOf(text: string, { alphabet }: Script, headerOctets = 0): Buffer {
  const octets = writeText(text, alphabet, { octets: headerOctets });
  if (octets === undefined) throw new TypeError(`a text that ${alphabet} lacks`);
  return octets;
}
