import { parseMsisdn } from '../sms/msisdn.ts';
import type { Chain } from './chains.ts';
import type { Program } from './program.ts';

/** Tells phone numbers from card numbers in one text. */
export interface PhoneSpotter {
  /** True when the digits are a valid number of one of the programme's countries, in national or full form. */
  readonly isPhone: (digits: string) => boolean;
  /** The chain without the phone number that a `+` begins it with. */
  readonly withoutPhone: (chain: Chain) => Chain;
}

/** Asking the numbering plans costs more than all other reading, so a text has few questions; then nothing is a phone. */
const MAX_QUESTIONS = 12;
const SHORTEST_PHONE = 8;
const LONGEST_PHONE = 15;

/** A spotter for one text; it remembers only how much it was asked. */
export function phoneSpotter(program: Program): PhoneSpotter {
  let questions = 0;
  const isValid = (digits: string, isInternational: boolean): boolean => {
    if (digits.length < SHORTEST_PHONE || digits.length > LONGEST_PHONE || questions >= MAX_QUESTIONS) return false;
    questions += 1;
    if (isInternational) return parseMsisdn(`+${digits}`) !== undefined;
    return program.countries.some((country) => parseMsisdn(digits, country) !== undefined);
  };
  return {
    isPhone: (digits) => isValid(digits, false),
    withoutPhone: (chain) => {
      if (!chain.isPlus) return chain;
      let digits = '';
      for (const [i, piece] of chain.pieces.entries()) {
        digits += piece.text;
        if (digits.length > LONGEST_PHONE) break;
        if (isValid(digits, true)) {
          return { pieces: chain.pieces.slice(i + 1), gaps: chain.gaps.slice(i + 1), isPlus: false };
        }
      }
      return chain;
    },
  };
}
