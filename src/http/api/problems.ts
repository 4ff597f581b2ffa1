/**
 * Every problem that the API can answer, by its stable code: the last part of the problem's `type` URI. Titles are for
 * people; programs look at the code. `docs/problems.md` is made from this table.
 */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request has mistakes' },
  unauthenticated: { status: 401, title: 'There is no valid API key' },
  forbidden: { status: 403, title: 'The API key may not do this' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'This path knows other methods' },
  'not-acceptable-body': { status: 415, title: 'The body must be JSON' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'idempotency-key-reused': { status: 409, title: 'The idempotency key was used with another request' },
  'idempotency-in-progress': { status: 409, title: 'The first request with this idempotency key is still at work' },
  'unknown-card': { status: 404, title: 'There is no such card' },
  'card-blocked': { status: 409, title: 'The card is blocked or was replaced' },
  'card-awaiting-check': { status: 409, title: 'The card waits for its check' },
  'card-has-another-phone': { status: 409, title: 'The card belongs to another phone' },
  'card-not-accepted': { status: 409, title: 'The card cannot be activated' },
  'phone-has-another-card': { status: 409, title: 'The phone has another card' },
  'member-differs': { status: 409, title: 'The member with this phone is known otherwise' },
  'unsupported-phone': { status: 422, title: 'The phone cannot take part' },
  'unsupported-card': { status: 422, title: 'This is no card number of the programme' },
  'wrong-code': { status: 422, title: 'The code is wrong' },
  'code-expired': { status: 410, title: 'The code is no longer valid' },
  'too-many-codes': { status: 429, title: 'No more codes for now' },
  'already-decided': { status: 409, title: 'It was decided before' },
  'own-entry': { status: 403, title: 'Who entered it may not approve it' },
  'way-closed': { status: 403, title: 'The programme does not take customers in this way' },
  stale: { status: 412, title: 'It was changed meanwhile' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Not possible at the moment' },
  internal: { status: 500, title: 'A fault of ours' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

/** A problem's stable name. */
export type ProblemCode = keyof typeof PROBLEMS;

/** One mistake of a request, by the path to it. */
export interface Mistake {
  /** `body.phone`, `query.limit`. */
  readonly path: string;
  readonly message: string;
}

/** Thrown by handlers; answered as an RFC 9457 problem document. The detail must not hold a number of a customer. */
export class ApiProblem extends Error {
  readonly code: ProblemCode;
  readonly mistakes: readonly Mistake[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    more: { readonly mistakes?: readonly Mistake[]; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
    this.name = 'ApiProblem';
    this.code = code;
    this.mistakes = more.mistakes ?? [];
    this.headers = more.headers ?? {};
  }
}
