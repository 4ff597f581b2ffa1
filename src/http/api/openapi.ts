import type { Schema } from 'joi';
import { type JsonSchema, jsonSchemaOf, nameOf } from './json-schema.ts';
import { PROBLEM_ADVICE } from './problem-advice.ts';
import { problemType } from './problem-answer.ts';
import { PROBLEMS, type ProblemCode } from './problems.ts';
import { type Route, SCOPES } from './route.ts';

type Json = { readonly [key: string]: unknown };

/** The problems that a route can answer, those of every route included. */
export function problemsOf(route: Route): ProblemCode[] {
  const codes: ProblemCode[] = ['invalid-request', 'unauthenticated', 'forbidden', 'rate-limited'];
  if (route.method !== 'get') codes.push('not-acceptable-body', 'body-too-large');
  if (route.method === 'post') codes.push('idempotency-key-reused', 'idempotency-in-progress');
  if (route.params !== undefined) codes.push('not-found');
  return [...new Set([...codes, ...(route.problems ?? []), 'unavailable' as const, 'internal' as const])];
}

/** The OpenAPI 3.1 document of the routes; the same routes give the same document, to the byte. */
export function openApiDocument(routes: readonly Route[]): Json {
  const schemas: Record<string, JsonSchema> = { Problem: PROBLEM_SCHEMA };
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route, schemas) };
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Cardwake', version: '1', description: DESCRIPTION },
    servers: [{ url: '/', description: 'The service that gave you this document' }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { key: SECURITY_SCHEME },
      schemas: Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))),
      headers: HEADERS,
      parameters: PARAMETERS,
    },
  };
}

const DESCRIPTION = `Activates loyalty cards and tells what they may do.

Every call carries an API key, \`Authorization: Bearer <prefix>.<secret>\`, which belongs to one programme and sees nothing of others. An operator makes it with \`cardwake keys create\`; it is revoked at once by \`cardwake keys revoke\`.

Bodies are JSON in UTF-8, at most 64 KB. Fields that are not described are refused.

Errors are RFC 9457 problem documents with a stable \`code\`: [what to do about each](/docs/problems).

A POST with an \`Idempotency-Key\` may be repeated for 24 hours and is done once: the same request gets the same answer, marked with \`Idempotency-Replayed: true\`. The key must not hold personal data. The answer is kept as it was given, personal data included, until the 24 hours are over or the person is erased.

A key may make as many reads and changes in a minute as its programme says; \`RateLimit\` tells what is left.`;

const SECURITY_SCHEME = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'prefix.secret',
  description: `An API key. Scopes: ${SCOPES.map((scope) => `\`${scope}\``).join(', ')}.`,
};

const PROBLEM_SCHEMA: JsonSchema = {
  type: 'object',
  description: 'An RFC 9457 problem document.',
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'The paragraph about the code.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(PROBLEMS), description: 'What programs look at.' },
    mistakes: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          path: { type: 'string', examples: ['body.phone'] },
          message: { type: 'string', examples: ['is required'] },
        },
        required: ['path', 'message'],
        additionalProperties: false,
      },
    },
    instance: { type: 'string', format: 'uri', description: 'Of a fault of ours: what the log calls it.' },
  },
  required: ['type', 'title', 'status', 'detail', 'code'],
  additionalProperties: false,
};

const text = (description: string, example: string): Json => ({
  description,
  schema: { type: 'string', examples: [example] },
});

const HEADERS = {
  RateLimit: text('What is left of the limit, and in how many seconds it starts anew.', '"writes"; r=1199; t=60'),
  RateLimitPolicy: text('The limit: calls, and the seconds that they are counted in.', '"writes"; q=1200; w=60'),
  RetryAfter: { description: 'Seconds to wait.', schema: { type: 'integer', examples: [2] } },
  ETag: text('Names this version: for `If-None-Match` and, where a change asks for it, `If-Match`.', '"7.tA2xQ"'),
  IdempotencyReplayed: text('`true`: this answer was given before.', 'true'),
};

const header = (name: string, description: string, schema: Json): Json => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string', ...schema },
});

const PARAMETERS = {
  IdempotencyKey: header('Idempotency-Key', 'Makes it safe to repeat the request for 24 hours. A UUID, for example.', {
    pattern: '^[\\x21-\\x7e]{1,255}$',
    examples: ['2b0f3b0e-5c1f-4b0a-9d1e-6f6d5d3c2b1a'],
  }),
  Person: header('Cardwake-Person', 'Who stands behind the key: goes into the audit. UTF-8.', {
    maxLength: 80,
    examples: ['anna.till-3'],
  }),
  AcceptLanguage: header('Accept-Language', 'The language of what people will read.', { examples: ['ru, en;q=0.5'] }),
  IfNoneMatch: header('If-None-Match', 'The ETag that you have: if it still holds, the answer is 304.', {
    examples: ['"7.tA2xQ"'],
  }),
  IfMatch: {
    ...header('If-Match', 'The ETag of what you have read and want to change.', { examples: ['"7.tA2xQ"'] }),
    required: true,
  },
  OptionalIfMatch: header('If-Match', 'The ETag of what you have read: nothing is done if it has changed since.', {
    examples: ['"7.tA2xQ"'],
  }),
};

function operation(route: Route, schemas: Record<string, JsonSchema>): Json {
  return {
    operationId: route.id,
    tags: [tagOf(route)],
    summary: route.summary,
    ...(route.description !== undefined && { description: route.description }),
    // Any one of them is enough.
    security: route.scopes.map((scope) => ({ key: [scope] })),
    parameters: [...placed(route.params, 'path'), ...placed(route.query, 'query'), ...headersOf(route).map(reference)],
    ...(route.body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: refer(route.body, 'input', schemas) } } },
    }),
    responses: { ...goodAnswers(route, schemas), ...problemAnswers(route) },
  };
}

function placed(schema: Schema | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchemaOf(schema, 'input') as {
    properties?: Readonly<Record<string, JsonSchema>>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: property,
  }));
}

/** Those that the route heeds, and no others: who sends one relies on it. */
function headersOf(route: Route): (keyof typeof PARAMETERS)[] {
  const { method, ifMatch, isLocalised } = route;
  const isHeeded = {
    Person: method !== 'get',
    IdempotencyKey: method === 'post',
    IfMatch: ifMatch === 'required',
    OptionalIfMatch: ifMatch === 'optional',
    AcceptLanguage: isLocalised === true,
    IfNoneMatch: isConditional(route),
  } as const satisfies Record<keyof typeof PARAMETERS, boolean>;
  return (Object.keys(isHeeded) as (keyof typeof PARAMETERS)[]).filter((name) => isHeeded[name]);
}

/** Whether it can be answered with 304. */
function isConditional({ method, hasETag }: Route): boolean {
  return method === 'get' && hasETag === true;
}

function reference(name: keyof typeof PARAMETERS): Json {
  return { $ref: `#/components/parameters/${name}` };
}

function goodAnswers(route: Route, schemas: Record<string, JsonSchema>): Json {
  const answers = Object.entries(route.answers).map(([status, { description, schema }]) => [
    status,
    {
      description,
      headers: answerHeaders(route),
      ...(schema !== undefined && { content: { 'application/json': { schema: refer(schema, 'output', schemas) } } }),
    },
  ]);
  const unchanged = { description: 'What you have still holds.', headers: answerHeaders(route) };
  return { ...Object.fromEntries(answers), ...(isConditional(route) && { 304: unchanged }) };
}

function answerHeaders({ method, hasETag }: Route): Json {
  return {
    RateLimit: { $ref: '#/components/headers/RateLimit' },
    'RateLimit-Policy': { $ref: '#/components/headers/RateLimitPolicy' },
    ...(method === 'post' && { 'Idempotency-Replayed': { $ref: '#/components/headers/IdempotencyReplayed' } }),
    ...(hasETag === true && { ETag: { $ref: '#/components/headers/ETag' } }),
  };
}

/** One response for each status, with an example for each problem that has it. */
function problemAnswers(route: Route): Json {
  const problems = problemsOf(route);
  const statuses = [...new Set(problems.map((code) => PROBLEMS[code].status))].toSorted((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const codes = problems.filter((code) => PROBLEMS[code].status === status);
      return [
        status,
        {
          description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join('\n'),
          ...([409, 429, 503].includes(status) && {
            headers: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } },
          }),
          content: {
            'application/problem+json': {
              schema: { $ref: '#/components/schemas/Problem' },
              examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }])),
            },
          },
        },
      ];
    }),
  );
}

function exampleOf(code: ProblemCode): Json {
  const { status, title } = PROBLEMS[code];
  const detail = PROBLEM_ADVICE[code].split('. ')[0]?.replace(/\.?$/, '.');
  const mistakes = code === 'invalid-request' ? { mistakes: [{ path: 'body.phone', message: 'is required' }] } : {};
  return { type: problemType(code), title, status, detail, code, ...mistakes };
}

/** The schema itself, or a reference when it has a name. */
function refer(schema: Schema, direction: 'input' | 'output', schemas: Record<string, JsonSchema>): JsonSchema {
  const name = nameOf(schema);
  if (name === undefined) return jsonSchemaOf(schema, direction);
  schemas[name] = jsonSchemaOf(schema, direction);
  return { $ref: `#/components/schemas/${name}` };
}

/** The word after `/v1/`. */
function tagOf({ path }: Route): string {
  return path.split('/')[2] ?? '';
}
