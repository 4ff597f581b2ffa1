// @ts-check
/**
 * The cards and phones of the benchmark, by index: message `n` is the text of phone `n` about card `n`. Every process
 * works them out for itself, so nobody has to be told and everything can be verified.
 */

const PREFIX = '9643';
const FIRST_PHONE = 79_160_000_000;
const PHONES = 20_000_000;
/** Coprime to 10, so that no number comes twice; large, so that neighbours in time are not neighbours in the index. */
const STEP = 618_033_989;
const NUMBERS = 100_000_000_000;

/** Card number `index`, below 1.4 * 10^7: 16 digits, valid by Luhn, in no order. */
export function cardNumber(/** @type {number} */ index) {
  const body = PREFIX + String((index * STEP) % NUMBERS).padStart(11, '0');
  let sum = 0;
  for (let at = 0; at < body.length; at += 1) {
    const digit = body.charCodeAt(at) - 48;
    const doubled = at % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return `${body}${(10 - (sum % 10)) % 10}`;
}

/** Phone `index`, without its plus: a Russian mobile. */
export function phoneNumber(/** @type {number} */ index) {
  return String(FIRST_PHONE + index);
}

/** The id that the provider gives message `index`. */
export function sidOf(/** @type {number} */ index) {
  return `SM${index.toString(16).padStart(32, '0')}`;
}

/** The index of a phone, with or without its plus; undefined when it is none of ours. */
export function indexOfPhone(/** @type {string} */ phone) {
  const index = Number(phone.startsWith('+') ? phone.slice(1) : phone) - FIRST_PHONE;
  return index >= 0 && index < PHONES ? index : undefined;
}
