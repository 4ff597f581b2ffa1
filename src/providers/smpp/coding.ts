import { decodeGsm7, encodeGsm7 } from '../../sms/gsm7-coding.ts';
import { fillBitsAfter, packSeptets, unpackSeptets } from '../../sms/gsm7-packing.ts';
import type { Gsm7Tables } from '../../sms/gsm7-tables.ts';

/** What data_coding 0 may stand for: every SMSC has a default alphabet of its own and tells nobody. */
export type DefaultAlphabet = 'gsm-7' | 'gsm-7-packed' | 'latin1' | 'ascii' | 'utf-8';

/** How octets that claim to be no text (data_coding 2, 4, 0xF4) are read all the same. */
export type OctetAlphabet = 'utf-8' | 'latin1' | 'ucs-2' | 'gsm-7' | 'unreadable';

/** What a channel's SMSC means by the codings that the specification leaves open. */
export interface Codings {
  readonly defaultAlphabet: DefaultAlphabet;
  readonly octets: OctetAlphabet;
}

/** The ways in which text becomes octets. */
export type Alphabet = DefaultAlphabet | 'ucs-2' | 'iso-8859-5' | 'iso-8859-8';

/** What stood before the text. */
export interface HeaderBefore {
  /** Its length, with the length octet; 0: none. */
  readonly octets: number;
  /** The national tables it names. */
  readonly tables?: Gsm7Tables;
}

type Meaning = 'default' | 'octets' | Alphabet;

/** SMPP 3.4 §5.2.19. The codings of Japan and Korea (5, 9, 10, 13, 14) are not read. */
const SMPP_CODINGS: Readonly<Record<number, Meaning>> = {
  0: 'default',
  1: 'ascii',
  2: 'octets',
  3: 'latin1',
  4: 'octets',
  6: 'iso-8859-5',
  7: 'iso-8859-8',
  8: 'ucs-2',
};

/** Bits 3 and 2 of the general groups. 3GPP TS 23.038 §4. */
const GENERAL_ALPHABETS: readonly (Meaning | undefined)[] = ['default', 'octets', 'ucs-2', undefined];

/**
 * The text of a message's octets, less the user data header; undefined when they are none: an unknown or compressed
 * coding, UTF-8 or UCS-2 that is broken. What could be read wrongly is not read at all: of an odd number of UCS-2
 * octets one is missing, and a card number with a digit missing may be another's. Never throws.
 */
export function readText(
  octets: Buffer,
  dataCoding: number,
  codings: Codings,
  header: HeaderBefore = { octets: 0 },
): string | undefined {
  const alphabet = alphabetOf(dataCoding, codings, header.tables);
  return alphabet === undefined ? undefined : decode(octets, alphabet, header);
}

/**
 * The alphabet that a data_coding means on this channel. Values above 0x0F are those of 3GPP TS 23.038 §4. National
 * tables make GSM-7 of the default alphabet and of 1, which some write instead; packed stays packed.
 */
export function alphabetOf(dataCoding: number, codings: Codings, tables?: Gsm7Tables): Alphabet | undefined {
  const meaning = meaningOf(dataCoding);
  if (meaning === 'octets') return codings.octets === 'unreadable' ? undefined : codings.octets;
  const hasTables = tables?.locking !== undefined || tables?.single !== undefined;
  if (meaning === 'ascii') return hasTables ? 'gsm-7' : 'ascii';
  if (meaning !== 'default') return meaning;
  return hasTables && codings.defaultAlphabet !== 'gsm-7-packed' ? 'gsm-7' : codings.defaultAlphabet;
}

function meaningOf(dataCoding: number): Meaning | undefined {
  if (dataCoding <= 0x0f) return SMPP_CODINGS[dataCoding];
  if (dataCoding >= 0xf0) return (dataCoding & 0x04) === 0 ? 'default' : 'octets';
  if (dataCoding >= 0xe0) return 'ucs-2';
  if (dataCoding >= 0xc0) return 'default';
  const isReservedOrCompressed = dataCoding >= 0x80 || (dataCoding & 0x20) !== 0;
  return isReservedOrCompressed ? undefined : GENERAL_ALPHABETS[(dataCoding >> 2) & 3];
}

function decode(octets: Buffer, alphabet: Alphabet, header: HeaderBefore): string | undefined {
  switch (alphabet) {
    case 'gsm-7':
      return decodeGsm7(octets, header.tables);
    case 'gsm-7-packed':
      return decodeGsm7(unpackSeptets(octets, fillBitsAfter(header.octets)), header.tables);
    case 'ascii':
    case 'latin1':
      // Octets above 127 are no ASCII; who sends them means Latin-1 more often than anything else.
      return octets.toString('latin1');
    case 'ucs-2':
      return decodeUcs2(octets);
    case 'utf-8':
    case 'iso-8859-5':
    case 'iso-8859-8':
      return decodeBy(octets, alphabet);
    default:
      return alphabet satisfies never;
  }
}

/** Big-endian, unless a byte order mark says otherwise. Halves of surrogate pairs stay: their parts may be joined. */
function decodeUcs2(octets: Buffer): string | undefined {
  if (octets.length % 2 !== 0) return undefined;
  const mark = octets.length === 0 ? 0 : octets.readUInt16BE(0);
  if (mark === 0xfffe) return octets.toString('utf16le', 2);
  const text = Buffer.from(octets).swap16().toString('utf16le');
  return mark === 0xfeff ? text.slice(1) : text;
}

function decodeBy(octets: Buffer, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(octets);
  } catch {
    return undefined;
  }
}

/**
 * The octets of a text in an alphabet that our own SMS are written with; undefined when it lacks a character. Of ASCII
 * and UTF-8 only what both have is used, so that a character is an octet.
 */
export function writeText(
  text: string,
  alphabet: DefaultAlphabet | 'ucs-2',
  header: HeaderBefore = { octets: 0 },
): Buffer | undefined {
  switch (alphabet) {
    case 'gsm-7':
    case 'gsm-7-packed': {
      const septets = encodeGsm7(text, header.tables);
      if (septets === undefined) return undefined;
      return alphabet === 'gsm-7' ? septets : packSeptets(septets, fillBitsAfter(header.octets));
    }
    case 'ascii':
    case 'utf-8':
      return isBelow(text, 0x80) ? Buffer.from(text, 'latin1') : undefined;
    case 'latin1':
      return isBelow(text, 0x100) ? Buffer.from(text, 'latin1') : undefined;
    case 'ucs-2':
      return Buffer.from(text, 'utf16le').swap16();
    default:
      return alphabet satisfies never;
  }
}

function isBelow(text: string, limit: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= limit) return false;
  return true;
}
