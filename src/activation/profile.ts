import { foldDigits } from '../sms/digits.ts';

/** What is known of a member beside the phone and the card, typed by somebody who read or heard it. */
export interface Profile {
  readonly name?: string;
  /** `YYYY-MM-DD`, Gregorian. */
  readonly birthday?: string;
  readonly email?: string;
}

/** A fact of a profile. */
export type Fact = keyof Profile;

export const FACTS = ['name', 'birthday', 'email'] as const satisfies readonly Fact[];

/** A profile is complete when we know how to address the member; birthday and e-mail are welcome and not needed. */
export function isComplete(profile: Profile): boolean {
  return profile.name !== undefined;
}

/** What a form does to the profile that is known already. */
export interface Completed {
  readonly profile: Profile;
  /** Facts that were missing and came with the form. */
  readonly filled: readonly Fact[];
  /** Facts that the form has otherwise: they stay as they were. */
  readonly differing: readonly Fact[];
}

/** Completes a profile from a form. A form never corrects: what is known stays, and where the two differ is told. */
export function complete(known: Profile, form: Profile): Completed {
  const came = FACTS.filter((fact) => form[fact] !== undefined);
  const filled = came.filter((fact) => known[fact] === undefined);
  const differing = came.filter((fact) => known[fact] !== undefined && !isSame(known[fact], form[fact]));
  const fresh = Object.fromEntries(filled.map((fact) => [fact, form[fact]])) as Profile;
  return { profile: { ...known, ...fresh }, filled, differing };
}

/** Two spellings of one fact: case and the composition of letters tell nobody apart, and е is often written for ё. */
function isSame(one: string | undefined, other: string | undefined): boolean {
  const plain = (text = '') => text.normalize('NFC').toLowerCase().replaceAll('ё', 'е');
  return plain(one) === plain(other);
}

const OLDEST_YEAR = 1900;
const ISO = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const DOTTED = /^([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})$/;

/**
 * `1990-05-12` or `12.05.1990`, with digits of any script, as `1990-05-12`; undefined for anything else, for a day that
 * the calendar does not have, one before 1900 and one after `today`. 12/05/1990 is not taken: nobody knows the month.
 */
export function parseBirthday(spelled: string, today: Date): string | undefined {
  if (spelled.length > 40) return undefined;
  const text = foldDigits(spelled).trim();
  const iso = ISO.exec(text);
  const dotted = DOTTED.exec(text);
  const [year, month, day] = iso?.slice(1) ?? dotted?.slice(1).toReversed() ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const isOfCalendar = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (Number(year) < OLDEST_YEAR || !isOfCalendar || date > today) return undefined;
  return date.toISOString().slice(0, 10);
}

/** A name as it is kept: letters composed, single spaces, none at the ends. */
export function tidyName(name: string): string {
  return name.normalize('NFC').replaceAll(/\s+/gu, ' ').trim();
}
