import joi, { type AlternativesSchema, type ArraySchema, type ObjectSchema, type StringSchema } from 'joi';
import { placeFault } from './place.ts';

/** A text that is looked at by a function, which says what is wrong with it. */
export function checkedText(faultIn: (text: string) => string | undefined): StringSchema {
  return joi
    .string()
    .custom((text: string, { error }) => {
      const fault = faultIn(text);
      return fault === undefined ? text : error('declared.wrong', { fault });
    })
    .messages({ 'declared.wrong': '{#fault}' });
}

/** A place: a path in the content, `query:NAME` or `header:NAME`. */
export function place(description: string): StringSchema {
  return checkedText(placeFault).description(description);
}

/** A word or a list of them; a `*` in one stands for anything. */
export function words(description: string): ArraySchema<string[]> {
  return joi.array().items(joi.string().allow('')).single().min(1).description(description);
}

/** What has to stand where: places with words, or with `true` and `false`. */
export function conditions(description: string): ObjectSchema {
  return joi
    .object()
    .pattern(checkedText(placeFault), joi.array().items(word).single().min(1))
    .min(1)
    .description(description);
}

const word: AlternativesSchema = joi
  .alternatives(joi.string().allow(''), joi.boolean().strict())
  .messages({ 'alternatives.types': 'must be a word in quotes, or true for something there, or false for nothing' });

/** A group of texts by name, such as headers or the fields of a form. */
export function texts(name: RegExp, text: StringSchema): ObjectSchema<Readonly<Record<string, string>>> {
  return joi.object().pattern(name, text).min(1);
}
