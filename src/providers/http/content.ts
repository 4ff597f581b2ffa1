import { parseJson } from '../json.ts';
import { queryOf, rawFields } from '../raw-fields.ts';
import { parseXml } from './xml.ts';

/** What a provider may put its values in. */
export const CONTENTS = ['query', 'form', 'json', 'xml'] as const;

/** One of them. */
export type Content = (typeof CONTENTS)[number];

const TYPES: Readonly<Record<Exclude<Content, 'query'>, RegExp>> = {
  form: /^application\/x-www-form-urlencoded$/,
  json: /^(?:application|text)\/(?:[\w.+-]+\+)?json$/,
  xml: /^(?:application|text)\/(?:[\w.+-]+\+)?xml$/,
};

/** The method that such a content comes with: parameters of the URL by GET, a body by POST. */
export function methodOf(content: Content): 'GET' | 'POST' {
  return content === 'query' ? 'GET' : 'POST';
}

/** True when a call by that method and with that Content-Type carries such a content; `also`: a type to take as well. */
export function isContent(content: Content, method: string, contentType: string | undefined, also?: string): boolean {
  if (method !== methodOf(content)) return false;
  if (content === 'query') return true;
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return TYPES[content].test(type) || type === also?.toLowerCase();
}

/** What a call says; undefined when it cannot be read. */
export function contentOf(
  content: Content,
  call: { readonly url: string; readonly body: Buffer },
  charset: string,
): unknown {
  switch (content) {
    case 'query':
      return fieldsOf(queryOf(call.url), charset);
    case 'form':
      return fieldsOf(call.body, charset);
    case 'json':
      return parseJson(document(call.body, charset));
    case 'xml':
      return parseXml(document(call.body, charset));
    default:
      return content satisfies never;
  }
}

/** The fields of a form or a query, by name; one that is there twice is left out. */
export function fieldsOf(encoded: Buffer | string, charset = 'utf-8'): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(rawFields(encoded)).map(([name, bytes]) => [name, decoded(bytes ?? Buffer.alloc(0), charset)]),
  );
}

/** True of a charset that texts can be read in. */
export function isCharset(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== '';
  } catch {
    return false;
  }
}

function document(bytes: Buffer, charset: string): string {
  return new TextDecoder(charset).decode(bytes);
}

/** With a U+FEFF that the text begins with: a document has it as its mark, a field as its first character. */
function decoded(bytes: Buffer, charset: string): string {
  return new TextDecoder(charset, { ignoreBOM: true }).decode(bytes);
}
