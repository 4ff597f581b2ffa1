/** Every way an SMS can end. The reply's template has the same name, except for the silent ones. */
export const OUTCOMES = [
  'activated',
  'already-active',
  'no-card-number',
  'mistyped-card-number',
  'several-card-numbers',
  'unknown-card',
  'phone-has-another-card',
  'card-has-another-phone',
  'card-blocked',
  'card-awaiting-check',
  'switched',
  'switch-code-wrong',
  'switch-expired',
  'released',
  'too-many-attempts',
  'stopped',
  'started',
  'help',
  'unsupported-sender',
  'unreadable',
  'error',
] as const;

/** How an SMS ended. `released`: the holder gave the card up; `error`: quarantined, an operator looks at it. */
export type Outcome = (typeof OUTCOMES)[number];

/** Outcomes that never get a reply. */
export type SilentOutcome = 'unsupported-sender' | 'unreadable' | 'error';

/**
 * Why a reply that the outcome calls for is not sent. The outcome stands; the reason is recorded.
 * - `opted-out`: the phone texted STOP. `provider-answered`: the provider itself replied to STOP, START or HELP.
 * - `loop`: the phone got its replies for these ten minutes. `told`: the one `too-many-attempts` reply was sent.
 * - `daily-cap`: the programme's replies of the day are used up.
 */
export type Silence = 'opted-out' | 'provider-answered' | 'loop' | 'told' | 'daily-cap';

/** Texts that are sent to somebody other than the author of the SMS, or instead of an outcome's own. */
export const NOTICES = [
  'holder-asked',
  'request-refused',
  'card-not-accepted',
  'enrolment-rejected',
  'confirm-code',
] as const;

/**
 * - `holder-asked`: to the holder of a card that another phone asks for: a code that releases it.
 * - `request-refused`: to that other phone: the holder did not agree in time.
 * - `card-not-accepted`: in `uniform` mode, the one text for unknown, taken and blocked cards.
 * - `enrolment-rejected`: to a customer whose entry at a till an operator did not approve.
 * - `confirm-code`: to a phone that is entered at a till or on the website: the code that proves it.
 */
export type Notice = (typeof NOTICES)[number];

/** The name of a reply text: `templates/<locale>/<name>.liquid`. */
export type TemplateName = Exclude<Outcome, SilentOutcome> | Notice;
