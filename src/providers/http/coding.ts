/** How a text may be written where it cannot stand as it is. */
export const CODINGS = ['ucs2Hex', 'base64', 'urlEncoded'] as const;

/** One of them, by its name in a declaration. */
export type Coding = (typeof CODINGS)[number];

/** The text, written so. A lone half of a surrogate pair becomes U+FFFD: nothing can carry it. */
export function encodeText(coding: Coding, text: string): string {
  const whole = text.toWellFormed();
  switch (coding) {
    case 'ucs2Hex':
      return Buffer.from(whole, 'utf16le').swap16().toString('hex').toUpperCase();
    case 'base64':
      return Buffer.from(whole).toString('base64');
    case 'urlEncoded':
      return encodeURIComponent(whole);
    default:
      return coding satisfies never;
  }
}

/** The text that was written so; undefined when it was not. */
export function decodeText(coding: Coding, written: string): string | undefined {
  switch (coding) {
    case 'ucs2Hex':
      return isHexOfPairs(written) ? Buffer.from(written, 'hex').swap16().toString('utf16le') : undefined;
    case 'base64':
      return /^[A-Za-z\d+/]*={0,2}$/.test(written) ? Buffer.from(written, 'base64').toString() : undefined;
    case 'urlEncoded':
      return percentDecoded(written.replaceAll('+', ' '));
    default:
      return coding satisfies never;
  }
}

function isHexOfPairs(written: string): boolean {
  return written.length % 4 === 0 && /^[\da-f]*$/i.test(written);
}

function percentDecoded(written: string): string | undefined {
  try {
    return decodeURIComponent(written);
  } catch {
    return undefined;
  }
}
