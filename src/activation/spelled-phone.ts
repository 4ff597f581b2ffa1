import { foldDigits } from '../sms/digits.ts';
import { type Msisdn, parseMsisdn } from '../sms/msisdn.ts';
import type { Program } from './program.ts';

const MAX_SPELLING = 64;
const INVISIBLE = /[\p{Cf}\p{Mn}\p{Cc}]/gu;
const DASH = /[\p{Pd}\u2212]/gu;
const SPACE = /\p{Zs}/gu;

/**
 * Every phone that `raw` may spell for somebody who looks for one: national forms in each of the programme's countries in
 * their order, full ones with `+`, `00` or the space that an unescaped `+` of a URL becomes, digits of any script. Mostly
 * one; none when it spells no valid number.
 */
export function spelledPhones(raw: string, { countries }: Pick<Program, 'countries'>): readonly Msisdn[] {
  if (raw.length > MAX_SPELLING) return [];
  const plain = foldDigits(raw.replace(INVISIBLE, '')).replace('＋', '+').replace(DASH, '-').replace(SPACE, ' ');
  const full = /^(?: +(?=\d)|\s*\+|\s*00)(.*)$/.exec(plain)?.[1];
  const readings = [
    full === undefined ? undefined : parseMsisdn(`+${full}`),
    ...countries.map((country) => parseMsisdn(plain.trim(), country)),
  ];
  return [...new Set(readings.filter((msisdn) => msisdn !== undefined))];
}
