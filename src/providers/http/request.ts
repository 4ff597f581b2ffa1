import type { HttpCall } from '../http-call.ts';
import { filled, numberIn, type Values } from './values.ts';
import { buildXml, withoutUnsayable } from './xml.ts';

/** What a JSON or XML body is made of. */
export type Tree = string | number | boolean | null | readonly Tree[] | { readonly [name: string]: Tree };

/** A request as it is declared. At most one of the three bodies. */
export interface DeclaredRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: Tree;
  readonly xml?: Readonly<Record<string, Tree>>;
}

/**
 * The request with the values of an SMS. Each value is encoded for where it goes, so that none can become a parameter, a
 * field, an element or a header of its own; what needs a value that the SMS has not is left out.
 */
export function requestOf(declared: DeclaredRequest, values: Values): HttpCall {
  const { method, query, headers } = declared;
  const path = filled(declared.path, values, percentEncoded) ?? declared.path;
  const search = query === undefined ? '' : `?${pairsOf(query, values)}`;
  const { type, body } = bodyOf(declared, values);
  return {
    method,
    path: path + search,
    headers: { ...(type !== undefined && { 'content-type': type }), ...headersOf(headers ?? {}, values) },
    ...(body !== undefined && { body }),
  };
}

function bodyOf({ form, json, xml }: DeclaredRequest, values: Values) {
  if (form !== undefined) return { type: 'application/x-www-form-urlencoded', body: pairsOf(form, values) };
  if (json !== undefined) {
    return { type: 'application/json', body: JSON.stringify(grown(json, (leaf) => jsonLeaf(leaf, values))) };
  }
  if (xml !== undefined) {
    return {
      type: 'application/xml; charset=utf-8',
      body: buildXml(grownObject(xml, (leaf) => xmlLeaf(leaf, values))),
    };
  }
  return {};
}

function pairsOf(fields: Readonly<Record<string, string>>, values: Values): string {
  return Object.entries(fields)
    .flatMap(([name, text]) => {
      const value = filled(text, values);
      return value === undefined ? [] : [`${percentEncoded(name)}=${percentEncoded(value)}`];
    })
    .join('&');
}

function headersOf(headers: Readonly<Record<string, string>>, values: Values): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).flatMap(([name, text]) => {
    const value = filled(text, values);
    return value === undefined ? [] : [[name.toLowerCase(), value] as const];
  });
  return Object.fromEntries(entries);
}

type Leaf = string | number | boolean | null;

function jsonLeaf(leaf: Leaf, values: Values): Leaf | undefined {
  return typeof leaf === 'string' ? (numberIn(leaf, values) ?? filled(leaf, values)) : leaf;
}

function xmlLeaf(leaf: Leaf, values: Values): Leaf | undefined {
  if (typeof leaf !== 'string') return leaf === null ? '' : String(leaf);
  const text = filled(leaf, values);
  return text === undefined ? undefined : withoutUnsayable(text);
}

/** The tree with other leaves, without those that became nothing. */
function grown(tree: Tree, leafOf: (leaf: Leaf) => Leaf | undefined): Tree | undefined {
  if (isList(tree)) return tree.map((item) => grown(item, leafOf)).filter((item) => item !== undefined);
  return typeof tree === 'object' && tree !== null ? grownObject(tree, leafOf) : leafOf(tree);
}

function grownObject(tree: Readonly<Record<string, Tree>>, leafOf: (leaf: Leaf) => Leaf | undefined) {
  const entries = Object.entries(tree).map(([name, child]) => [name, grown(child, leafOf)] as const);
  return Object.fromEntries(entries.filter(([, child]) => child !== undefined)) as Readonly<Record<string, Tree>>;
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}

/** Spaces as `%20`, which each reader of forms and URLs takes for a space, and the four signs that RFC 3986 reserves. */
function percentEncoded(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
