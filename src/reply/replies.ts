import type { TemplateName } from '../activation/outcome.ts';
import type { VariableName } from './variables.ts';

/** What a text is for and what it may say, beside the variables that are everywhere. */
export interface Reply {
  /** What its reader learns, for the people who write the texts. */
  readonly says: string;
  /** Always there. */
  readonly variables: readonly VariableName[];
  /** There or not there, all together: to be used inside `{% if %}`. */
  readonly sometimes: readonly VariableName[];
}

/** Every reply text that a language needs: `templates/<locale>/<name>.liquid`. */
export const REPLIES = {
  activated: reply('Welcome: the card is theirs, and what it gives from now on', ['card']),
  'already-active': reply('The card is theirs already; there is nothing to do', ['card']),
  'no-card-number': reply('The text had no card number; what to send', []),
  'mistyped-card-number': reply('The number has the wrong length or check digit; never tells which cards exist', []),
  'several-card-numbers': reply('The text had more than one card number; send one', []),
  'unknown-card': reply('There is no such card; check the digits or call', ['card']),
  'phone-has-another-card': reply(
    'The phone has another card; how to switch: send the code back, or call',
    ['card', 'otherCard'],
    ['code', 'minutes'],
  ),
  'card-has-another-phone': reply(
    'Another phone has the card, never whose; the holder was asked, or call',
    ['card'],
    ['asked'],
  ),
  'card-blocked': reply('The card is blocked or was replaced by another; call', ['card']),
  'card-awaiting-check': reply('The shop still checks the card; wait', ['card']),
  switched: reply('The new card is theirs; the old one no longer works', ['card', 'otherCard']),
  'switch-code-wrong': reply('The code is not the one that we sent; look again', []),
  'switch-expired': reply('The code is too old; nothing changed; how to get another', []),
  released: reply('To the holder who gave the card up: it is no longer theirs', ['card']),
  'too-many-attempts': reply('Too many numbers that did not work; wait', ['hours']),
  stopped: reply('No more SMS; how to start again', []),
  started: reply('SMS are on again; how to stop', []),
  help: reply('What this number is for, whom to call, how to stop', []),
  'holder-asked': reply(
    'To the holder, when another phone asks for the card: a code that gives it up; else ignore this',
    ['card', 'code', 'minutes'],
  ),
  'request-refused': reply('To the phone that asked for a card: its holder did not agree in time', ['card']),
  'card-not-accepted': reply('One text for unknown, taken and blocked cards; never tells which', []),
  'enrolment-rejected': reply('The card that was entered for them at a till was not approved; call', ['card']),
  'confirm-code': reply('The code that proves a phone entered at a till or on the website; not theirs: ignore this', [
    'card',
    'code',
    'minutes',
  ]),
} as const satisfies Record<TemplateName, Reply>;

/** The names of all reply texts, in the order of the table. */
export const REPLY_NAMES = Object.keys(REPLIES) as readonly TemplateName[];

function reply(says: string, variables: readonly VariableName[], sometimes: readonly VariableName[] = []): Reply {
  return { says, variables, sometimes };
}
