import Joi, { type ObjectSchema } from 'joi';

/**
 * An id as Postgres writes it: lower case, with hyphens. Upper case is taken for the same, as Swift writes it; other
 * spellings are refused, some of which Postgres does not read. So an id is one text everywhere: in comparisons, as the
 * key of a hash, in the audit and as the subject of an event.
 */
export const idSchema = Joi.string().guid({ separator: '-', wrapper: false }).lowercase();

/** The parameters of a path with an `{id}`. */
export const idParams: ObjectSchema<{ id: string }> = Joi.object({ id: idSchema.required() });
