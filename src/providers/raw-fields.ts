import { parse } from 'node:querystring';

/** A form has some twenty fields; what lies beyond so many is not read. */
const MAX_FIELDS = 1_000;

/** Fields by name, each as the bytes that stood behind its escapes. */
export type RawFields = Readonly<Record<string, Buffer | undefined>>;

/**
 * The fields of a form, or of a query without its `?`, as bytes: gateways hand texts on in the charset that they came in,
 * which is seldom UTF-8. A field that is there twice is left out, since nobody can say which one is meant.
 */
export function rawFields(encoded: Buffer | string): RawFields {
  const fields = parse(encoded.toString('latin1'), '&', '=', {
    maxKeys: MAX_FIELDS,
    decodeURIComponent: unescapeOctets,
  });
  const single = Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, Buffer.from(value, 'latin1')] as const] : [],
  );
  return Object.fromEntries(single);
}

/** `%D0%9A` as a string of two characters, one for each octet. */
export function unescapeOctets(escaped: string): string {
  return escaped.replaceAll(/%([\da-f]{2})/gi, (_, octet: string) => String.fromCharCode(Number.parseInt(octet, 16)));
}

/** The query of a URL, without its `?`; empty when it has none. */
export function queryOf(url: string): string {
  return url.split(/\?(.*)/s)[1] ?? '';
}
