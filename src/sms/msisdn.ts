import {
  type CountryCode,
  getCountryCallingCode,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import { foldDigits } from './digits.ts';

/** A phone number in E.164 that went through `parseMsisdn`; it cannot be made in any other way. */
export type Msisdn = string & { readonly __brand: 'Msisdn' };

/** What the numbering plan says of a number: where it belongs and whether it can be a mobile subscriber's. */
export interface NumberingFacts {
  readonly msisdn: Msisdn;
  /** Undefined for numbers of no country (satellite, international services). */
  readonly country: CountryCode | undefined;
  /** True for mobile, and for fixed-or-mobile where the plan does not tell the two apart (North America). */
  readonly isMobile: boolean;
}

/** E.164 allows 15 digits; the rest is room for separators and an exit code. */
const MAX_SPELLING = 40;
const SPELLING = /^[+0-9 \u00a0()./-]+$/;

/**
 * The one phone number that `raw` spells, or undefined when it is not valid by its country's numbering plan.
 * Takes separators, digits of any script and, when `country` is given, national forms; takes no other text and no
 * extension.
 */
export function parseMsisdn(raw: string, country?: CountryCode): Msisdn | undefined {
  return numberingFacts(raw, country)?.msisdn;
}

/** The same promise as `parseMsisdn`, with what the numbering plan knows of the number. */
export function numberingFacts(raw: string, country?: CountryCode): NumberingFacts | undefined {
  const phone = parse(raw, country);
  if (phone === undefined || phone.ext !== undefined) return undefined;
  // The full metadata has the types of all numbers: one that has none is not valid, which need not be asked as well.
  const type = phone.getType();
  if (type === undefined) return undefined;
  return {
    msisdn: phone.number as unknown as Msisdn,
    country: phone.country,
    isMobile: type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE',
  };
}

/** The country an MSISDN belongs to; +7 is told apart. Undefined for numbers of no country. */
export function countryOf(msisdn: Msisdn): CountryCode | undefined {
  return numberingFacts(msisdn)?.country;
}

/** `RU` → `7`: the digits after the `+` of every number of the country. */
export function callingCode(country: CountryCode): string {
  return getCountryCallingCode(country);
}

function parse(raw: string, country: CountryCode | undefined): PhoneNumber | undefined {
  if (raw.length > MAX_SPELLING) return undefined;
  const spelled = foldDigits(raw).trim();
  if (!SPELLING.test(spelled)) return undefined;
  return parsePhoneNumberFromString(spelled, { defaultCountry: country, extract: false });
}
