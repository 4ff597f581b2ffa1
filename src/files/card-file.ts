import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';

/** One card of a list, as it stands there. */
export interface CardLine {
  /** Counted from 1, as editors and spreadsheets do; a record over several lines has its first. */
  readonly line: number;
  readonly number: string;
  /** Empty when the list has no such column. */
  readonly status: string;
}

/** A list of cards on the disk. */
export interface CardFile {
  /** Of the whole file, in lower-case hexadecimal: says in the audit which list it was. */
  readonly sha256: string;
  readonly bytes: number;
  /** How much was read so far. */
  readonly bytesRead: () => number;
  /** The cards in order, in constant memory; header and blank lines are left out. Throws `CardFileError`. */
  readonly lines: () => AsyncGenerator<CardLine>;
}

/** The file cannot be read as a list of cards; the message says what to do and is fit for an operator. */
export class CardFileError extends Error {
  override readonly name = 'CardFileError';
}

/**
 * Opens a CSV in UTF-8, with or without BOM, with `,`, `;` or tabs between the cells and any line ends. A header names
 * the columns (`number` or `card`, and `status`); without one the number comes first, and in a list of two columns the
 * status second. Throws `CardFileError`.
 */
export async function openCardFile(path: string): Promise<CardFile> {
  const hash = createHash('sha256');
  const { size, start } = await peek(path);
  await pipeline(createReadStream(path), hash);
  const source = { bytesRead: 0 };
  return {
    sha256: hash.digest('hex'),
    bytes: size,
    bytesRead: () => source.bytesRead,
    lines: () => readLines(path, separatorOf(start), source),
  };
}

async function peek(path: string): Promise<{ size: number; start: Buffer }> {
  const file = await open(path).catch((cause: unknown) => {
    throw new CardFileError(`${path} cannot be opened`, { cause });
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new CardFileError(`${path} is not a file`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4_096), 0, 4_096, 0);
    const start = buffer.subarray(0, bytesRead);
    if (start.includes(0)) throw new CardFileError(`${path} is not a CSV in UTF-8: export it as "CSV UTF-8"`);
    return { size: stats.size, start };
  } finally {
    await file.close();
  }
}

/** The separator that the first line has most of. */
function separatorOf(start: Buffer): string {
  const [first = ''] = start.toString('utf8').split(/[\r\n]/, 1);
  const count = (separator: string) => first.split(separator).length;
  return [',', ';', '\t'].reduce((best, other) => (count(other) > count(best) ? other : best));
}

const MAX_RECORD_BYTES = 65_536;

async function* readLines(path: string, delimiter: string, progress: { bytesRead: number }): AsyncGenerator<CardLine> {
  const source = createReadStream(path, { highWaterMark: 262_144 });
  const parser = parse({
    bom: true,
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  source.on('error', (error) => parser.destroy(error)).pipe(parser);
  let columns: Columns | undefined;
  let line = 1;
  let records = 0;
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      progress.bytesRead = source.bytesRead;
      const isHeader = columns === undefined && hasHeader(record);
      columns ??= columnsOf(record, isHeader);
      if (!isHeader && !record.every((cell) => cell.trim() === '')) yield cardLine(line, record, columns);
      line += linesOf(record);
      records += 1;
    }
  } catch (error) {
    throw unreadable(path, error, (parsed) => line + parsed - records);
  } finally {
    source.destroy();
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

/** How many lines of the file a record takes: quoted cells may hold line ends. */
function linesOf(record: readonly string[]): number {
  let lines = 1;
  for (const cell of record) if (cell.includes('\n')) lines += cell.split('\n').length - 1;
  return lines;
}

/** `lineOf`: of the record after so many. What the parser has ready when it fails does not come out any more. */
function unreadable(path: string, error: unknown, lineOf: (records: number) => number): unknown {
  if (error instanceof CsvError) {
    const line = lineOf(Number(error.records));
    return new CardFileError(`${path}:${line}: a quote that is never closed, or a line of more than 64 KB`, {
      cause: error,
    });
  }
  const isOfTheSystem = error instanceof Error && 'syscall' in error;
  return isOfTheSystem ? new CardFileError(`${path} cannot be read to its end`, { cause: error }) : error;
}
