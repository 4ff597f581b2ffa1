/** Decimal digits of every script lie in runs of ten, in order, so a digit's value is its distance from its zero. */
const ZEROS = zerosByDigit();

/**
 * The code point of the zero in the same run of ten: what tells `٣` (Arabic-Indic) from `۳` (Persian).
 * Undefined when `codePoint` is no decimal digit (Unicode category Nd, as this Node knows it).
 */
export function zeroOf(codePoint: number): number | undefined {
  return ZEROS.get(codePoint);
}

const ASCII = /^\p{ASCII}*$/u;

/** The text with every decimal digit of every script as ASCII; all else is left as it was. */
export function foldDigits(text: string): string {
  if (ASCII.test(text)) return text;
  let folded = '';
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    const zero = ZEROS.get(codePoint);
    folded += zero === undefined ? character : String(codePoint - zero);
  }
  return folded;
}

/** Every tenth code point meets each run of ten exactly once; no script has digits beyond plane 1. */
function zerosByDigit(): ReadonlyMap<number, number> {
  const decimalDigit = /^\p{Nd}$/u;
  const isDigit = (codePoint: number): boolean => decimalDigit.test(String.fromCodePoint(codePoint));
  const zeros = new Map<number, number>();
  for (let probe = 0; probe < 0x2_00_00; probe += 10) {
    if (zeros.has(probe) || !isDigit(probe)) continue;
    let first = probe;
    while (first > 0 && isDigit(first - 1)) first -= 1;
    for (let digit = first; isDigit(digit); digit += 1) zeros.set(digit, digit - ((digit - first) % 10));
  }
  return zeros;
}
