import Joi from 'joi';
import type { ConfigDocument } from './document.ts';
import { validatePart } from './validate.ts';

/** How long what is kept by month is kept. */
export interface Retention {
  /** Whole months before the present one; undefined: for ever. */
  readonly messagesMonths: number | undefined;
}

/** The group `retention` of the file. */
export const retentionSchema = Joi.object<Retention>({
  // Within one month a message could still be under way, as could its receipt.
  messagesMonths: Joi.number()
    .integer()
    .min(2)
    .max(1200)
    .description(
      'SMS and replies of the present month and of so many whole months (UTC) before it are kept; older ones are deleted by the month, unless something in them is not done. Absent: nothing is deleted.',
    )
    .example(24),
});

/** Checks the group; what it gives is complete when nothing was reported. */
export function readRetention(doc: ConfigDocument, value: unknown): Retention {
  const { messagesMonths } = value === undefined ? {} : validatePart(doc, ['retention'], retentionSchema, value);
  return { messagesMonths };
}
