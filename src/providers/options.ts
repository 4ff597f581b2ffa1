import joi, { type ArraySchema, type NumberSchema, type StringSchema } from 'joi';
import { isOrigin } from './origin.ts';

/** The schema of the key `apiBaseUrl`: HTTPS, or plain HTTP to this machine; an origin without a path. */
export function apiBaseUrl(standard: string, description: string): StringSchema {
  return joi
    .string()
    .custom((value: string, { error }) => (isOrigin(value) ? value : error('any.invalid')))
    .default(standard)
    .description(description)
    .messages({ 'any.invalid': '{{#label}} must be https:// and a host, or http:// and this machine' });
}

/** The schema of the key `requestTimeoutMs`. */
export function requestTimeoutMs(who: string): NumberSchema {
  return joi
    .number()
    .integer()
    .min(100)
    .max(60_000)
    .default(15_000)
    .description(`How long ${who} may take to answer, in milliseconds.`);
}

/** The schema of a required secret: not empty, not blank. */
export function secret(description: string): StringSchema {
  return joi.string().trim().min(1).required().description(description);
}

/** The schema of a required secret of which two are believed while it is rotated; always gives a list. */
export function rotatingSecret(description: string): ArraySchema<string[]> {
  return joi
    .array()
    .items(joi.string().trim().min(1))
    .single()
    .min(1)
    .max(2)
    .unique()
    .required()
    .description(`${description}; a list of two while it is rotated, and calls signed with either are believed.`);
}
