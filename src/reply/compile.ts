import { LOCALES, type Locale, type Program } from '../activation/program.ts';
import { checkSamples, checkStatically } from './check.ts';
import { liquidProblem, type ParsedText, parseText } from './liquid.ts';
import type { Problem } from './problem.ts';
import { type TemplateSource, templatePath } from './source.ts';
import { isTextName, TEXT_NAMES, type TextName } from './texts.ts';
import { isTillText } from './till-texts.ts';

/** The texts of every programme, those for the till too, parsed; never changed once made. */
export interface ReplyTexts {
  /** The programme's own text, else that of all programmes. */
  find(program: string, locale: Locale, name: TextName): ParsedText | undefined;
}

/** What came of a set of files. With problems, `texts` holds only what could be parsed. */
export interface Compilation {
  readonly texts: ReplyTexts;
  readonly problems: readonly Problem[];
}

/** A source whose place makes sense. */
interface PlacedSource extends TemplateSource {
  readonly locale: Locale;
  readonly name: TextName;
}

/**
 * Parses every text once and finds all that is wrong with them, in the order of the files: texts that are out of place
 * or missing, that Liquid does not understand, that use what they may not, that come out empty or cost too much in any
 * situation of any programme that uses them.
 */
export function compileTemplates(sources: readonly TemplateSource[], programs: readonly Program[]): Compilation {
  const problems: Problem[] = [];
  const parsed = new Map<string, ParsedText>();
  const placed = sources.filter((source) => isPlaced(source, programs, problems));
  const overridden = new Set(placed.map(keyOf));
  for (const source of placed) {
    try {
      const text = parseText(source.text, source.locale);
      parsed.set(keyOf(source), text);
      const readers = programs.filter((program) => isReader(program, source, overridden));
      const misuses = checkStatically(source, text);
      // A text that uses what it may not fails in every sample: once is enough.
      problems.push(...(misuses.length > 0 ? misuses : checkSamples(source, text, readers)));
    } catch (error) {
      problems.push(liquidProblem(error, source.path));
    }
  }
  problems.push(...missing(overridden, programs));
  return { texts: { find: (...place) => findText(parsed, ...place) }, problems: problems.toSorted(byPlace) };
}

function findText(parsed: ReadonlyMap<string, ParsedText>, program: string, locale: Locale, name: TextName) {
  return parsed.get(keyOf({ program, locale, name })) ?? parsed.get(keyOf({ locale, name }));
}

function keyOf({ program = '', locale, name }: { program?: string; locale: string; name: string }): string {
  return `${program}/${locale}/${name}`;
}

/** True when the programme uses this text. */
function isReader(program: Program, source: PlacedSource, overridden: ReadonlySet<string>): boolean {
  if (!program.locales.includes(source.locale)) return false;
  if (source.program !== undefined) return source.program === program.key;
  return !overridden.has(keyOf({ program: program.key, locale: source.locale, name: source.name }));
}

function isPlaced(source: TemplateSource, programs: readonly Program[], problems: Problem[]): source is PlacedSource {
  const message = misplacement(source, programs);
  if (message !== undefined) problems.push({ file: source.path, line: 1, column: 1, message });
  return message === undefined;
}

function misplacement({ program, locale, name }: TemplateSource, programs: readonly Program[]): string | undefined {
  if (program !== undefined && !programs.some(({ key }) => key === program)) {
    const keys = programs.map(({ key }) => key).join(', ');
    return `there is no programme "${program}" in the configuration; rename the folder to one of ${keys}, or remove it`;
  }
  if (!(LOCALES as readonly string[]).includes(locale)) {
    return `there is no language "${locale}"; rename the folder to one of ${LOCALES.join(', ')}, or remove it`;
  }
  if (!isTextName(name)) {
    const isForTill = name.startsWith('till/');
    const names = TEXT_NAMES.filter((one) => isTillText(one) === isForTill).join(', ');
    return `there is no ${isForTill ? 'text' : 'reply'} "${name}"; rename the file to one of ${names}, or remove it`;
  }
  return undefined;
}

/** A text that some programme may need and nobody wrote. */
function missing(written: ReadonlySet<string>, programs: readonly Program[]): readonly Problem[] {
  return LOCALES.flatMap((locale) =>
    TEXT_NAMES.flatMap((name) => {
      if (written.has(keyOf({ locale, name }))) return [];
      const without = programs.filter(
        ({ key, locales }) => locales.includes(locale) && !written.has(keyOf({ program: key, locale, name })),
      );
      if (without.length === 0) return [];
      const keys = without.map(({ key }) => key).join(', ');
      const need = isTillText(name) ? 'text is missing and the till of' : 'reply is missing and';
      const message = `this ${need} ${keys} may have to ${isTillText(name) ? 'show' : 'send'} it; write this file`;
      return [{ file: templatePath(locale, name), line: 1, column: 1, message }];
    }),
  );
}

function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
