import { parse } from 'node:querystring';
import { jsonFields } from '../json.ts';
import type { ProviderRequest } from '../provider.ts';
import { queryOf } from '../raw-fields.ts';

/** A call's parameters by name, each with one value. */
export type Parameters = ReadonlyMap<string, string>;

/** Vonage sends some twenty. What lies beyond is not read, and then the signature does not fit. */
const MAX_PARAMETERS = 1_000;

/**
 * What a call of Vonage's says, in whichever way the account is set to: in the query of a GET, in a form or in a JSON
 * object; undefined when it is none of these. A parameter that comes twice, or is neither text, number nor boolean, or
 * has a name that could pass for several in what is signed (`&`, `=`) is left out, so that it is neither signed nor read.
 */
export function parametersOf({ method, url, headers, body }: ProviderRequest): Parameters | undefined {
  if (method === 'GET') return flat(parse(queryOf(url), '&', '=', { maxKeys: MAX_PARAMETERS }));
  const contentType = headers['content-type'] ?? '';
  if (/^application\/x-www-form-urlencoded *(;|$)/i.test(contentType)) {
    return flat(parse(body.toString(), '&', '=', { maxKeys: MAX_PARAMETERS }));
  }
  return /^application\/json *(;|$)/i.test(contentType) ? flat(jsonFields(body)) : undefined;
}

function flat(fields: object): Parameters {
  const pairs = Object.entries(fields).filter(
    ([name, value]) => !/[&=]/.test(name) && ['string', 'number', 'boolean'].includes(typeof value),
  );
  return new Map(pairs.map(([name, value]) => [name, String(value)]));
}
