/** How a moment may be written: seconds or milliseconds since 1970, or a date whose year comes first. */
export const MOMENTS = ['unix', 'unixMs', 'date'] as const;

/** One of them. */
export type Moment = (typeof MOMENTS)[number];

const DATE = /^(\d{4})-?(\d\d)-?(\d\d)[T ]?(\d\d):?(\d\d):?(\d\d)(?:\.\d{1,9})?\s?(Z|[+-]\d\d:?\d\d)?$/i;

/**
 * The moment in ms since 1970; undefined when it is not written so. A date may lack its signs (`20261121100000`) and its
 * offset, which then is `zone` (`+03:00`).
 */
export function momentOf(format: Moment, text: string, zone = 'Z'): number | undefined {
  if (format !== 'date') return /^\d{1,16}$/.test(text) ? Number(text) * (format === 'unix' ? 1_000 : 1) : undefined;
  const [, year, month, day, hour, minute, second, offset = zone] = DATE.exec(text) ?? [];
  const colon = offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset.toUpperCase();
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${colon}`);
  return Number.isNaN(ms) ? undefined : ms;
}
