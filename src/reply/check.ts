import type { TemplateName } from '../activation/outcome.ts';
import type { Program } from '../activation/program.ts';
import { countSegments, SEGMENT_CHARACTERS, type SegmentCount } from '../sms/segment.ts';
import { liquidProblem, type ParsedText } from './liquid.ts';
import type { Problem } from './problem.ts';
import { variablesOf } from './replies.ts';
import type { TemplateSource } from './source.ts';
import { samplesOf } from './values.ts';
import { isVariableName, VARIABLES } from './variables.ts';

/** The most that a reply may cost, whatever its values. */
const MAX_SEGMENTS = 2;

type NamedSource = TemplateSource & { readonly name: TemplateName };

/** What can be said of a text without rendering it: the names it uses and the braces it spoils. */
export function checkStatically(source: NamedSource, text: ParsedText): readonly Problem[] {
  const misuses = text.uses.flatMap(({ path, line, column }) => {
    const message = misuse(path, source.name);
    return message === undefined ? [] : [{ file: source.path, line, column, message }];
  });
  return [...misuses, ...strayBraces(source)];
}

/** What is wrong with a text in the situations it is made for, told once: where it fails, else where it costs most. */
export function checkSamples(source: NamedSource, text: ParsedText, readers: readonly Program[]): readonly Problem[] {
  const start = { file: source.path, line: 1, column: 1 };
  let dearest: { readonly count: SegmentCount; readonly where: string } | undefined;
  for (const program of readers) {
    for (const { situation, values } of samplesOf(source.name, program)) {
      const where = [`for programme ${program.key}`, situation].filter(Boolean).join(' ');
      try {
        const rendered = text.render(values);
        if (rendered === '') return [{ ...start, message: `the text is empty ${where}; write what to say then` }];
        const count = countSegments(rendered);
        if (dearest === undefined || isDearer(count, dearest.count)) dearest = { count, where };
      } catch (error) {
        return [liquidProblem(error, source.path)];
      }
    }
  }
  if (dearest === undefined || dearest.count.segments <= MAX_SEGMENTS) return [];
  return [{ ...start, message: overBudget(dearest.count, dearest.where) }];
}

function isDearer(a: SegmentCount, b: SegmentCount): boolean {
  return a.segments > b.segments || (a.segments === b.segments && a.characters > b.characters);
}

function overBudget({ encoding, segments, characters }: SegmentCount, where: string): string {
  const room = MAX_SEGMENTS * SEGMENT_CHARACTERS[encoding].joined;
  const excess = Math.max(1, characters - room);
  return (
    `the text takes ${segments} segments (${characters} ${encoding} characters) ${where}; ` +
    `shorten it by ${excess} to fit ${MAX_SEGMENTS} segments (${room} characters)`
  );
}

function misuse(path: readonly string[], name: TemplateName): string | undefined {
  const [variable = '', ...parts] = path;
  const allowed = variablesOf(name);
  if (!isVariableName(variable)) return `there is no variable "${variable}"; use one of ${allowed.join(', ')}`;
  if (!allowed.includes(variable)) {
    return `"${variable}" is not known in this reply (${VARIABLES[variable].meaning}); use one of ${allowed.join(', ')}`;
  }
  if (parts.length > 0) return `"${variable}" has no parts; write {{ ${variable} }}`;
  return undefined;
}

/** A brace outside of Liquid is a slip such as `{ card }`, which a customer would read. */
function strayBraces({ path, text }: TemplateSource): readonly Problem[] {
  const outside = text.replace(/\{\{.*?\}\}|\{%.*?%\}/gs, (liquid) => liquid.replace(/[^\n]/g, ' '));
  const index = outside.search(/[{}]/);
  if (index === -1) return [];
  const before = text.slice(0, index).split('\n');
  const message = 'a single brace would be sent as it is; write {{ name }} for a value, or remove it';
  return [{ file: path, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message }];
}
