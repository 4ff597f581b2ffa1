import { createHash } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';

/** One record of a CSV. */
export interface CsvRecord {
  /** Counted from 1, as editors and spreadsheets do; a record over several lines has its first. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** A CSV on the disk. */
export interface CsvFile {
  /** Of the whole file, in lower-case hexadecimal: says in the audit which list it was. */
  readonly sha256: string;
  readonly bytes: number;
  /** How much was read so far. */
  readonly bytesRead: () => number;
  /** The records in order, in constant memory; blank lines too. Throws `CsvFileError`. */
  readonly records: () => AsyncGenerator<CsvRecord>;
}

/** The file cannot be read as a list; the message says what to do and is fit for an operator. */
export class CsvFileError extends Error {
  override readonly name = 'CsvFileError';
}

/**
 * Opens a CSV in UTF-8, with or without BOM, with `,`, `;` or tabs between the cells and any line ends.
 * Throws `CsvFileError`.
 */
export async function openCsvFile(path: string): Promise<CsvFile> {
  const hash = createHash('sha256');
  const { size, start } = await peek(path);
  await pipeline(createReadStream(path), hash);
  const source = { bytesRead: 0 };
  return {
    sha256: hash.digest('hex'),
    bytes: size,
    bytesRead: () => source.bytesRead,
    records: () => readRecords(path, separatorOf(start), source),
  };
}

/** The first record that is not blank: it names the columns, or is the first of the list. Throws `CsvFileError`. */
export async function firstFilled(file: CsvFile): Promise<CsvRecord | undefined> {
  for await (const record of file.records()) if (!isBlank(record)) return record;
  return undefined;
}

/** True for a record of empty cells. */
export function isBlank({ cells }: CsvRecord): boolean {
  return cells.every((cell) => cell.trim() === '');
}

async function peek(path: string): Promise<{ size: number; start: Buffer }> {
  const file = await open(path).catch((cause: unknown) => {
    throw new CsvFileError(`${path} cannot be opened`, { cause });
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new CsvFileError(`${path} is not a file`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4_096), 0, 4_096, 0);
    const start = buffer.subarray(0, bytesRead);
    if (start.includes(0)) throw new CsvFileError(`${path} is not a CSV in UTF-8: export it as "CSV UTF-8"`);
    return { size: stats.size, start };
  } finally {
    await file.close();
  }
}

/** The separator that the first line with something in it has most of. */
function separatorOf(start: Buffer): string {
  const first =
    start
      .toString('utf8')
      .split(/[\r\n]/)
      .find((line) => line.trim() !== '') ?? '';
  const count = (separator: string) => first.split(separator).length;
  return [',', ';', '\t'].reduce((best, other) => (count(other) > count(best) ? other : best));
}

const MAX_RECORD_BYTES = 65_536;
const READ_BYTES = 262_144;

/**
 * As long as no quote has come, a line is a record and its cells stand between the separators: a list of 10^6 cards is
 * read in 0.8 s, where the parser takes 1.8 s. From the first quote on the parser reads the rest.
 */
async function* readRecords(
  path: string,
  delimiter: string,
  progress: { bytesRead: number },
): AsyncGenerator<CsvRecord> {
  const source = createReadStream(path, { highWaterMark: READ_BYTES, encoding: 'utf8' });
  const texts = textsOf(source, progress);
  let line = 1;
  let unended = '';
  try {
    for (let next = await texts.next(); !next.done; next = await texts.next()) {
      if (next.value.includes('"')) {
        yield* parseRecords(path, delimiter, line, startWith(unended + next.value, texts));
        return;
      }
      const { lines, rest } = cutLines(unended + next.value);
      unended = rest;
      for (const text of lines) {
        yield { line, cells: cellsOf(path, line, text, delimiter) };
        line += 1;
      }
      if (unended.length > MAX_RECORD_BYTES) throw badRecord(path, line);
    }
    const last = unended.replace(/\r$/, '');
    if (unended !== '') yield { line, cells: cellsOf(path, line, last, delimiter) };
  } catch (error) {
    throw error instanceof Error && 'syscall' in error
      ? new CsvFileError(`${path} cannot be read to its end`, { cause: error })
      : error;
  } finally {
    source.destroy();
  }
}

/** The file's text piece by piece, without its byte order mark. */
async function* textsOf(source: ReadStream, progress: { bytesRead: number }): AsyncGenerator<string> {
  let isFirst = true;
  for await (const text of source as AsyncIterable<string>) {
    progress.bytesRead = source.bytesRead;
    yield isFirst && text.startsWith('\ufeff') ? text.slice(1) : text;
    isFirst = false;
  }
}

async function* startWith(first: string, others: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first;
  yield* others;
}

/** The lines that have an end, and what stands after them; a `\r` at the very end may be half of one. */
function cutLines(text: string): { readonly lines: readonly string[]; readonly rest: string } {
  const half = text.endsWith('\r') ? '\r' : '';
  const whole = half === '' ? text : text.slice(0, -1);
  const lines = whole.includes('\r') ? whole.split(/\r\n|\n|\r/) : whole.split('\n');
  return { rest: (lines.pop() ?? '') + half, lines };
}

function cellsOf(path: string, line: number, text: string, delimiter: string): readonly string[] {
  if (text.length > MAX_RECORD_BYTES) throw badRecord(path, line);
  return text.split(delimiter);
}

async function* parseRecords(
  path: string,
  delimiter: string,
  firstLine: number,
  texts: AsyncGenerator<string>,
): AsyncGenerator<CsvRecord> {
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  const source = Readable.from(texts);
  source.on('error', (error) => parser.destroy(error)).pipe(parser);
  let line = firstLine;
  let records = 0;
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      yield { line, cells: record };
      line += linesOf(record);
      records += 1;
    }
  } catch (error) {
    // What the parser has ready when it fails does not come out any more.
    throw error instanceof CsvError ? badRecord(path, line + Number(error.records) - records, error) : error;
  } finally {
    source.destroy();
  }
}

/** How many lines of the file a record takes: quoted cells may hold line ends. */
function linesOf(record: readonly string[]): number {
  let lines = 1;
  for (const cell of record) if (cell.includes('\n')) lines += cell.split('\n').length - 1;
  return lines;
}

function badRecord(path: string, line: number, cause?: Error): CsvFileError {
  return new CsvFileError(`${path}:${line}: a quote that is never closed, or a line of more than 64 KB`, { cause });
}
