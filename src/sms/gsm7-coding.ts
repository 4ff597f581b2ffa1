import {
  DEFAULT_ALPHABET,
  DEFAULT_EXTENSION,
  ESCAPE,
  type Gsm7Tables,
  LOCKING_TABLES,
  SINGLE_TABLES,
} from './gsm7-tables.ts';

/** What an octet above 127 reads as, which is no septet at all. */
const NO_CHARACTER = '\ufffd';

/** What an escape reads as when nothing follows it. `joinParts` makes it whole. */
export const CUT_ESCAPE = '\x1b';

const NO_TABLES: Gsm7Tables = {};

/** By UTF-16 code unit: the septet, `KNOWN`, and `ESCAPED` where an escape goes before it; 0: in neither table. */
type Encoder = Uint16Array;
const KNOWN = 0x100;
const ESCAPED = 0x200;
/** The infinity sign, of Portuguese, is the highest of all tables. */
const CODE_UNITS = 0x221f;

/** Made when first asked for; at most sixteen. */
const ENCODERS = new Map<string, Encoder>();

/**
 * The septets of a text, one per octet; undefined when a character is in neither table. Characters of both go without
 * an escape.
 */
export function encodeGsm7(text: string, tables: Gsm7Tables = NO_TABLES): Buffer | undefined {
  const encoder = encoderOf(tables);
  const septets = Buffer.allocUnsafe(2 * text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = encoder[text.charCodeAt(i)] ?? 0;
    if (code === 0) return undefined;
    if ((code & ESCAPED) !== 0) septets[length++] = ESCAPE;
    septets[length++] = code;
  }
  return septets.subarray(0, length);
}

/**
 * The text of septets, one per octet. Never throws: an escape before a septet that its table leaves empty is passed
 * over, and before another escape it is a space (3GPP TS 23.038 §6.2.1.1); an octet above 127 becomes U+FFFD. An escape
 * at the very end becomes U+001B, so that a character cut in two between parts can be joined again.
 */
export function decodeGsm7(septets: Uint8Array, tables: Gsm7Tables = NO_TABLES): string {
  const alphabet = alphabetOf(tables);
  const extension = extensionOf(tables);
  let text = '';
  for (let i = 0; i < septets.length; i++) {
    const septet = septets[i] ?? 0;
    if (septet !== ESCAPE) {
      text += alphabet[septet] ?? NO_CHARACTER;
      continue;
    }
    i += 1;
    const escaped = septets[i];
    if (escaped === undefined) text += CUT_ESCAPE;
    else if (escaped === ESCAPE) text += ' ';
    else text += extension[escaped] ?? alphabet[escaped] ?? NO_CHARACTER;
  }
  return text;
}

function alphabetOf({ locking }: Gsm7Tables): string {
  return locking === undefined ? DEFAULT_ALPHABET : LOCKING_TABLES[locking];
}

function extensionOf({ single }: Gsm7Tables): Readonly<Record<number, string>> {
  return single === undefined ? DEFAULT_EXTENSION : SINGLE_TABLES[single];
}

function encoderOf(tables: Gsm7Tables): Encoder {
  const key = `${tables.locking} ${tables.single}`;
  const known = ENCODERS.get(key);
  if (known !== undefined) return known;
  const alphabet = alphabetOf(tables);
  const encoder = new Uint16Array(CODE_UNITS);
  for (const [septet, character] of Object.entries(extensionOf(tables))) {
    encoder[character.charCodeAt(0)] = Number(septet) | KNOWN | ESCAPED;
  }
  for (let septet = 0; septet < alphabet.length; septet++) {
    if (septet !== ESCAPE) encoder[alphabet.charCodeAt(septet)] = septet | KNOWN;
  }
  ENCODERS.set(key, encoder);
  return encoder;
}
