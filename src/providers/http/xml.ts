import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';

const FORM = { ignoreAttributes: false, attributeNamePrefix: '@', textNodeName: '#text' } as const;

const PREDEFINED = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** No DTD, no entities but XML's five and numbered characters; at most 100 elements within each other (its default). */
const parser = new XMLParser({
  ...FORM,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  removeNSPrefix: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  entityDecoder: {
    decode: (text) => text.replaceAll(/&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([\da-f]{1,6}));/gi, character),
    addInputEntities() {
      throw new Error('a DTD');
    },
    setExternalEntities: () => undefined,
    setXmlVersion: () => undefined,
    reset: () => undefined,
  },
});

const builder = new XMLBuilder({ ...FORM, suppressBooleanAttributes: false });

/**
 * What an XML text says: elements by name without their prefix, several of one name as a list, attributes with an `@`,
 * the text beside attributes or elements as `#text`. Undefined when it is no XML, or has a DTD: nothing is fetched, and
 * nothing grows.
 */
export function parseXml(text: string): unknown {
  try {
    return !hasDeclaration(text) && XMLValidator.validate(text) === true ? parser.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** The XML of such a tree, in one root; values cannot become elements. What XML has no characters for is left out. */
export function buildXml(tree: Readonly<Record<string, unknown>>): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${builder.build(tree)}`;
}

/** The text without what XML cannot say: control characters, and halves of surrogate pairs. */
export function withoutUnsayable(text: string): string {
  return text.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '');
}

/** True of `<!` that begins neither a comment nor a CDATA section: a DOCTYPE, or what stands in one. */
function hasDeclaration(text: string): boolean {
  for (const [mark] of text.matchAll(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<!/g)) {
    // At once: behind a comment that does not end, each further mark would be looked for to the end of the text.
    if (mark === '<!') return true;
  }
  return false;
}

function character(whole: string, name?: string, decimal?: string, hex?: string): string {
  const named = PREDEFINED.get(name ?? '');
  if (named !== undefined) return named;
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}
