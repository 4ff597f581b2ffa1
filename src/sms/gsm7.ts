/**
 * The GSM 7-bit default alphabet and its extension table: the characters of the cheap SMS.
 * Source: 3GPP TS 23.038 §6.2.1 and §6.2.1.1. The escape (0x1B) is a mechanism, not a character, so it is left out.
 */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';

/** Each takes two septets: the escape and its own. */
const EXTENSION = '\f^{}\\[~]|€';

/** Septets by UTF-16 code unit. The euro sign is the highest character of both tables. */
const SEPTETS = new Uint8Array(0x20ad);
for (const character of BASIC) SEPTETS[character.charCodeAt(0)] = 1;
for (const character of EXTENSION) SEPTETS[character.charCodeAt(0)] = 2;

/** Typographic characters and the plain ones that say the same in GSM-7. */
const PLAIN: Readonly<Record<string, string>> = {
  '•': '*',
  '«': '"',
  '»': '"',
  '“': '"',
  '”': '"',
  '„': '"',
  '‘': "'",
  '’': "'",
  '–': '-',
  '—': '-',
  '−': '-',
  '‑': '-',
  '…': '...',
  '\u00a0': ' ',
  '\u202f': ' ',
  '\u2009': ' ',
};

/** The septets that a UTF-16 code unit takes in GSM-7: 1, 2 (extension table), or 0 when GSM-7 lacks it. */
export function septetsOf(codeUnit: number): number {
  return SEPTETS[codeUnit] ?? 0;
}

/** True when every character of the text is in GSM-7. */
export function isGsm7(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (septetsOf(text.charCodeAt(i)) === 0) return false;
  return true;
}

/**
 * The same text with typographic characters made plain (`•` to `*`, `—` to `-`, `“` to `"`) when that alone makes it
 * GSM-7, which more than halves its price; else the text unchanged, since in UCS-2 they cost nothing extra.
 */
export function preferGsm7(text: string): string {
  if (isGsm7(text)) return text;
  let plain = '';
  for (const character of text) plain += PLAIN[character] ?? character;
  return isGsm7(plain) ? plain : text;
}
