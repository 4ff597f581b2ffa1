// @ts-check
/**
 * A day of a chain, message by message: who texts what, and what must come of it. Every process works it out for itself.
 * The customers of the day are new; members who text again are those of the database's past.
 */
import { cardNumber, phoneNumber, sidOf } from '../ground/numbers.mjs';

/**
 * @typedef {object} Day
 * @property {number} cards in the registry; at least as many as the day has messages
 * @property {number} past members there are already: member `n` has card and phone `cards + n`
 */

/**
 * @typedef {'activated' | 'mistyped-card-number' | 'unknown-card' | 'no-card-number' | 'help' | 'already-active' |
 *   'card-has-another-phone' | 'stopped'} Outcome
 */

/** Of every 200 messages these; the rest activate a card. @type {readonly (readonly [Outcome, number])[]} */
const OTHERS = [
  ['mistyped-card-number', 5],
  ['unknown-card', 5],
  ['no-card-number', 2],
  ['help', 1],
  ['already-active', 2],
  ['card-has-another-phone', 2],
  ['stopped', 1],
];
const TURN = 200;
const SLOTS = OTHERS.flatMap(([outcome, count]) => Array.from({ length: count }, () => outcome));
/** Who of the past texts, or has the card that another one texts: a third of them each. */
const MEMBERS = /** @type {readonly Outcome[]} */ (['already-active', 'card-has-another-phone', 'stopped']);
/** No registry of the benchmark has cards from here on. */
const FIRST_UNKNOWN = 12_000_000;

/** Messages per 1000 of a day in each hour: a peak before noon, a dip after it, a higher peak in the evening. */
const HOURS = [1, 0, 0, 0, 0, 1, 4, 12, 33, 60, 88, 97, 80, 60, 50, 58, 78, 98, 107, 88, 50, 21, 10, 4];

/** The most messages that a day with such a past may have. */
export function longestDay(/** @type {Day} */ { cards, past }) {
  return Math.min(cards, Math.floor(past / 3 / 2) * TURN);
}

/** What becomes of message `n`, if all goes well. Each has one reply. */
export function outcomeOf(/** @type {number} */ n) {
  return SLOTS[n % TURN] ?? 'activated';
}

/** True when the provider posts message `n` twice. */
export function isPostedTwice(/** @type {number} */ n) {
  return n % 100 === 50;
}

/**
 * Message `n`.
 * @param {Day} day
 * @param {number} n
 * @returns {import('./twilio-webhook.mjs').Sms}
 */
export function smsOf(day, n) {
  const outcome = outcomeOf(n);
  const member = memberOf(day, n, outcome);
  const isOwn = outcome === 'already-active' || outcome === 'stopped';
  return { sid: sidOf(n), phone: phoneNumber(isOwn ? member : n), text: TEXTS[outcome](n, member) };
}

/** What each kind of message says; `n` is its own number. @type {Readonly<Record<Outcome, (n: number, member: number) => string>>} */
const TEXTS = {
  activated: (n) => `Card ${cardNumber(n)}`,
  'mistyped-card-number': (n) => `Card ${cardNumber(n).slice(0, -1)}${(Number(cardNumber(n).at(-1)) + 1) % 10}`,
  'unknown-card': (n) => `Card ${cardNumber(FIRST_UNKNOWN + n)}`,
  'already-active': (_, member) => `Card ${cardNumber(member)}`,
  'card-has-another-phone': (_, member) => `Card ${cardNumber(member)}`,
  'no-card-number': () => 'Hello',
  help: () => 'HELP',
  stopped: () => 'STOP',
};

/**
 * The index of the member that message `n` is of or about; no index of a member for other messages.
 * @param {Day} day
 * @param {number} n
 * @param {Outcome} outcome
 */
function memberOf({ cards, past }, n, outcome) {
  const third = MEMBERS.indexOf(outcome);
  if (third < 0) return -1;
  const first = SLOTS.indexOf(outcome);
  const count = SLOTS.filter((one) => one === outcome).length;
  return cards + third * Math.floor(past / 3) + Math.floor(n / TURN) * count + ((n % TURN) - first);
}

/**
 * The message whose reply goes to a phone; undefined when none does.
 * @param {Day} day
 * @param {number} phone its index
 */
export function messageAnsweredAt({ cards, past }, phone) {
  if (phone < cards) return phone;
  const third = Math.floor(past / 3);
  const outcome = MEMBERS[Math.floor((phone - cards) / third)];
  if (outcome === undefined || outcome === 'card-has-another-phone') return undefined;
  const count = SLOTS.filter((one) => one === outcome).length;
  const nth = (phone - cards) % third;
  return Math.floor(nth / count) * TURN + SLOTS.indexOf(outcome) + (nth % count);
}

/** The messages of a day by hour. */
export function hoursOf(/** @type {number} */ messages) {
  const whole = HOURS.reduce((sum, share) => sum + share, 0);
  return HOURS.map((share) => Math.round((messages * share) / whole));
}
