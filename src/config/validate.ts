import type { Description, ObjectSchema, ValidationErrorItem, ValidationOptions } from 'joi';
import { isSupportedCountry } from 'libphonenumber-js/max';
import type { ConfigDocument } from './document.ts';
import type { Path } from './problem.ts';
import { didYouMean } from './suggest.ts';

/** How a mistake is told, by joi's name for it. None shows the value: it may be a secret. */
const messages: Record<string, string> = {
  'any.only': 'must be {if(#valids.length == 1, "", "one of ")}{#valids}',
  'any.required': 'is missing',
  'any.unknown': 'is not allowed here',
  'alternatives.match': 'does not have the expected form',
  'alternatives.types': 'must be {#types}',
  'array.base': 'must be a list',
  'array.max': 'must not have more than {#limit} entries',
  'array.min': 'needs at least {#limit} entry',
  'array.unique': 'is already in the list',
  'boolean.base': 'must be true or false',
  'number.base': 'must be a number',
  'number.infinity': 'must be a number',
  'number.integer': 'must be a whole number',
  'number.max': 'must be at most {#limit}',
  'number.min': 'must be at least {#limit}',
  'number.port': 'must be a port from 0 to 65535',
  'number.positive': 'must be above zero',
  'object.and': 'needs {#missing} beside {#present}',
  'object.base': 'must be a group of keys',
  'object.min': 'needs at least {#limit} entry',
  'object.missing': 'needs one of {#peers}',
  'object.oxor': 'takes one of {#peers}, not several',
  'object.unknown': 'is not a key that Cardwake knows',
  'object.with': 'needs {#peer} beside {#main}',
  'object.xor': 'takes one of {#peers}, not both',
  'string.base': 'must be text',
  'string.empty': 'must not be empty',
  'string.hostname': 'must be a host name or an IP address',
  'string.hex': 'must be made of the digits 0-9 and a-f',
  'string.length': 'must have {#limit} characters',
  'string.max': 'must have at most {#limit} characters',
  'string.min': 'must have at least {#limit} characters',
  'string.pattern.base': 'does not have the expected form',
  'string.pattern.name': 'must be {#name}',
  'string.uri': 'must be a URL',
  'string.uriCustomScheme': 'must be a URL that begins with https://',
  'country.unknown': 'is not a country. Write the two letters of ISO 3166, such as KZ',
  'phone.invalid': 'is not a phone number. Write it with + and the country code, in quotes: "+74950000000"',
  'publicUrl.https': 'must begin with https:// (http:// is for this machine only)',
  'publicUrl.host': 'must have a host without an underscore: Twilio refuses every reply whose receipts would go there',
  'publicUrl.end':
    'must end with the host or a path: no slash, query, fragment or password. Signatures cover it letter by letter',
};

/** Joi's options for all of the configuration: every mistake at once, in our words. */
export const SENTENCES: ValidationOptions = {
  abortEarly: false,
  messages,
  errors: { label: false, wrap: { array: false, string: false, label: false } },
};

/**
 * Checks a part of the file against its schema, reports every mistake with its place, and gives the value with defaults.
 * After a report the value may be incomplete: it serves only to look for further mistakes.
 */
export function validatePart<T>(doc: ConfigDocument, path: Path, schema: ObjectSchema<T>, value: unknown): T {
  const result = schema.validate(value, SENTENCES);
  const description = schema.describe();
  for (const detail of result.error?.details ?? []) {
    doc.report(
      [...path, ...detail.path],
      sentence(detail, description),
      KEY_MISTAKES.has(detail.type) ? 'key' : 'value',
    );
  }
  return (typeof result.value === 'object' && result.value !== null ? result.value : {}) as T;
}

/** Mistakes that are about the keys of a group rather than about a value. */
const KEY_MISTAKES: ReadonlySet<string> = new Set([
  'any.required',
  'object.and',
  'object.missing',
  'object.oxor',
  'object.unknown',
  'object.with',
  'object.xor',
]);

/** The mistake and, where it is known, what to write instead. */
function sentence(detail: ValidationErrorItem, root: Description): string {
  const { type, message, path } = detail;
  const value: unknown = detail.context?.value;
  switch (type) {
    case 'object.unknown': {
      const siblings = Object.keys(describeAt(root, path.slice(0, -1))?.keys ?? {});
      return `${message}${didYouMean(String(path.at(-1)), siblings)}`;
    }
    case 'any.only': {
      if (value === null) return 'must not be empty';
      const valids: unknown = detail.context?.valids;
      return `${message}${typeof value === 'string' && Array.isArray(valids) ? didYouMean(value, valids.map(String)) : ''}`;
    }
    case 'country.unknown': {
      const capitals = String(value).toUpperCase();
      return `${message}${isSupportedCountry(capitals) ? ` (did you mean ${capitals}?)` : ''}`;
    }
    case 'array.unique':
      return typeof detail.context?.path === 'string'
        ? `has the ${detail.context.path} of another in the list`
        : message;
    case 'string.base':
      if (value === null) return 'must not be empty';
      return typeof value === 'number' ? `${message}. Put it in quotes, so that no digit gets lost` : message;
    case 'any.required':
    case 'string.pattern.base':
    case 'alternatives.match':
    case 'alternatives.types':
      return [message, explanation(describeAt(root, path))].filter((part) => part !== '').join('. ');
    default:
      return message;
  }
}

/** `The name of … For example: Club` out of a schema's own description. */
function explanation(description: Description | undefined): string {
  const text = description?.flags && 'description' in description.flags ? String(description.flags.description) : '';
  const example: unknown = description?.examples?.[0];
  if (example === undefined) return text.replace(/\.$/, '');
  return [text.replace(/\.$/, ''), `For example: ${JSON.stringify(example)}`].filter((part) => part !== '').join('. ');
}

/** The description of what may stand at a path of the schema; undefined when it is not a fixed key. */
function describeAt(root: Description, path: Path): Description | undefined {
  let description: Description | undefined = root;
  for (const part of path) {
    description =
      typeof part === 'number' ? (description?.items?.[0] as Description | undefined) : childOf(description, part);
  }
  return description;
}

function childOf(description: Description | undefined, key: string): Description | undefined {
  return description?.keys?.[key] as Description | undefined;
}
