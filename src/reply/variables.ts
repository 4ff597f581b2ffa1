/**
 * How a value is shown.
 * - `words`: as it is.
 * - `number`: read or typed from left to right, also inside a Persian text.
 * - `count`: an amount, in the digits of the language.
 * - `flag`: true or absent; for `{% if %}` only.
 */
export type VariableKind = 'words' | 'number' | 'count' | 'flag';

/** One thing that a reply text may say. */
export interface Variable {
  readonly kind: VariableKind;
  /** For the people who write the texts. */
  readonly meaning: string;
  readonly example: string;
  /** True for what every reply may use; the others are named by each reply in `replies.ts`. */
  readonly isEverywhere: boolean;
}

/** Everything that a reply text may say, and nothing else. `docs/reply-texts.md` shows this table. */
export const VARIABLES = {
  program: {
    kind: 'words',
    meaning: 'The name of the programme',
    example: 'Club',
    isEverywhere: true,
  },
  support: {
    kind: 'number',
    meaning: 'The phone number of the support, in groups',
    example: '+7 495 000 00 00',
    isEverywhere: true,
  },
  number: {
    kind: 'number',
    meaning: 'The number that customers text',
    example: '+1 415 555 0100',
    isEverywhere: true,
  },
  example: {
    kind: 'number',
    meaning: 'A made-up card number, in groups of four',
    example: '9643 1234 5678 9019',
    isEverywhere: true,
  },
  digits: {
    kind: 'count',
    meaning: 'How many characters a card number has; several lengths are joined by a slash',
    example: '16',
    isEverywhere: true,
  },
  card: {
    kind: 'number',
    meaning: 'The card that the reply is about; only its end is shown',
    example: '•••• 3456',
    isEverywhere: false,
  },
  otherCard: {
    kind: 'number',
    meaning: 'Another card of the same customer: the one they have, or had before; only its end is shown',
    example: '•••• 8888',
    isEverywhere: false,
  },
  code: {
    kind: 'number',
    meaning:
      'A code: four digits to send back, behind the keyword where an answer needs one, or six to type where it was asked for; there only when one is offered',
    example: '4821',
    isEverywhere: false,
  },
  minutes: {
    kind: 'count',
    meaning: 'How long the code is good for, in minutes',
    example: '15',
    isEverywhere: false,
  },
  hours: {
    kind: 'count',
    meaning: 'How long to wait before the next try, in hours',
    example: '24',
    isEverywhere: false,
  },
  asked: {
    kind: 'flag',
    meaning: 'Set when the present holder of the card was asked to give it up; only for `{% if asked %}`',
    example: 'true',
    isEverywhere: false,
  },
  keyword: {
    kind: 'words',
    meaning: 'For the till: the word to write before the card number, where the number alone would lead elsewhere',
    example: 'club',
    isEverywhere: false,
  },
  successor: {
    kind: 'number',
    meaning: 'For the till: the last four characters of the card that took the place of this one',
    example: '8888',
    isEverywhere: false,
  },
} as const satisfies Record<string, Variable>;

/** The name of something a reply text may say. */
export type VariableName = keyof typeof VARIABLES;

/** What one reply says, as text in the form for reading; made by `replyValues`. Absent where nothing is to be said. */
export type ReplyValues = { readonly [Name in VariableName]?: Name extends 'asked' ? true : string };

/** True for a name in the table. */
export function isVariableName(name: string): name is VariableName {
  return Object.hasOwn(VARIABLES, name);
}
