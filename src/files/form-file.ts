import { type CsvFile, CsvFileError, type CsvRecord, firstFilled, isBlank, openCsvFile } from './csv-file.ts';
import { REJECT_COLUMNS } from './reject-file.ts';

/** One form of a pile, as it was typed into a table. */
export interface FormLine {
  readonly line: number;
  /** By column; cells that are missing or blank are left out. */
  readonly cells: ReadonlyMap<string, string>;
}

/** A table of forms on the disk. */
export interface FormFile extends Pick<CsvFile, 'bytes' | 'bytesRead'> {
  /** In the order of the file. */
  readonly columns: readonly string[];
  /** The forms in order, in constant memory; blank lines are left out. Throws `CsvFileError`. */
  readonly lines: () => AsyncGenerator<FormLine>;
}

const COLUMN = /^(?:phone|card|name|birthday|email|consent_[a-z][a-z_-]{0,31})$/;
const NEEDED = ['phone', 'card'];
const IGNORED: ReadonlySet<string> = new Set(REJECT_COLUMNS);

/**
 * Opens a CSV whose first line names the columns: phone, card, name, birthday, email and consent_*. A column of another
 * name is refused rather than overlooked. Throws `CsvFileError`.
 */
export async function openFormFile(path: string): Promise<FormFile> {
  const file = await openCsvFile(path);
  const header = await firstFilled(file);
  const names = (header?.cells ?? []).map((cell) => cell.trim().toLowerCase());
  const mistakes = mistakesOf(names);
  if (mistakes.length > 0) throw new CsvFileError(`${path}: ${mistakes.join('; ')}`);
  const columns = names.filter((name) => !IGNORED.has(name));
  return { ...file, columns, lines: () => readLines(file, names) };
}

function mistakesOf(names: readonly string[]): string[] {
  const missing = NEEDED.filter((name) => !names.includes(name));
  const unknown = names.filter((name) => !COLUMN.test(name) && !IGNORED.has(name));
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  return [
    ...missing.map((name) => `the first line names no column "${name}"`),
    ...unknown.map((name) => `no column is called "${name}"`),
    ...twice.map((name) => `the column "${name}" is there twice`),
  ];
}

async function* readLines(file: CsvFile, names: readonly string[]): AsyncGenerator<FormLine> {
  let isHeader = true;
  for await (const record of file.records()) {
    if (isBlank(record)) continue;
    if (!isHeader) yield formLine(record, names);
    isHeader = false;
  }
}

/** The apostrophe that the file of rejected rows leads a cell by is taken off again. */
const LED = /^'(?=[=+\-@])/;

function formLine({ line, cells }: CsvRecord, names: readonly string[]): FormLine {
  const filled = names.flatMap((name, at): [string, string][] => {
    const cell = (cells[at] ?? '').trim().replace(LED, '');
    return cell === '' || IGNORED.has(name) ? [] : [[name, cell]];
  });
  return { line, cells: new Map(filled) };
}
