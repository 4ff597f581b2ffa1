import type { Script } from './intent.ts';

/**
 * The script of most letters of a text; undefined when it has none. A tie goes to the script that is not Latin:
 * Latin words stand in Russian and Persian texts, seldom the other way round. Linear in the text, never throws.
 */
export function detectScript(text: string): Script | undefined {
  const letters = { latin: 0, cyrillic: 0, arabic: 0 };
  for (let at = 0; at < text.length; at += 1) {
    const script = scriptOf(text.charCodeAt(at));
    if (script !== undefined) letters[script] += 1;
  }
  const most = Math.max(letters.cyrillic, letters.arabic, letters.latin);
  if (most === 0) return undefined;
  if (letters.cyrillic === most) return 'cyrillic';
  return letters.arabic === most ? 'arabic' : 'latin';
}

function scriptOf(unit: number): Script | undefined {
  if (unit < 0x80) return isAsciiLetter(unit) ? 'latin' : undefined;
  if (unit < 0x250) return unit >= 0xc0 && unit !== 0xd7 && unit !== 0xf7 ? 'latin' : undefined;
  if (unit >= 0x400 && unit <= 0x52f) return 'cyrillic';
  if (isArabicLetter(unit)) return 'arabic';
  if (unit >= 0x1e00 && unit <= 0x1eff) return 'latin';
  return unit >= 0xff21 && unit <= 0xff5a && isAsciiLetter(unit - 0xfee0) ? 'latin' : undefined;
}

function isAsciiLetter(unit: number): boolean {
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** The letters of the Arabic blocks, presentation forms included; not their digits, marks or punctuation. */
function isArabicLetter(unit: number): boolean {
  if (unit >= 0x620 && unit <= 0x64a) return unit !== 0x640;
  if (unit >= 0x671 && unit <= 0x6d3) return true;
  return (unit >= 0xfb50 && unit <= 0xfdef) || (unit >= 0xfe70 && unit <= 0xfefc);
}
