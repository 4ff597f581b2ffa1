import type { ProviderRequest } from '../../src/providers/provider.ts';

/** Where a field of a call lies: a parameter in the query, a field in a form, or a place in a JSON body. */
export type FieldPlace =
  | { readonly in: 'query' | 'form'; readonly name: string }
  | { readonly in: 'json'; readonly path: readonly string[] };

/** Every field of the call, those within others too. A body that is neither a form nor JSON has none. */
export function fieldsOf(request: ProviderRequest): readonly FieldPlace[] {
  const query = namesOf(queryOf(request)).map((name) => ({ in: 'query', name }) as const);
  if (isForm(request))
    return [...query, ...namesOf(request.body.toString()).map((name) => ({ in: 'form', name }) as const)];
  const content = jsonOf(request);
  return content === undefined ? query : [...query, ...pathsIn(content).map((path) => ({ in: 'json', path }) as const)];
}

/** True when the call has such a field. */
export function hasField(request: ProviderRequest, place: FieldPlace): boolean {
  return fieldsOf(request).some((other) => JSON.stringify(other) === JSON.stringify(place));
}

/** The field's name, for a test's title. */
export function nameOf(place: FieldPlace): string {
  return place.in === 'json' ? place.path.join('.') : place.name;
}

/**
 * The call with other values in one field: none removes it, several repeat it (in JSON: make a list of it). In a query or
 * a form every other byte stays.
 */
export function withValues(
  request: ProviderRequest,
  place: FieldPlace,
  values: (old: unknown) => readonly unknown[],
): ProviderRequest {
  switch (place.in) {
    case 'query': {
      const changed = changePairs(queryOf(request), place.name, values);
      return { ...request, url: `${request.url.split('?')[0]}?${changed}` };
    }
    case 'form':
      return { ...request, body: Buffer.from(changePairs(request.body.toString(), place.name, values)) };
    case 'json':
      return { ...request, body: Buffer.from(JSON.stringify(changeAt(jsonOf(request), place.path, values))) };
    default:
      return place satisfies never;
  }
}

/** The call as a provider of the future would make it: with a field and a header more, in JSON in every object. */
export function withUnknownFields(request: ProviderRequest): ProviderRequest {
  const headers = { ...request.headers, 'x-header-of-the-future': 'ж' };
  if (isForm(request))
    return { ...request, headers, body: Buffer.from(`${request.body.toString()}&FieldOfTheFuture=%D0%B6`) };
  const content = jsonOf(request);
  if (content !== undefined) return { ...request, headers, body: Buffer.from(JSON.stringify(widened(content))) };
  const query = queryOf(request);
  return query === '' ? { ...request, headers } : { ...request, headers, url: `${request.url}&field_of_the_future=1` };
}

function queryOf({ url }: ProviderRequest): string {
  return url.split('?').slice(1).join('?');
}

function isForm({ headers }: ProviderRequest): boolean {
  return /^application\/x-www-form-urlencoded/i.test(headers['content-type'] ?? '');
}

function jsonOf({ body }: ProviderRequest): object | undefined {
  try {
    const content: unknown = JSON.parse(body.toString());
    return typeof content === 'object' && content !== null ? content : undefined;
  } catch {
    return undefined;
  }
}

function namesOf(pairs: string): readonly string[] {
  return [...new Set(new URLSearchParams(pairs).keys())];
}

function pathsIn(content: unknown): readonly (readonly string[])[] {
  if (typeof content !== 'object' || content === null) return [];
  return Object.entries(content).flatMap(([key, value]) => [
    [key],
    ...pathsIn(value).map((path) => [key, ...path] as const),
  ]);
}

function changePairs(pairs: string, name: string, values: (old: unknown) => readonly unknown[]): string {
  return pairs
    .split('&')
    .flatMap((pair) => {
      const [[key, value] = ['', '']] = [...new URLSearchParams(pair)];
      if (key !== name) return [pair];
      return values(value).map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(textOf(one))}`);
    })
    .join('&');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function changeAt(content: unknown, [key, ...rest]: readonly string[], values: (old: unknown) => readonly unknown[]) {
  if (typeof content !== 'object' || content === null || key === undefined) return content;
  const copy: Record<string, unknown> = { ...content };
  const all = rest.length === 0 ? values(copy[key]) : [changeAt(copy[key], rest, values)];
  if (all.length === 0) delete copy[key];
  else copy[key] = all.length === 1 ? all[0] : all;
  return Array.isArray(content) ? Object.values(copy) : copy;
}

function widened(content: unknown): unknown {
  if (Array.isArray(content)) return content.map(widened);
  if (typeof content !== 'object' || content === null) return content;
  const fields = Object.entries(content).map(([key, value]) => [key, widened(value)]);
  return { ...Object.fromEntries(fields), fieldOfTheFuture: { ж: [1] } };
}
