/** No provider nests deeper; deeper than some thousands, even writing it down again would overflow the stack. */
const MAX_DEPTH = 32;

/**
 * What a JSON text says; undefined when it is none, or nested deeper than 32. Whole numbers of 16 digits and more are
 * texts in it: ids that went through a number would come out as others.
 */
export function parseJson(text: string): unknown {
  try {
    const content: unknown = JSON.parse(text);
    if (isDeep(content)) return undefined;
    return /\d{16}/.test(text) ? JSON.parse(withLongNumbersQuoted(text)) : content;
  } catch {
    return undefined;
  }
}

/** Of valid JSON only: then every quote has its partner, and this is linear. */
function withLongNumbersQuoted(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /^-?\d{16,}$/.test(token) ? `"${token}"` : token,
  );
}

function isDeep(content: unknown): boolean {
  let level: readonly unknown[] = [content];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((value) => (Array.isArray(value) ? value : isFields(value) ? Object.values(value) : []));
  }
  return false;
}

/** The fields of a JSON object, as `parseJson` reads them; none when the text is anything else. */
export function jsonFields(body: Buffer | string): Readonly<Record<string, unknown>> {
  const content = parseJson(body.toString());
  return isFields(content) ? content : {};
}

/** True of an object that is no array. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
