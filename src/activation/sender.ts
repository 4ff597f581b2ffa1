import type { CountryCode } from 'libphonenumber-js';
import { foldDigits } from '../sms/digits.ts';
import { callingCode, type Msisdn, type NumberingFacts, numberingFacts } from '../sms/msisdn.ts';
import type { Program } from './program.ts';

/** Who texted: a phone that a card can be bound to and that a reply can reach, or the reason why it is not one. */
export type Sender =
  | { readonly kind: 'mobile'; readonly msisdn: Msisdn; readonly country: CountryCode }
  | { readonly kind: 'unsupported'; readonly reason: UnsupportedReason; readonly msisdn?: Msisdn };

/**
 * - `alphanumeric`: a name or an e-mail address. `short-code`: 3 to 8 digits that are no mobile of the programme.
 * - `own-address`: a number of ours; answering it would be a loop. `not-mobile`: a landline, premium or toll-free number.
 * - `foreign`: a valid number of no country of the programme. `malformed`: no valid number, or one of two possible.
 */
export type UnsupportedReason = 'alphanumeric' | 'short-code' | 'own-address' | 'not-mobile' | 'foreign' | 'malformed';

const MAX_SENDER_CHARACTERS = 64;
/** Digits a number of a numbering plan has at least; Denmark's and Norway's mobiles have 8. */
const SHORTEST_NATIONAL = 7;
const LONGEST_SHORT_CODE = 8;
const LETTER = /[\p{L}@]/u;
const INVISIBLE = /[\p{Cf}\p{Mn}\p{Cc}]/gu;

/** What our own addresses are told by, however they are spelled. */
export type AddressKeys = ReadonlySet<string> & { readonly __brand: 'AddressKeys' };

/** The keys of addresses, digit by digit and without regard to case, so that their spelling does not matter. */
export function addressKeys(addresses: Iterable<string>): AddressKeys {
  return new Set(Array.from(addresses, addressKey)) as ReadonlySet<string> as AddressKeys;
}

/**
 * Judges an MO's sender ID by the programme's countries; pure, never throws, takes any text.
 * Takes E.164 with or without `+`, the `00` exit code, national forms and digits of any script. A national form that
 * is a mobile in two of the programme's countries is `malformed`: a card must not go to a stranger.
 */
export function readSender(raw: string, program: Program, ownAddresses: AddressKeys): Sender {
  const spelled = foldDigits(raw.slice(0, MAX_SENDER_CHARACTERS).replace(INVISIBLE, '')).trim();
  if (LETTER.test(spelled)) return unsupported(ownAddresses.has(addressKey(spelled)) ? 'own-address' : 'alphanumeric');
  const digits = internationalDigits(spelled);
  if (digits === '' || raw.length > MAX_SENDER_CHARACTERS) return unsupported('malformed');
  if (ownAddresses.has(digits)) return unsupported('own-address');

  const facts = identify(spelled, program);
  if (facts === 'ambiguous') return unsupported('malformed');
  if (facts !== undefined && ownAddresses.has(addressKey(facts.msisdn)))
    return unsupported('own-address', facts.msisdn);
  if (facts !== undefined && isMobileHere(facts, program)) {
    return { kind: 'mobile', msisdn: facts.msisdn, country: facts.country };
  }
  if (digits.length >= 3 && digits.length <= LONGEST_SHORT_CODE) return unsupported('short-code');
  if (facts === undefined) return unsupported('malformed');
  return unsupported(isHere(facts, program) ? 'not-mobile' : 'foreign', facts.msisdn);
}

/** International first where the spelling says so or a calling code of the programme fits, then national, then any. */
function identify(spelled: string, program: Program): NumberingFacts | 'ambiguous' | undefined {
  const digits = internationalDigits(spelled);
  if (digits.length < SHORTEST_NATIONAL) return undefined;
  if (spelled.startsWith('+') || spelled.startsWith('00')) {
    return numberingFacts(spelled.replace(/^(?:00|\+)/, '+'));
  }
  if (program.countries.some((country) => digits.startsWith(callingCode(country)))) {
    const international = numberingFacts(`+${spelled}`);
    if (international !== undefined && isHere(international, program)) return international;
  }
  return identifyNational(spelled, program) ?? numberingFacts(`+${spelled}`);
}

function identifyNational(spelled: string, program: Program): NumberingFacts | 'ambiguous' | undefined {
  const readings = program.countries
    .map((country) => numberingFacts(spelled, country))
    .filter((facts) => facts !== undefined && isHere(facts, program));
  const mobiles = readings.filter((facts) => facts?.isMobile);
  const distinct = new Set(mobiles.map((facts) => facts?.msisdn));
  return distinct.size > 1 ? 'ambiguous' : (mobiles[0] ?? readings[0]);
}

type LocalFacts = NumberingFacts & { readonly country: CountryCode };

function isHere(facts: NumberingFacts, program: Program): facts is LocalFacts {
  return facts.country !== undefined && program.countries.includes(facts.country);
}

function isMobileHere(facts: NumberingFacts, program: Program): facts is LocalFacts {
  return facts.isMobile && isHere(facts, program);
}

/** What makes two spellings one address: a number's digits, or a name without regard to case. */
function addressKey(address: string): string {
  return LETTER.test(address) ? address.trim().toLowerCase() : internationalDigits(foldDigits(address));
}

function internationalDigits(spelled: string): string {
  return spelled.replace(/[^0-9]/g, '').replace(/^00/, '');
}

function unsupported(reason: UnsupportedReason, msisdn?: Msisdn): Sender {
  return msisdn === undefined ? { kind: 'unsupported', reason } : { kind: 'unsupported', reason, msisdn };
}
