/** A UTC month such as `2026-11`; months compare as texts do. */
export type Month = string & { readonly __brand: 'Month' };

/** The month that a moment lies in. */
export function monthOf(at: Date): Month {
  return at.toISOString().slice(0, 7) as Month;
}

/** The month so many months later; earlier with a negative number. */
export function monthAfter(month: Month, months: number): Month {
  const start = startOf(month);
  return monthOf(new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months)));
}

/** The month's first moment. */
export function startOf(month: Month): Date {
  return new Date(`${month}-01T00:00:00Z`);
}

/** A month of a partition's name, `2026_11`; undefined when it is none. */
export function parseMonth(text: string): Month | undefined {
  return /^\d{4}_(?:0[1-9]|1[0-2])$/.test(text) ? (text.replace('_', '-') as Month) : undefined;
}

/** The lowest id of `inbox` and `replies` that can be made in the month: the ids of a month end before the next one's. */
export function firstIdOf(month: Month): string {
  return firstIdAt(startOf(month));
}

/** The lowest id that can be made in the millisecond; see `new_message_id` in the first migration. */
export function firstIdAt(at: Date): string {
  return String(BigInt(at.getTime()) << 20n);
}
