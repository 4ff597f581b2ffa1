import type { Program } from '../activation/program.ts';
import { countSegments, SEGMENT_CHARACTERS, type SegmentCount } from '../sms/segment.ts';
import { liquidProblem, type ParsedText } from './liquid.ts';
import type { Problem } from './problem.ts';
import type { TemplateSource } from './source.ts';
import { type TextName, variablesOf } from './texts.ts';
import { isTillText, MAX_TILL_CHARACTERS, screenCharacters } from './till-texts.ts';
import { samplesOf } from './values.ts';
import { isVariableName, VARIABLES } from './variables.ts';

/** The most that a reply may cost, whatever its values. */
const MAX_SEGMENTS = 2;

type NamedSource = TemplateSource & { readonly name: TextName };

/** What can be said of a text without rendering it: its characters, the names it uses and the braces it spoils. */
export function checkStatically(source: NamedSource, text: ParsedText): readonly Problem[] {
  const unreadable = unreadableCharacter(source);
  if (unreadable !== undefined) return [unreadable];
  const misuses = text.uses.flatMap(({ path, line, column }) => {
    const message = misuse(path, source.name);
    return message === undefined ? [] : [{ file: source.path, line, column, message }];
  });
  return [...misuses, ...strayBraces(source)];
}

/** A text in one of its situations. */
interface Rendering {
  readonly text: string;
  /** `for programme club with code, minutes`. */
  readonly where: string;
}

/** What is wrong with a text in the situations it is made for, told once: where it fails, else where it is worst. */
export function checkSamples(source: NamedSource, text: ParsedText, readers: readonly Program[]): readonly Problem[] {
  const start = { file: source.path, line: 1, column: 1 };
  const renderings: Rendering[] = [];
  for (const program of readers) {
    for (const { situation, values } of samplesOf(source.name, program)) {
      const where = [`for programme ${program.key}`, situation].filter(Boolean).join(' ');
      try {
        renderings.push({ text: text.render(values), where });
      } catch (error) {
        return [liquidProblem(error, source.path)];
      }
      if (renderings.at(-1)?.text === '') {
        return [{ ...start, message: `the text is empty ${where}; write what to say then` }];
      }
    }
  }
  const message = isTillText(source.name) ? tooLong(renderings) : tooDear(renderings);
  return message === undefined ? [] : [{ ...start, message }];
}

function tooLong(renderings: readonly Rendering[]): string | undefined {
  const sized = renderings.map(({ text, where }) => ({ characters: screenCharacters(text), where }));
  const [longest] = sized.toSorted((a, b) => b.characters - a.characters);
  if (longest === undefined || longest.characters <= MAX_TILL_CHARACTERS) return undefined;
  const { characters, where } = longest;
  return `the text has ${characters} characters ${where}; shorten it by ${characters - MAX_TILL_CHARACTERS} to fit a till's screen (${MAX_TILL_CHARACTERS} characters)`;
}

function tooDear(renderings: readonly Rendering[]): string | undefined {
  const counted = renderings.map(({ text, where }) => ({ count: countSegments(text), where }));
  const [dearest] = counted.toSorted((a, b) => byPrice(b.count, a.count));
  if (dearest === undefined || dearest.count.segments <= MAX_SEGMENTS) return undefined;
  return overBudget(dearest.count, dearest.where);
}

function byPrice(a: SegmentCount, b: SegmentCount): number {
  return a.segments - b.segments || a.characters - b.characters;
}

function overBudget({ encoding, segments, characters }: SegmentCount, where: string): string {
  const room = MAX_SEGMENTS * SEGMENT_CHARACTERS[encoding].joined;
  const excess = Math.max(1, characters - room);
  return (
    `the text takes ${segments} segments (${characters} ${encoding} characters) ${where}; ` +
    `shorten it by ${excess} to fit ${MAX_SEGMENTS} segments (${room} characters)`
  );
}

function misuse(path: readonly string[], name: TextName): string | undefined {
  const [variable = '', ...parts] = path;
  const allowed = variablesOf(name);
  if (!isVariableName(variable)) return `there is no variable "${variable}"; use one of ${allowed.join(', ')}`;
  if (!allowed.includes(variable)) {
    return `"${variable}" is not known in this ${isTillText(name) ? 'text' : 'reply'} (${VARIABLES[variable].meaning}); use one of ${allowed.join(', ')}`;
  }
  if (parts.length > 0) return `"${variable}" has no parts; write {{ ${variable} }}`;
  return undefined;
}

/** U+FFFD is what reading puts for bytes that are not UTF-8: a file saved as Windows-1251 is full of it. */
function unreadableCharacter(source: TemplateSource): Problem | undefined {
  const index = source.text.search(/[^\P{Cc}\t\n\r]|\ufffd/u);
  if (index === -1) return undefined;
  const isControl = source.text[index] !== '\ufffd';
  return problemAt(
    source,
    index,
    isControl
      ? 'a control character would be sent as it is; remove it, or save the file as UTF-8'
      : 'this is not UTF-8; save the file as UTF-8',
  );
}

/** A brace outside of Liquid is a slip such as `{ card }`, which a customer would read. */
function strayBraces(source: TemplateSource): readonly Problem[] {
  const outside = source.text.replace(/\{\{.*?\}\}|\{%.*?%\}/gs, (liquid) => liquid.replace(/[^\n]/g, ' '));
  const index = outside.search(/[{}]/);
  if (index === -1) return [];
  const message = 'a single brace would be sent as it is; write {{ name }} for a value, or remove it';
  return [problemAt(source, index, message)];
}

function problemAt({ path, text }: TemplateSource, index: number, message: string): Problem {
  const before = text.slice(0, index).split('\n');
  return { file: path, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message };
}
