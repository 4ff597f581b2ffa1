import type { Description, Schema } from 'joi';

/** A JSON Schema of draft 2020-12, the one of OpenAPI 3.1. */
export type JsonSchema = { readonly [key: string]: unknown };

/** How joi writes JSON Schemas; its types do not know it yet. */
interface Convertible {
  readonly '~standard': {
    readonly jsonSchema: Record<'input' | 'output', (options: { readonly target: 'draft-2020-12' }) => JsonSchema>;
  };
}

/**
 * What a joi schema takes (`input`) or gives (`output`), with its examples, which joi leaves out. Rules of our own code,
 * such as what a card number is, have no words in JSON Schema: the description tells them.
 */
export function jsonSchemaOf(schema: Schema, direction: 'input' | 'output'): JsonSchema {
  const made = (schema as unknown as Convertible)['~standard'].jsonSchema[direction]({ target: 'draft-2020-12' });
  return enrich(made, schema.describe());
}

/** The name that a schema has among the components, from `.meta({ name })`. */
export function nameOf(schema: Schema): string | undefined {
  const metas = (schema.describe().metas ?? []) as readonly { readonly name?: string }[];
  return metas.find(({ name }) => name !== undefined)?.name;
}

function enrich(schema: JsonSchema, description: Description): JsonSchema {
  const { properties, items } = schema;
  const keys = (description.keys ?? {}) as Readonly<Record<string, Description>>;
  const [item] = (description.items ?? []) as readonly Description[];
  return {
    ...schema,
    ...formatOf(schema, description),
    ...(description.examples !== undefined && { examples: description.examples }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties as Readonly<Record<string, JsonSchema>>).map(([name, property]) => {
          const below = keys[name];
          return [name, below === undefined ? property : enrich(property, below)];
        }),
      ),
    }),
    ...(items !== undefined && item !== undefined && { items: enrich(items as JsonSchema, item) }),
  };
}

/** Joi calls every ISO 8601 text a `date-time`; the example tells days from moments. */
function formatOf({ format }: JsonSchema, { examples }: Description): JsonSchema {
  const [example] = (examples ?? []) as readonly unknown[];
  return format === 'date-time' && /^\d{4}-\d\d-\d\d$/.test(String(example)) ? { format: 'date' } : {};
}
