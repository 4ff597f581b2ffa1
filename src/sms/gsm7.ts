import { DEFAULT_ALPHABET, DEFAULT_EXTENSION, ESCAPE } from './gsm7-tables.ts';

/** Septets by UTF-16 code unit: the characters of the cheap SMS. The euro sign is the highest of them. */
const SEPTETS = new Uint8Array(0x20ad);
for (const character of DEFAULT_ALPHABET) SEPTETS[character.charCodeAt(0)] = 1;
for (const character of Object.values(DEFAULT_EXTENSION)) SEPTETS[character.charCodeAt(0)] = 2;
// The escape is a mechanism, not a character.
SEPTETS[ESCAPE] = 0;

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
const TYPOGRAPHIC = new RegExp(`[${Object.keys(PLAIN).join('')}]`, 'g');

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
  const plain = text.replace(TYPOGRAPHIC, (character) => PLAIN[character] ?? character);
  return isGsm7(plain) ? plain : text;
}
