import type { Locale } from '../activation/program.ts';
import { preferGsm7 } from '../sms/gsm7.ts';
import { isVariableName, type ReplyValues, VARIABLES } from './variables.ts';

/**
 * Left-to-right mark. Without it a number after Persian words is laid out from right to left, group by group, and a
 * phone number reads backwards. Source: Unicode Standard Annex 9, rules W2 and W7.
 */
const LRM = '\u200e';

const PERSIAN_ZERO = 0x06f0;

/** The values as they are shown in a language. */
export function localise(values: ReplyValues, locale: Locale): ReplyValues {
  if (locale !== 'fa') return values;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? persian(name, value) : value]),
  );
}

/** A rendered text as it is sent: one line, single spaces, and in GSM-7 where plain punctuation is all it takes. */
export function finish(rendered: string): string {
  // What is a single space already is left alone: a text that needs nothing is not built anew.
  return preferGsm7(rendered.trim().replace(/ \s+|[^\S ]\s*/g, ' '));
}

function persian(name: string, value: string): string {
  const kind = isVariableName(name) ? VARIABLES[name].kind : 'words';
  if (kind === 'number') return LRM + value;
  if (kind === 'count') return value.replace(/[0-9]/g, (digit) => String.fromCharCode(PERSIAN_ZERO + Number(digit)));
  return value;
}
