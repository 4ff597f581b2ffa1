import Joi, { type ObjectSchema, type ValidationErrorItem } from 'joi';
import { isKeepable } from './json.ts';
import type { Mistake } from './problems.ts';

/** Where joi's own words would quote the value, which may be a customer's number. */
const MESSAGES = {
  'string.pattern.base': 'is not in the right form',
  'string.pattern.name': 'must be {#name}',
  'string.pattern.invert.base': 'is not in the right form',
  'string.pattern.invert.name': 'must not be {#name}',
  'any.custom': 'is not valid',
  'any.invalid': 'is not valid',
  'any.only': 'must be {if(#valids.length == 1, "", "one of ")}{#valids}',
  'object.unknown': 'is not known here',
  'object.base': 'must be an object',
} as const;

const NOTHING = Joi.object({});

interface Validated {
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
}

/**
 * Checks a part of a request. Text becomes numbers and the like only where everything is text, in parameters and query.
 * A message never holds what was sent, and a path only names that could be names of fields.
 */
export function validate(
  schema: ObjectSchema | undefined,
  value: unknown,
  part: 'params' | 'query' | 'body',
): Validated {
  const texts = part === 'body' ? [] : Object.entries(value as Readonly<Record<string, string>>).flat();
  if (!texts.every(isKeepable) || texts.includes('__proto__')) {
    return { value: undefined, mistakes: [{ path: part, message: 'has characters that are not text' }] };
  }
  const result = prepared(schema ?? NOTHING, part !== 'body').validate(value);
  return { value: result.value, mistakes: (result.error?.details ?? []).map((item) => mistakeOf(part, item)) };
}

const preparations = {
  texts: new WeakMap<ObjectSchema, ObjectSchema>(),
  body: new WeakMap<ObjectSchema, ObjectSchema>(),
};

/** The schema with our preferences in it: joi compiles messages that come with a call anew for each call. */
function prepared(schema: ObjectSchema, convert: boolean): ObjectSchema {
  const known = preparations[convert ? 'texts' : 'body'];
  const ready =
    known.get(schema) ??
    schema.prefs({
      abortEarly: false,
      convert,
      errors: { label: false, wrap: { label: false, array: false, string: false } },
      messages: MESSAGES,
    });
  known.set(schema, ready);
  return ready;
}

function mistakeOf(part: string, { path, message }: ValidationErrorItem): Mistake {
  const known = path.findIndex((step) => typeof step === 'string' && !/^[A-Za-z][A-Za-z_-]{0,39}$/.test(step));
  return { path: [part, ...(known === -1 ? path : path.slice(0, known))].join('.'), message };
}
