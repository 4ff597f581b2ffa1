import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';

/** Where rows go that could not be taken, to be mended and imported again. */
export interface RejectFile {
  readonly path: string;
  /** `cells` in the order of the columns. */
  readonly add: (line: number, cells: readonly string[], reason: string) => Promise<void>;
  /** Resolves when everything is on the disk. */
  readonly close: () => Promise<void>;
}

/** What stands behind a row's own cells; an import passes it over, so that the file can be imported once it is mended. */
export const REJECT_COLUMNS = ['line', 'reason'] as const;

/**
 * `cards.csv` → `cards.rejected.csv`, readable by its owner only. It is made with the first row; the one of an earlier
 * run is removed at once. Its columns are those that the import reads, then the line and the reason.
 */
export async function openRejectFile(source: string, columns: readonly string[]): Promise<RejectFile> {
  const path = `${source.replace(/\.csv$/i, '')}.rejected.csv`;
  await rm(path, { force: true });
  let stream: WriteStream | undefined;
  return {
    path,
    add: async (line, cells, reason) => {
      stream ??= start(path, columns);
      if (!stream.write(csvLine([...cells, String(line), reason]))) await once(stream, 'drain');
    },
    close: async () => {
      if (stream !== undefined) await finished(stream.end());
    },
  };
}

function start(path: string, columns: readonly string[]): WriteStream {
  const stream = createWriteStream(path, { mode: 0o600 });
  stream.write(csvLine([...columns, ...REJECT_COLUMNS]));
  return stream;
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** A cell as RFC 4180 wants it; one that a spreadsheet would run as a formula is led by an apostrophe. */
export function csvCell(value: string): string {
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n;\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
