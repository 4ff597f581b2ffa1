import { judgeCard } from '../activation/card-fault.ts';
import type { Program } from '../activation/program.ts';
import { type CsvFile, CsvFileError, firstFilled, isBlank, openCsvFile } from './csv-file.ts';
import { REJECT_COLUMNS } from './reject-file.ts';

/** One card of a list, as it stands there. */
export interface CardLine {
  /** Counted from 1, as editors and spreadsheets do; a record over several lines has its first. */
  readonly line: number;
  readonly number: string;
  /** Empty when the list has no such column. What stands beyond the columns is part of it: it may say "blocked". */
  readonly status: string;
}

/** A list of cards on the disk. */
export interface CardFile extends Pick<CsvFile, 'sha256' | 'bytes' | 'bytesRead'> {
  /** The cards in order, in constant memory; header and blank lines are left out. Throws `CsvFileError`. */
  readonly lines: () => AsyncGenerator<CardLine>;
}

/**
 * Opens a CSV. A header names the columns (`number` or `card`, and `status`); without one the number comes first and
 * the status second. A column of another name is refused rather than overlooked, unless `ignored` names it: it may be
 * what says which cards are blocked. Throws `CsvFileError`.
 */
export async function openCardFile(path: string, program: Program, ignored: readonly string[] = []): Promise<CardFile> {
  const file = await openCsvFile(path);
  const first = await firstFilled(file);
  const isHeader = first !== undefined && hasHeader(first.cells, program);
  const names = isHeader ? first.cells.map(nameOf) : WITHOUT_HEADER;
  const columns = columnsOf(names, new Set([...REJECT_COLUMNS, ...ignored.map(nameOf)]));
  const mistakes = isHeader ? columns.mistakes : mistakesWithout(first?.cells ?? [], columns);
  if (mistakes.length > 0) throw new CsvFileError(`${path}: ${mistakes.join('; ')}`);
  return { ...file, lines: () => readLines(file, columns, isHeader ? first.line : undefined) };
}

async function* readLines(file: CsvFile, columns: Columns, headerLine: number | undefined): AsyncGenerator<CardLine> {
  for await (const record of file.records()) {
    const { line, cells } = record;
    if (line !== headerLine && !isBlank(record)) yield cardLine(line, cells, columns);
  }
}

interface Columns {
  readonly number: number;
  /** -1: the list has none. */
  readonly status: number;
  /** How many have a name. */
  readonly count: number;
  /** In words, none for a list that can be read. */
  readonly mistakes: readonly string[];
}

const WITHOUT_HEADER = ['number', 'status'];
const NUMBER_NAMES = new Set([
  'number',
  'card',
  'card number',
  'card_number',
  'cardnumber',
  'номер',
  'карта',
  'номер карты',
]);
const STATUS_NAMES = new Set(['status', 'card status', 'card_status', 'cardstatus', 'статус', 'статус карты']);

function isKnown(name: string): boolean {
  return NUMBER_NAMES.has(name) || STATUS_NAMES.has(name);
}

/** A header names a column, or at least begins with a cell that has no digit in it and is no card of letters. */
function hasHeader(cells: readonly string[], program: Program): boolean {
  const [first = ''] = cells;
  return cells.some((cell) => isKnown(nameOf(cell))) || !(/\p{Nd}/u.test(first) || 'card' in judgeCard(first, program));
}

/** Where no column is the number's, the line may be a mistyped card: then it is not repeated in words. */
function columnsOf(names: readonly string[], ignored: ReadonlySet<string>): Columns {
  const count = names.findLastIndex((name) => name !== '') + 1;
  const read = names.slice(0, count).map((name) => (ignored.has(name) ? undefined : name));
  const places = (known: ReadonlySet<string>) => read.flatMap((name, at) => (name && known.has(name) ? [at] : []));
  const [number, secondNumber] = places(NUMBER_NAMES);
  const [status = -1, secondStatus] = places(STATUS_NAMES);
  if (number === undefined) return { number: 0, status, count, mistakes: [NO_NUMBER] };
  const unknown = read.flatMap((name) => (name === undefined || isKnown(name) ? [] : [`"${name}"`]));
  const mistakes = [
    ...(secondNumber === undefined ? [] : ['two columns have the number']),
    ...(secondStatus === undefined ? [] : ['two columns have the status']),
    ...(unknown.length === 0 ? [] : [notCalled(unknown)]),
  ];
  return { number, status, count, mistakes };
}

const NO_NUMBER = 'the first line is no card of the programme, and calls no column "number"';

function notCalled(names: readonly string[]): string {
  const advice = 'call the one with the status "status", and name with --ignore what is not to be read';
  return `no column is called ${names.join(' or ')}: ${advice}`;
}

function mistakesWithout(cells: readonly string[], { count }: Columns): readonly string[] {
  return surplusOf(cells, count).length === 0 ? [] : ['a list of more than two columns needs a line that names them'];
}

function nameOf(cell: string): string {
  return cell.trim().toLowerCase();
}

function cardLine(line: number, cells: readonly string[], { number, status, count }: Columns): CardLine {
  const all = [cells[status] ?? '', ...surplusOf(cells, count)];
  return { line, number: cells[number] ?? '', status: nameOf(all.join(' ')) };
}

/** What stands beyond the columns. */
function surplusOf(cells: readonly string[], count: number): readonly string[] {
  return cells.length > count ? cells.slice(count).filter((cell) => cell.trim() !== '') : [];
}
