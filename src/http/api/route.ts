import type { ObjectSchema, Schema } from 'joi';
import type { Program } from '../../activation/program.ts';
import type { ProblemCode } from './problems.ts';

/** What an API key may do. */
export const SCOPES = [
  'cards:read',
  'activations:enrol',
  'activations:activate',
  'members:read',
  'members:write',
  'cases:resolve',
] as const;

export type Scope = (typeof SCOPES)[number];

/** Whether a word names something that a key may do. */
export function isScope(word: string): word is Scope {
  return (SCOPES as readonly string[]).includes(word);
}

/** Who calls: a key of one programme. */
export interface Caller {
  /** The key's public part; `key:<prefix>` in the audit. */
  readonly prefix: string;
  readonly program: Program;
  readonly shop: string | undefined;
  readonly scopes: ReadonlySet<Scope>;
}

/** A call whose parts went through the route's schemas. */
export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  readonly caller: Caller;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The address that the call came from, for limits; never logged. */
  readonly remoteAddress: string;
  /** The person at the till or desk, from the `Cardwake-Person` header; goes into the audit beside the key. */
  readonly person: string | undefined;
  /** The `If-Match` header as it came: the ETag that a change was made for. */
  readonly ifMatch: string | undefined;
  /** The `Accept-Language` header as it came. */
  readonly acceptLanguage: string | undefined;
}

/** What a handler answers; everything else is thrown as an `ApiProblem`. */
export interface Answer {
  readonly status: number;
  readonly body?: object;
  /** In lower case. An `etag` is compared with the caller's `If-None-Match`: the router answers 304 by itself. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One operation of the API, declared once: the router, the OpenAPI document, the documentation page and the tests'
 * matrix of routes, scopes and programmes are all made from it.
 */
export interface Route<Params = unknown, Query = unknown, Body = unknown> {
  /** The operationId. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** As OpenAPI spells it: `/v1/cards/{number}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Any one of them is enough. */
  readonly scopes: readonly [Scope, ...Scope[]];
  readonly params?: ObjectSchema<Params>;
  readonly query?: ObjectSchema<Query>;
  /** Unknown fields are refused: the schema must not allow them. */
  readonly body?: ObjectSchema<Body>;
  /** Schemas of the good answers, by status. */
  readonly answers: Readonly<Record<number, { readonly description: string; readonly schema?: Schema }>>;
  /** Problems besides those that every route has. */
  readonly problems?: readonly ProblemCode[];
  /** Good answers have an `etag`; to a GET whose caller has it already the answer is 304. */
  readonly hasETag?: boolean;
  /** Whether the caller has to say by `If-Match` which version is changed, or may. Absent: the header is not heeded. */
  readonly ifMatch?: 'required' | 'optional';
  /** Answers in the language that `Accept-Language` asks for. */
  readonly isLocalised?: boolean;
  /** Called from browsers: answers CORS for the programme's origins. */
  readonly isForBrowsers?: boolean;
  handle(call: Call<Params, Query, Body>): Promise<Answer>;
}

/** A route whose handler's types are its schemas'; lets routes of different shapes stand in one list. */
export function route<Params, Query, Body>(declared: Route<Params, Query, Body>): Route {
  return declared;
}
