import Joi, { type ObjectSchema } from 'joi';
import { type Profile, parseBirthday, tidyName } from '../../activation/profile.ts';

/** A profile as callers write it: a birthday in either spelling. */
export interface TypedProfile {
  readonly name?: string;
  readonly birthday?: string;
  readonly email?: string;
}

const NAME = /^(?=.*\p{L})(?![=+@-])[^\p{Cc}\p{Cs}\p{Co}<>{}]+$/u;
const CONSENT = /^[a-z][a-z-]{0,31}$/;
const MAX_CONSENTS = 20;

/** The schemas of the facts, for all ways; `now` says which birthdays are still to come. */
export function factSchemas(now: () => Date) {
  return {
    name: Joi.string().trim(false).min(1).max(80).pattern(NAME, 'a name').example('Мария Иванова'),
    birthday: Joi.string()
      .max(40)
      .custom((value: string, helpers) =>
        parseBirthday(value, now()) === undefined ? helpers.error('birthday') : value,
      )
      .messages({ birthday: 'must be a day since 1900 that has come, as 1990-05-12 or 12.05.1990' })
      .description('`1990-05-12` or `12.05.1990`, by the Gregorian calendar.')
      .example('1990-05-12'),
    email: Joi.string()
      .max(254)
      .email({ tlds: false })
      .messages({ 'string.email': 'must be an e-mail address' })
      .example('maria@example.com'),
  };
}

/** What a way asks of a person beside card and phone; every fact may be missing. */
export function profileSchema(now: () => Date): ObjectSchema<TypedProfile> {
  return Joi.object<TypedProfile>(factSchemas(now)).description('What is known of the person.');
}

/** Consents that were given, by a name of the programme's choice; only `true` is taken: who did not consent says nothing. */
export const consentsSchema: ObjectSchema<Record<string, true>> = Joi.object<Record<string, true>>()
  .pattern(CONSENT, Joi.valid(true))
  .max(MAX_CONSENTS)
  .description('Consents given now, by name: `{ "marketing": true }`.')
  .example({ marketing: true });

/** The same where a consent may also be taken back, with `false`. */
export const consentChangesSchema: ObjectSchema<Record<string, boolean>> = Joi.object<Record<string, boolean>>()
  .pattern(CONSENT, Joi.boolean().strict())
  .max(MAX_CONSENTS)
  .description('Consents given (`true`) or taken back (`false`), by name.');

/** A profile that went through its schema, as it is kept. */
export function readProfile(typed: TypedProfile, now: Date): Profile {
  const { name, email } = typed;
  const birthday = typed.birthday === undefined ? undefined : parseBirthday(typed.birthday, now);
  return {
    ...(name !== undefined && { name: tidyName(name) }),
    ...(birthday !== undefined && { birthday }),
    ...(email !== undefined && { email }),
  };
}

/** Consents that are given at this moment, as they are kept. */
export function consentsAt(consents: Readonly<Record<string, true>> | undefined, now: Date): Record<string, string> {
  return Object.fromEntries(Object.keys(consents ?? {}).map((name) => [name, now.toISOString()]));
}
