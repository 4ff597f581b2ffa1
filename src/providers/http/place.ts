import { isFields } from '../json.ts';

/**
 * Where a declared value stands, as a declaration writes it: `header:x-signature`, `query:kind`, or a path in the content
 * (`data.0.id`; `field:body` for a field whose name is a word of its own elsewhere).
 */
export type Place =
  | { readonly in: 'header' | 'query'; readonly name: string }
  | { readonly in: 'content'; readonly path: string };

/** What places are read from. */
export interface Source {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string>>;
  /** A form's or a query's fields by name, or what JSON or XML says; undefined when it could not be read. */
  readonly content: unknown;
}

/** The place that a text names; header names are compared in lower case. */
export function placeOf(text: string): Place {
  const [, where, name = ''] = /^(header|query|field):(.*)$/s.exec(text) ?? [];
  if (where === 'header') return { in: 'header', name: name.toLowerCase() };
  if (where === 'query') return { in: 'query', name };
  return { in: 'content', path: where === 'field' ? name : text };
}

/** Why a text names no place; undefined when it does. */
export function placeFault(text: string): string | undefined {
  const place = placeOf(text);
  if (place.in === 'header' && !/^[a-z\d!#$%&'*+.^_`|~-]+$/.test(place.name)) return 'names no header behind header:';
  if (place.in === 'query' && place.name === '') return 'names no parameter behind query:';
  if (place.in === 'content' && (place.path === '' || place.path.includes('{'))) {
    return 'must be a path such as data.0.id, query:NAME or header:NAME';
  }
  return undefined;
}

/** The text at a place; undefined when there is nothing, or a group, or a list. */
export function textAt(place: Place, source: Source): string | undefined {
  switch (place.in) {
    case 'header':
      return Object.hasOwn(source.headers, place.name) ? source.headers[place.name] : undefined;
    case 'query':
      return Object.hasOwn(source.query, place.name) ? source.query[place.name] : undefined;
    case 'content':
      return textOf(valueAt(source.content, place.path));
    default:
      return place satisfies never;
  }
}

/**
 * What stands at a path: `.` is all of it, a whole path is a field's name first, then the names between its dots lead
 * down, numbers into lists.
 */
export function valueAt(content: unknown, path: string): unknown {
  if (path === '.') return content;
  const whole = childOf(content, path);
  if (whole !== undefined || !path.includes('.')) return whole;
  return path.split('.').reduce<unknown>(childOf, content);
}

function childOf(content: unknown, name: string): unknown {
  if (Array.isArray(content)) return /^\d{1,5}$/.test(name) ? content[Number(name)] : undefined;
  return isFields(content) && Object.hasOwn(content, name) ? content[name] : undefined;
}

/** An XML element that has attributes keeps its text in `#text`. */
function textOf(value: unknown): string | undefined {
  const plain = isFields(value) && Object.hasOwn(value, '#text') ? value['#text'] : value;
  if (typeof plain === 'string') return plain;
  return typeof plain === 'number' || typeof plain === 'boolean' ? String(plain) : undefined;
}
