import { jsonSchemaOf } from '../../../src/http/api/json-schema.ts';
import type { Route } from '../../../src/http/api/route.ts';
import { SEEDED_CODE, type Seeds } from '../../support/api-seeds.ts';
import type { ApiRequest } from '../../support/api-world.ts';

type Json = { readonly [key: string]: unknown };

/** Whose id stands in a path; the routes that ask for something other than what their path begins with. */
const SUBJECTS: Readonly<Record<string, keyof Seeds['ids']>> = {
  confirmActivation: 'tillCode',
  resendActivation: 'tillCode',
  readActivation: 'awaiting',
};

const SUBJECT_OF: Readonly<Record<string, keyof Seeds['ids']>> = {
  members: 'member',
  activations: 'awaiting',
  registrations: 'websiteCode',
};

/** A call that a programme's own caller may make: the route's examples, about the programme's seeds. */
export function sampleCall(route: Route, seeds: Seeds): ApiRequest {
  const query = route.query === undefined ? {} : queryOf(route, seeds);
  const search = new URLSearchParams(query).toString();
  return {
    method: route.method,
    path: pathOf(route, seeds) + (search === '' ? '' : `?${search}`),
    headers: { 'if-match': '"1"' },
    ...(route.body !== undefined && { body: fill(jsonSchemaOf(route.body, 'input'), seeds) }),
  };
}

/** The path with the seeds' numbers and ids. */
function pathOf(route: Route, seeds: Seeds): string {
  const [, , resource = ''] = route.path.split('/');
  const subject = SUBJECTS[route.id] ?? SUBJECT_OF[resource];
  return route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'number') return seeds.heldCard;
    if (name === 'id' && subject !== undefined) return seeds.ids[subject];
    throw new Error(`Say in sample-call.ts what {${name}} of ${route.id} is`);
  });
}

function queryOf(route: Route, seeds: Seeds): Record<string, string> {
  const { properties = {} } = jsonSchemaOf(route.query as NonNullable<Route['query']>, 'input') as {
    properties?: Readonly<Record<string, unknown>>;
  };
  return 'phone' in properties ? { phone: seeds.heldPhone } : {};
}

/** Every property that has an example, is required or is one of the seeds. */
function fill(schema: Json, seeds: Seeds): unknown {
  if (schema.type !== 'object') return example(schema);
  const { properties = {}, required = [] } = schema as {
    properties?: Readonly<Record<string, Json>>;
    required?: readonly string[];
  };
  const known: Readonly<Record<string, string>> = { card: seeds.freeCard, phone: seeds.freePhone, code: SEEDED_CODE };
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, property]) => {
      if (name in known) return [[name, known[name]]];
      if (property.type === 'object' && property.examples === undefined) return [[name, fill(property, seeds)]];
      const value = example(property);
      if (value === undefined && required.includes(name)) throw new Error(`${name} needs an .example()`);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function example({ examples }: Json): unknown {
  return (examples as readonly unknown[] | undefined)?.[0];
}
