import fc from 'fast-check';
import { SEEDED_CODE, type Seeds } from '../../support/api-seeds.ts';
import type { ApiRequest } from '../../support/api-world.ts';

type Json = { readonly [key: string]: unknown };

/** What a client that reads the OpenAPI document, or attacks what it says, puts into a call. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Json[];
  readonly responses: Readonly<Record<string, Json>>;
  readonly requestBody?: Json | undefined;
}

/** Every operation of the document, with its references followed. */
export function operationsOf(document: Json): (Operation & { readonly id: string })[] {
  const paths = document.paths as Readonly<Record<string, Readonly<Record<string, Json>>>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: String(operation.operationId),
      method,
      path,
      parameters: (operation.parameters as readonly Json[]).map((parameter) => follow(document, parameter)),
      responses: operation.responses as Readonly<Record<string, Json>>,
      requestBody: bodySchema(document, operation),
    })),
  );
}

function bodySchema(document: Json, { requestBody }: Json): Json | undefined {
  const content = (requestBody as { content?: Readonly<Record<string, { schema: Json }>> } | undefined)?.content;
  const schema = content?.['application/json']?.schema;
  return schema === undefined ? undefined : follow(document, schema);
}

function follow(document: Json, value: Json): Json {
  if (typeof value.$ref !== 'string') return value;
  const found = value.$ref
    .split('/')
    .slice(1)
    .reduce<unknown>((at, step) => (at as Json)[step], document);
  return found as Json;
}

/** Texts that have broken programs before. */
const HOSTILE_TEXTS: readonly string[] = [
  '\0',
  '\u0000x',
  '\ud800',
  '\uffff',
  '\u202e',
  '\u200b',
  '%00',
  '../../etc/passwd',
  "'; DROP TABLE members; --",
  '{{ 7 }}',
  '<script>alert(1)</script>',
  '9'.repeat(400),
  '00000000-0000-0000-0000-000000000000',
  ...'|%|+|+79|-1|1e999|NaN|null|__proto__|constructor| |🐻|٩٦٤٣١٢٣٤|9643 1234'.split('|'),
];

const HOSTILE_NUMBERS = [0, -1, 1.5, 2 ** 53, -0, 1e308];

const HOSTILE_VALUES: readonly unknown[] = [
  ...HOSTILE_TEXTS,
  ...HOSTILE_NUMBERS,
  null,
  true,
  false,
  [],
  [[]],
  {},
  { toString: 'x' },
  { length: 1e9 },
  JSON.parse('{"__proto__":{"isAdmin":true}}'),
  JSON.parse('{"constructor":{"prototype":{"isAdmin":true}}}'),
];

/** Calls of an operation, half of them as the document wants them, half with something absurd in any place. */
export function arbitraryCall(operation: Operation, seeds: Seeds): fc.Arbitrary<ApiRequest> {
  return fc.oneof(callsOf(operation, createValues(seeds, false)), callsOf(operation, createValues(seeds, true)));
}

function callsOf(operation: Operation, values: Values): fc.Arbitrary<ApiRequest> {
  const placed = (place: string) => operation.parameters.filter((parameter) => parameter.in === place);
  const { method, path } = operation;
  return fc
    .record({
      params: values.texts(placed('path')),
      query: values.texts(placed('query')),
      extra: values.extraQuery,
      headers: values.texts(placed('header')),
      body: method === 'get' ? fc.constant(undefined) : values.body(operation.requestBody),
    })
    .map(({ params, query, extra, headers, body }) => ({
      method,
      path: path.replace(/\{(\w+)\}/g, (_, name: string) => percent(params[name] ?? 'x')) + search(query, extra),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, headerValue(value)])),
      ...(body !== undefined && { body }),
    }));
}

/** What stands in the places of a call. */
interface Values {
  texts(parameters: readonly Json[]): fc.Arbitrary<Readonly<Record<string, string>>>;
  body(schema: Json | undefined): fc.Arbitrary<unknown>;
  readonly extraQuery: fc.Arbitrary<string>;
}

const EXTRA_QUERIES = ['', '', '__proto__=1', 'limit=1&limit=2', 'x=%ff', 'phone=%00', '%', '='];
const ABSURD_BODIES = [
  '{',
  '',
  '[1,',
  '{"a":1,"a":2}',
  '"\\ud800"',
  '[['.repeat(5_000),
  '{"a":'.repeat(5_000),
  '\ufeff{}',
];

function createValues(seeds: Seeds, isHostile: boolean): Values {
  const own: Readonly<Record<string, readonly string[]>> = {
    number: [seeds.freeCard, seeds.heldCard],
    card: [seeds.freeCard, seeds.heldCard],
    phone: [seeds.freePhone, seeds.heldPhone],
    id: Object.values(seeds.ids),
    code: [SEEDED_CODE, '000000'],
    'If-Match': ['"1"', '"2"'],
  };
  const extraFields = fc.dictionary(fc.string({ maxLength: 40 }), fc.constantFrom(...HOSTILE_VALUES), { maxKeys: 2 });

  /** Now and then the seeds' own, so that handlers are reached. */
  function named(name: string, schema: Json): fc.Arbitrary<unknown> {
    return fc.oneof(
      { weight: name in own ? 5 : 0, arbitrary: fc.constantFrom(...(own[name] ?? [''])) },
      { weight: 3, arbitrary: valueFor(schema) },
      { weight: isHostile ? 2 : 0, arbitrary: fc.constantFrom(...HOSTILE_VALUES) },
    );
  }

  function valueFor(schema: Json): fc.Arbitrary<unknown> {
    if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
    if (Array.isArray(schema.anyOf)) return fc.oneof(...(schema.anyOf as Json[]).map(valueFor));
    if (Array.isArray(schema.type)) {
      return fc.oneof(...(schema.type as string[]).map((type) => valueFor({ ...schema, type })));
    }
    switch (schema.type) {
      case 'object':
        return objectOf(schema);
      case 'array':
        return fc.array(valueFor((schema.items ?? {}) as Json), { maxLength: 5 });
      case 'boolean':
        return fc.boolean();
      case 'null':
        return fc.constant(null);
      case 'integer':
      case 'number':
        return fc.integer({ min: Number(schema.minimum ?? -5), max: Number(schema.maximum ?? 1_000) });
      default:
        return textsOf(schema, isHostile);
    }
  }

  function objectOf(schema: Json): fc.Arbitrary<object> {
    const properties = (schema.properties ?? {}) as Readonly<Record<string, Json>>;
    const [example] = (schema.examples ?? []) as readonly object[];
    if (example !== undefined && !isHostile) return fc.constant(example);
    const fields = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, named(name, one)]));
    const patterns = Object.keys(schema.patternProperties ?? {});
    const names = [...patterns.flatMap(matching), ...(isHostile ? [fc.string({ maxLength: 20 })] : [])];
    const others =
      patterns.length === 0 || names.length === 0 ? fc.constant({}) : fc.dictionary(fc.oneof(...names), fc.boolean());
    return fc
      .record({
        fields: someOf(fields, (schema.required ?? []) as string[]),
        others,
        extra: isHostile ? fc.oneof(fc.constant({}), extraFields) : fc.constant({}),
      })
      .map((parts) => ({ ...parts.fields, ...parts.others, ...parts.extra }));
  }

  return {
    extraQuery: isHostile ? fc.constantFrom(...EXTRA_QUERIES) : fc.constant(''),
    texts: (parameters) =>
      someOf(
        Object.fromEntries(parameters.map(({ name, schema }) => [name, asText(named(String(name), schema as Json))])),
        parameters.filter(({ required }) => required === true).map(({ name }) => String(name)),
      ),
    body(schema) {
      const right = schema === undefined ? fc.constant(undefined) : valueFor(schema);
      if (!isHostile) return right;
      const values = fc.constantFrom(...HOSTILE_VALUES.filter((value) => typeof value !== 'string'));
      return fc.oneof({ weight: 8, arbitrary: right }, values, fc.constantFrom(...ABSURD_BODIES), fc.uint8Array());
    },
  };
}

function textsOf({ examples, pattern, format, maxLength }: Json, isHostile: boolean): fc.Arbitrary<string> {
  const fitting = [
    ...((examples ?? []) as readonly unknown[]).map((example) => fc.constant(String(example))),
    ...matching(pattern),
    ...(format === 'uuid' ? [fc.uuid()] : []),
    ...(format === 'email' ? [fc.emailAddress()] : []),
    ...(format === 'date-time' ? [fc.date({ noInvalidDate: true }).map((day) => day.toISOString())] : []),
  ];
  if (fitting.length > 0 && !isHostile) return fc.oneof(...fitting);
  const long = fc.string({ unit: 'grapheme', minLength: 1, maxLength: Math.min(Number(maxLength ?? 100), 200) });
  return fc.oneof(...fitting, long, fc.string({ unit: 'binary', maxLength: 20 }));
}

/** Texts that match a pattern; none for one that looks ahead, which fast-check cannot follow. */
function matching(pattern: unknown): fc.Arbitrary<string>[] {
  return typeof pattern !== 'string' || pattern.includes('(?') ? [] : [fc.stringMatching(new RegExp(pattern, 'u'))];
}

/** Records with every required field, and each other one half of the time. */
function someOf<T>(
  fields: Readonly<Record<string, fc.Arbitrary<T>>>,
  required: readonly string[],
): fc.Arbitrary<Readonly<Record<string, T>>> {
  const optional = Object.keys(fields).filter((name) => !required.includes(name));
  return fc
    .record({ all: fc.record(fields), chosen: fc.subarray(optional) })
    .map(({ all, chosen }) => Object.fromEntries([...required, ...chosen].map((name) => [name, all[name] as T])));
}

function asText(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return values.map((value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')));
}

function search(query: Readonly<Record<string, string | undefined>>, extra: string): string {
  const parts = Object.entries(query).map(([name, value]) => `${percent(name)}=${percent(value ?? '')}`);
  const all = [...parts, ...(extra === '' ? [] : [extra])];
  return all.length === 0 ? '' : `?${all.join('&')}`;
}

/** What is no Unicode cannot be percent-encoded: it goes as raw bytes that are no UTF-8. */
function percent(text: string): string {
  if (text === '' || text === '.' || text === '..') return '%20';
  return text.isWellFormed() ? encodeURIComponent(text) : '%ff';
}

/** Only what an HTTP client lets through. */
function headerValue(text: string): string {
  return text.replace(/[^\x20-\x7e\x80-\xff]/g, '').trim();
}
