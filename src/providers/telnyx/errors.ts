import { isFields } from '../json.ts';

/** An error as Telnyx tells it, in answers and in receipts. */
export interface TelnyxError {
  /** Five digits. */
  readonly code: string;
  /** The recipient has opted out of the sender's messaging profile. */
  readonly isOptOut: boolean;
}

/** The errors of a list that Telnyx calls `errors`; those without a code are left out. */
export function errorsIn(errors: unknown): readonly TelnyxError[] {
  if (!Array.isArray(errors)) return [];
  return errors.filter(isFields).flatMap(({ code, title, detail }) => {
    const digits = String(code);
    if (!/^\d{1,8}$/.test(digits)) return [];
    return [{ code: digits, isOptOut: digits === '40300' && isAboutStop(JSON.stringify([title, detail])) }];
  });
}

/**
 * 40300 is documented as "Blocked due to STOP message … an existing block rule", and Telnyx says elsewhere to tell it by
 * its words and not by its code alone. A phone that is taken for opted out is never answered again, so both must fit.
 * https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out
 */
function isAboutStop(words: string): boolean {
  return /\bstop\b|\bblock rule\b/i.test(words);
}
