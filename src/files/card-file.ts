import { type CsvFile, isBlank, openCsvFile } from './csv-file.ts';

/** One card of a list, as it stands there. */
export interface CardLine {
  /** Counted from 1, as editors and spreadsheets do; a record over several lines has its first. */
  readonly line: number;
  readonly number: string;
  /** Empty when the list has no such column. */
  readonly status: string;
}

/** A list of cards on the disk. */
export interface CardFile extends Pick<CsvFile, 'sha256' | 'bytes' | 'bytesRead'> {
  /** The cards in order, in constant memory; header and blank lines are left out. Throws `CsvFileError`. */
  readonly lines: () => AsyncGenerator<CardLine>;
}

/**
 * Opens a CSV. A header names the columns (`number` or `card`, and `status`); without one the number comes first, and in
 * a list of two columns the status second. Throws `CsvFileError`.
 */
export async function openCardFile(path: string): Promise<CardFile> {
  const file = await openCsvFile(path);
  return { ...file, lines: () => readLines(file) };
}

async function* readLines(file: CsvFile): AsyncGenerator<CardLine> {
  let columns: Columns | undefined;
  for await (const record of file.records()) {
    const { line, cells } = record;
    const isHeader = columns === undefined && hasHeader(cells);
    columns ??= columnsOf(cells, isHeader);
    if (!isHeader && !isBlank(record)) yield cardLine(line, cells, columns);
  }
}

interface Columns {
  readonly number: number;
  /** Absent: the list has none. */
  readonly status: number | undefined;
}

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
const STATUS_NAMES = new Set(['status', 'статус']);

/** A header names the column of the number, or at least begins with a cell that has no digit in it. */
function hasHeader(record: readonly string[]): boolean {
  return record.some((cell) => NUMBER_NAMES.has(nameOf(cell))) || !/\p{Nd}/u.test(record[0] ?? '');
}

function columnsOf(record: readonly string[], isHeader: boolean): Columns {
  if (!isHeader) return { number: 0, status: record.length === 2 ? 1 : undefined };
  const find = (names: ReadonlySet<string>) => record.findIndex((cell) => names.has(nameOf(cell)));
  const status = find(STATUS_NAMES);
  return { number: Math.max(find(NUMBER_NAMES), 0), status: status < 0 ? undefined : status };
}

function nameOf(cell: string): string {
  return cell.trim().toLowerCase();
}

function cardLine(line: number, record: readonly string[], { number, status }: Columns): CardLine {
  const cell = status === undefined ? '' : (record[status] ?? '');
  return { line, number: record[number] ?? '', status: nameOf(cell) };
}
