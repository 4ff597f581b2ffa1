import type { CheckDigit } from './program.ts';

/**
 * True when the last character of `number` is the check digit of the rest; always true for `none`.
 * `number` is canonical: ASCII digits and upper-case Latin letters.
 */
export function hasCheckDigit(check: CheckDigit, number: string): boolean {
  return check === 'none' || checkDigit(check, number.slice(0, -1)) === number.at(-1);
}

/**
 * The character that completes `body`, or undefined when the scheme has none for it: an EAN covers digits only.
 * Luhn counts a letter as two digits, A = 10 to Z = 35, as an ISIN does (ISO 6166).
 */
export function checkDigit(check: 'luhn' | 'ean13', body: string): string | undefined {
  return check === 'luhn' ? luhn(body) : ean(body);
}

/** ISO/IEC 7812-1, Annex B: every second digit from the right is doubled. */
function luhn(body: string): string {
  let sum = 0;
  let isDoubled = true;
  const add = (digit: number): void => {
    const doubled = digit * 2;
    sum += isDoubled ? (doubled > 9 ? doubled - 9 : doubled) : digit;
    isDoubled = !isDoubled;
  };
  for (let at = body.length - 1; at >= 0; at -= 1) {
    const value = unitValue(body.charCodeAt(at));
    add(value % 10);
    if (value >= 10) add(Math.floor(value / 10));
  }
  return String((10 - (sum % 10)) % 10);
}

/** GS1 General Specifications, 7.9: weights 3 and 1 from the right. */
function ean(body: string): string | undefined {
  let sum = 0;
  for (let at = 0; at < body.length; at += 1) {
    const value = unitValue(body.charCodeAt(body.length - 1 - at));
    if (value > 9) return undefined;
    sum += at % 2 === 0 ? value * 3 : value;
  }
  return String((10 - (sum % 10)) % 10);
}

function unitValue(unit: number): number {
  return unit <= 0x39 ? unit - 0x30 : unit - 0x41 + 10;
}
