import { CODINGS, type Coding } from './coding.ts';

/** What a template puts in the place of a value. */
export interface Slot {
  readonly name: string;
  /** How the value is written; absent: as it is. */
  readonly filter?: string;
}

/** A text with slots, in their order. */
export type Template = readonly (string | Slot)[];

/**
 * Reads `{{ name }}` and `{{ name | filter }}`; everything else stands for itself. Not a language: it cannot decide,
 * repeat or look anything up. Whoever fills it in encodes each value for the place where it goes.
 */
export function templateOf(text: string): Template {
  return text.split(/(\{\{[^{}]*\}\})/).flatMap((piece) => {
    if (piece === '') return [];
    const [, name, filter] = SLOT.exec(piece) ?? [];
    return [name === undefined ? piece : { name, ...(filter !== undefined && { filter }) }];
  });
}

const SLOT = /^\{\{\s*([^\s|{}]+)\s*(?:\|\s*(\w+)\s*)?\}\}$/;

/** The slots of a template. */
export function slotsOf(template: Template): readonly Slot[] {
  return template.filter((piece) => typeof piece !== 'string');
}

/** Why a text is no template with slots of these names and filters; undefined when it is one. */
export function templateFault(
  text: string,
  nameFault: (name: string) => string | undefined,
  filters: readonly string[],
): string | undefined {
  const template = templateOf(text);
  if (template.some((piece) => typeof piece === 'string' && /\{\{|\}\}/.test(piece))) {
    return 'has braces that are no {{ name }} or {{ name | filter }}';
  }
  for (const { name, filter } of slotsOf(template)) {
    const fault = nameFault(name);
    if (fault !== undefined) return fault;
    if (filter !== undefined && !filters.includes(filter)) {
      return `knows no filter ${filter}${filters.length === 0 ? '' : `, only ${filters.join(', ')}`}`;
    }
  }
  return undefined;
}

/** True of a filter that makes plain ASCII of any text. */
export function isCoding(filter: string | undefined): filter is Coding {
  return CODINGS.some((coding) => coding === filter);
}
