import type { ProviderRequest } from '../../src/providers/provider.ts';
import { type FieldPlace, hasField, withValues } from './fields.ts';
import type { ProofPlaces } from './subject.ts';

/** One place in which a proof may lie; in a body it is a field of a form or of a JSON object. */
export interface ProofPlace {
  readonly in: 'header' | 'query' | 'body';
  readonly name: string;
}

/** All the places that a subject names. */
export function placesOf({ headers = [], query = [], body = [] }: ProofPlaces): readonly ProofPlace[] {
  return [
    ...headers.map((name) => ({ in: 'header', name }) as const),
    ...query.map((name) => ({ in: 'query', name }) as const),
    ...body.map((name) => ({ in: 'body', name }) as const),
  ];
}

/** True when the call has something in that place. */
export function carries(request: ProviderRequest, place: ProofPlace): boolean {
  return place.in === 'header' ? request.headers[place.name] !== undefined : fieldAt(request, place) !== undefined;
}

/** The call with other values of a proof that it carries: none removes it, several repeat it. */
export function withProof(
  request: ProviderRequest,
  place: ProofPlace,
  values: (value: string) => readonly string[],
): ProviderRequest {
  if (place.in !== 'header') {
    const field = fieldAt(request, place);
    return field === undefined ? request : withValues(request, field, (old) => values(String(old)));
  }
  const { [place.name]: value, ...headers } = request.headers;
  if (value === undefined) return request;
  const changed = values(value);
  return { ...request, headers: changed.length === 0 ? headers : { ...headers, [place.name]: changed.join(', ') } };
}

function fieldAt(request: ProviderRequest, { in: where, name }: ProofPlace): FieldPlace | undefined {
  const inBody = [{ in: 'form', name } as const, { in: 'json', path: [name] } as const];
  const candidates: readonly FieldPlace[] = where === 'query' ? [{ in: 'query', name }] : inBody;
  return candidates.find((field) => hasField(request, field));
}
