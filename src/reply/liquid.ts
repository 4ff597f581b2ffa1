import { Liquid, LiquidError, type Template } from 'liquidjs';
import type { Locale } from '../activation/program.ts';
import { finish, localise } from './localise.ts';
import type { Problem } from './problem.ts';
import type { ReplyValues } from './variables.ts';

/** A text that was parsed: renders in microseconds, without the disk. */
export interface ParsedText {
  /** Every use of a variable, with its place; `path` has more than one part for `{{ card.size }}`. */
  readonly uses: readonly VariableUse[];
  /** The text as it is sent. Throws a `LiquidError` when a value is missing. */
  render(values: ReplyValues): string;
}

/** One mention of a variable in a text. */
export interface VariableUse {
  readonly path: readonly string[];
  readonly line: number;
  readonly column: number;
}

const TAGS = ['if', 'unless', 'case', 'comment', '#'];
const FILTERS = ['capitalize', 'default', 'downcase', 'remove', 'replace', 'truncate', 'upcase'];
const FILE_TAGS = new Set(['include', 'render', 'layout', 'block']);
const CLOSING = new Set(['else', 'elsif', 'when', 'endif', 'endunless', 'endcase', 'endcomment']);

const liquid = createLiquid();

/** Liquid with the little that a text message needs: no files, no loops, no prototypes, nothing escaped as HTML. */
function createLiquid(): Liquid {
  const engine = new Liquid({
    templates: {},
    strictVariables: true,
    strictFilters: true,
    // An absent value may be asked for in `{% if %}`; anywhere else it is an error.
    lenientIf: true,
    ownPropertyOnly: true,
    parseLimit: 10_000,
    memoryLimit: 100_000,
  });
  for (const name of Object.keys(engine.tags)) if (!TAGS.includes(name)) delete engine.tags[name];
  for (const name of Object.keys(engine.filters)) if (!FILTERS.includes(name)) delete engine.filters[name];
  return engine;
}

/** Parses a text once. Throws a `LiquidError`, which `liquidProblem` puts into words. */
export function parseText(text: string, locale: Locale): ParsedText {
  const template = liquid.parse(text);
  const cut = cutAtNames(text);
  return {
    uses: usesIn(template),
    render: (values) => {
      const shown = localise(values, locale);
      return finish(joined(cut, shown) ?? String(liquid.renderSync(template, shown)));
    },
  };
}

/**
 * A text of words and `{{ name }}` alone, as most are: words and names in turn; undefined when there is more of Liquid in it.
 * Joined, it is what Liquid makes of it, in a tenth of the time and without the garbage, which was a seventh of a worker's.
 */
function cutAtNames(text: string): readonly string[] | undefined {
  const cut = text.split(/\{\{\s*([A-Za-z]\w*)\s*\}\}/);
  return cut.some((words, index) => index % 2 === 0 && /\{[{%]/.test(words)) ? undefined : cut;
}

/** Undefined when it is for Liquid to render, or to say what is missing. */
function joined(cut: readonly string[] | undefined, values: ReplyValues): string | undefined {
  if (cut === undefined) return undefined;
  let text = cut[0] ?? '';
  for (let i = 1; i < cut.length; i += 2) {
    const value = values[cut[i] as keyof ReplyValues];
    if (typeof value !== 'string') return undefined;
    text += value + (cut[i + 1] ?? '');
  }
  return text;
}

/** An error of `parseText` or `render` as a problem that its author can solve. */
export function liquidProblem(error: unknown, file: string): Problem {
  const [line = 1, column = 1] = error instanceof LiquidError ? positionOf(error) : [];
  const message = error instanceof Error ? error.message : String(error);
  return { file, line, column, message: inPlainWords(message.replace(/(?:, file:.*)?, line:\d+, col:\d+$/s, '')) };
}

/** The error's place. Liquid's tokens know it, but the type of an error's token does not say so. */
function positionOf(error: LiquidError): readonly number[] {
  const token: { getPosition?: () => number[] } = error.token;
  return token.getPosition?.() ?? [];
}

function usesIn(template: Template[]): readonly VariableUse[] {
  const { globals } = liquid.analyzeSync(template, { partials: false });
  return Object.values(globals)
    .flat()
    .map(({ segments, location }) => ({ path: segments.map(String), line: location.row, column: location.col }));
}

/** Each of Liquid's complaints that an author meets, and what to do about it. */
const ADVICE: readonly { readonly says: RegExp; readonly advise: (found: string) => string }[] = [
  { says: /^tag "(.+)" not found$/, advise: adviseOnTag },
  {
    says: /^undefined filter: (.+)$/,
    advise: (name) => `there is no filter "${name}"; use one of ${FILTERS.join(', ')}, or none`,
  },
  {
    says: /^undefined variable: (.+)$/,
    advise: (name) => `"${name}" is not always there; put this part between {% if ${name} %} and {% endif %}`,
  },
  {
    says: /^tag (\{% *(?:\w+).*) not closed$/s,
    advise: (tag) => `${tag} is never closed; add {% end${/\w+/.exec(tag)?.[0] ?? ''} %} where it ends`,
  },
  { says: /^output "(.*)" not closed$/s, advise: () => '"{{" is never closed; add "}}" after the name' },
  { says: /^tag "(.*)" not closed$/s, advise: () => '"{%" is never closed; add "%}"' },
  {
    says: /^expected "\|" before filter$/,
    advise: () => 'only a comparison may follow a name, written with ==, as in {% if hours == "1" %}',
  },
  { says: /^invalid value expression: "(.*)"$/s, advise: () => 'a name is missing here; write one, as in {{ card }}' },
];

function adviseOnTag(name: string): string {
  if (FILE_TAGS.has(name)) return `"${name}" is not allowed, a reply text cannot use other files; write the words here`;
  if (CLOSING.has(name)) return `"${name}" closes nothing; remove it, or add what it belongs to before it`;
  return `there is no tag "${name}" in reply texts; use if, unless, case or comment, in lower case`;
}

function inPlainWords(message: string): string {
  for (const { says, advise } of ADVICE) {
    const found = says.exec(message);
    if (found) return advise(found[1] ?? '');
  }
  return `this cannot be understood (${message}); compare it with docs/reply-texts.md`;
}
