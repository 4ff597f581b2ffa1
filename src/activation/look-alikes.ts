/** Folded letters that are written for a digit; `b` stands for the Cyrillic В as well, `o` for О. */
const DIGIT_BY_LETTER: Readonly<Record<string, string>> = { o: '0', з: '3', l: '1', i: '1', b: '8' };

/**
 * `964з0o` → `964300`: the folded word with letters read as the digits they look like; undefined when another
 * letter is among them or no digit at all. The result is a guess: use it only where a check digit confirms it.
 */
export function asDigits(word: string): string | undefined {
  let digits = '';
  let hasDigit = false;
  for (let at = 0; at < word.length; at += 1) {
    const character = word.charAt(at);
    const isDigit = character >= '0' && character <= '9';
    const digit = isDigit ? character : DIGIT_BY_LETTER[character];
    if (digit === undefined) return undefined;
    hasDigit ||= isDigit;
    digits += digit;
  }
  return hasDigit ? digits : undefined;
}
