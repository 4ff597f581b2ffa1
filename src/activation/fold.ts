import { zeroOf } from '../sms/digits.ts';

/**
 * A text with everything taken away that does not change what it says. Its characters are:
 * `0`-`9` for digits of any script; lower-case letters, where Cyrillic look-alikes are Latin, marks are dropped and
 * presentation forms are plain; `-` any dash, and a dot in the middle of the line; `$` any currency sign; `#` also for №;
 * `~` any other symbol; a space; `\n`, once for each end of a line.
 * Invisible characters are gone. Everything above ASCII is a letter.
 */
export interface Folded {
  readonly text: string;
  /** For each character: the code point of the zero of its digit's script, `MIXED`, or 0 when it is no digit. */
  readonly zeros: readonly number[];
}

/** Stands for the script of numerals that are no decimal digits (², ⅷ, ①): they spoil the number they stand in. */
export const MIXED = -1;

/** Promises a fold in linear time for any string, lone surrogates and NUL included. */
export function fold(text: string): Folded {
  let folded = '';
  const zeros: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // CR LF is one end of a line.
    if (unit === 0x0d && text.charCodeAt(at + 1) === 0x0a) continue;
    if (unit < 0x80) {
      folded += ASCII[unit];
      zeros.push(unit >= 0x30 && unit <= 0x39 ? 0x30 : 0);
      continue;
    }
    const codePoint = text.codePointAt(at) ?? unit;
    if (codePoint > 0xffff) at += 1;
    const zero = zeroOf(codePoint);
    if (zero !== undefined) {
      folded += String(codePoint - zero);
      zeros.push(zero);
      continue;
    }
    const plain = foldOther(codePoint);
    folded += plain;
    for (let i = 0; i < plain.length; i += 1) zeros.push(isDigit(plain.charCodeAt(i)) ? MIXED : 0);
  }
  return { text: folded, zeros };
}

/** The folded form of a word of ours, to look for in folded texts. */
export function foldWord(word: string): string {
  return fold(word).text;
}

/** True for a digit of a folded text, given its UTF-16 unit. */
export function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

/** True for a letter of a folded text, given its UTF-16 unit. */
export function isLetter(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || unit > 0x7f;
}

const ASCII: readonly string[] = Array.from({ length: 0x80 }, (_, unit) => {
  if (unit >= 0x0a && unit <= 0x0d) return '\n';
  return unit < 0x20 || unit === 0x7f ? ' ' : String.fromCharCode(unit).toLowerCase();
});

/** Letters that look like a Latin one, and Arabic letters that a Persian keyboard has in another form. */
const LOOK_ALIKES: ReadonlyMap<string, string> = new Map([
  ...pairs('авсенкмортх', 'abcehkmoptx'),
  ...pairs('يىكة', 'ییکه'),
]);

const INVISIBLE = /^[\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}\u0640]$/u;
const SPACE = /^[\p{Zs}\p{Cc}]$/u;
const LINE = /^[\p{Zl}\p{Zp}\u0085]$/u;
const DASH = /^[\p{Pd}\u2212\u2043\u2022\u00b7]$/u;
const CURRENCY = /^\p{Sc}$/u;
const COMMA = /^[،٫٬、]$/u;
const NUMERAL = /^\p{N}$/u;
const LETTER = /^\p{L}$/u;
const ASCII_MARK = /^[!-/:-@[-`{-}]$/;

/** Remembered by code point, as far as there is room: normalising costs more than all else. */
const remembered = new Map<number, string>();
const MAX_REMEMBERED = 20_000;

/** ﷺ is a sentence of 18 letters; nothing that matters here is longer than a ligature. */
const MAX_EXPANSION = 4;

function foldOther(codePoint: number): string {
  const known = remembered.get(codePoint);
  if (known !== undefined) return known;
  const folded = foldCharacter(String.fromCodePoint(codePoint));
  if (remembered.size < MAX_REMEMBERED) remembered.set(codePoint, folded);
  return folded;
}

function foldCharacter(character: string): string {
  if (character === '№') return '#';
  if (LINE.test(character)) return '\n';
  if (SPACE.test(character)) return ' ';
  if (INVISIBLE.test(character)) return '';
  if (DASH.test(character)) return '-';
  if (CURRENCY.test(character)) return '$';
  if (COMMA.test(character)) return ',';
  if (NUMERAL.test(character)) return foldNumeral(character);
  const parts = character.normalize('NFKD');
  if (parts.length > MAX_EXPANSION) return '~';
  let folded = '';
  for (const part of parts) folded += foldPart(part);
  return folded === '' ? '~' : folded;
}

/** One digit, so that the number it stands in is seen to be longer than it looks without it. */
function foldNumeral(character: string): string {
  const plain = character.normalize('NFKD');
  return plain.length === 1 && isDigit(plain.charCodeAt(0)) ? plain : '0';
}

function foldPart(part: string): string {
  if (ASCII_MARK.test(part)) return part;
  if (!LETTER.test(part)) return INVISIBLE.test(part) ? '' : '~';
  const lower = part.toLowerCase().normalize('NFKD');
  let folded = '';
  for (const letter of lower) {
    if (!INVISIBLE.test(letter)) folded += LOOK_ALIKES.get(letter) ?? letter;
  }
  return folded;
}

function pairs(from: string, to: string): [string, string][] {
  return Array.from(from, (letter, at) => [letter, to.charAt(at)]);
}
