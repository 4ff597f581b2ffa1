/**
 * The tables of the GSM 7-bit alphabet: the default one, its extension, and those national ones that take their place
 * when an SMS says so. Source: 3GPP TS 23.038 §6.2.1, annex A.2 (single shift) and A.3 (locking shift).
 */

/** Introduces one character of the extension table; no character itself. */
export const ESCAPE = 0x1b;

/** The languages whose tables we know. Spanish has a single shift table alone. */
export type NationalLanguage = 'turkish' | 'spanish' | 'portuguese';

/** Which tables an SMS is written with; absent: the default ones. */
export interface Gsm7Tables {
  /** Takes the place of the default alphabet. */
  readonly locking?: NationalLanguage;
  /** Takes the place of the extension table. */
  readonly single?: NationalLanguage;
}

/** The default alphabet in the order of its septets. The place of the escape holds U+001B. */
export const DEFAULT_ALPHABET =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';

const TURKISH_ALPHABET =
  '@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  'İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§çabcdefghijklmnopqrstuvwxyzäöñüà';

const PORTUGUESE_ALPHABET =
  '@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ !"#º%&\'()*+,-./0123456789:;<=>?' +
  'ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà';

/** The extension table: what a septet means after an escape. */
export const DEFAULT_EXTENSION: Readonly<Record<number, string>> = {
  10: '\f',
  20: '^',
  40: '{',
  41: '}',
  47: '\\',
  60: '[',
  61: '~',
  62: ']',
  64: '|',
  101: '€',
};

const TURKISH_EXTENSION = extension('71Ğ 73İ 83Ş 99ç 103ğ 105ı 115ş');

const SPANISH_EXTENSION = extension('9ç 65Á 73Í 79Ó 85Ú 97á 105í 111ó 117ú');

const PORTUGUESE_EXTENSION = extension(
  '5ê 9ç 11Ô 12ô 14Á 15á 18Φ 19Γ 21Ω 22Π 23Ψ 24Σ 25Θ 31Ê 65À 73Í 79Ó 85Ú 91Ã 92Õ 97Â 105í 111ó 117ú 123ã 124õ 127â',
);

/** Takes the place of the default alphabet. Spanish has none of its own. */
export const LOCKING_TABLES: Readonly<Record<NationalLanguage, string>> = {
  turkish: TURKISH_ALPHABET,
  spanish: DEFAULT_ALPHABET,
  portuguese: PORTUGUESE_ALPHABET,
};

/** Takes the place of the extension table. */
export const SINGLE_TABLES: Readonly<Record<NationalLanguage, Readonly<Record<number, string>>>> = {
  turkish: TURKISH_EXTENSION,
  spanish: SPANISH_EXTENSION,
  portuguese: PORTUGUESE_EXTENSION,
};

/** The National Language Identifiers of a user data header. Source: 3GPP TS 23.038 §6.2.1.2.4. */
export const LANGUAGE_IDENTIFIERS: Readonly<Record<number, NationalLanguage>> = {
  1: 'turkish',
  2: 'spanish',
  3: 'portuguese',
};

/** The default extension table with more letters, each behind its septet. */
function extension(letters: string): Readonly<Record<number, string>> {
  const added = letters.split(' ').map((letter) => [letter.slice(0, -1), letter.slice(-1)]);
  return { ...DEFAULT_EXTENSION, ...Object.fromEntries(added) };
}
