import { sql } from 'kysely';
import { CARD_FAULTS, judgeCard } from '../activation/card-fault.ts';
import type { CardNumber } from '../activation/card-number.ts';
import type { Program } from '../activation/program.ts';
import { recordAudit } from './audit.ts';
import { loadCards, type NewCardStatus } from './card-load.ts';
import { type Database, type Trx, transact } from './database.ts';

/** One row of a list of cards, as it stands there. */
export interface ImportRow {
  readonly line: number;
  readonly number: string;
  readonly status: string;
}

export interface CardImport<Row extends ImportRow> {
  readonly program: Program;
  /** Who imports, as the audit spells it. */
  readonly actor: string;
  /** Goes into the audit with every chunk. */
  readonly file: { readonly name: string; readonly sha256: string };
  readonly rows: AsyncIterable<Row>;
  /** Rows of one transaction; short ones, because a long one would hold back the audit's sealer. */
  readonly chunkRows?: number;
  /** Told of each row that is not taken, with the reason in words. */
  readonly onReject: (row: Row, reason: string) => Promise<void>;
  /** Told after each commit what was done so far. */
  readonly onChunk?: (counts: ImportCounts) => void;
}

export interface ImportCounts {
  readonly rows: number;
  readonly added: number;
  /** In the registry before; an import never changes these, whatever status the list gives them. */
  readonly alreadyThere: number;
  readonly rejected: number;
}

const CHUNK_ROWS = 100_000;

/**
 * Brings a list of cards into the registry in constant memory, chunk by chunk: each is one transaction with its own
 * audit event. It may be interrupted and repeated: what is there already is counted and left as it is.
 */
export async function importCards<Row extends ImportRow>(db: Database, cards: CardImport<Row>): Promise<ImportCounts> {
  const startedAt = await now(db);
  let counts: ImportCounts = { rows: 0, added: 0, alreadyThere: 0, rejected: 0 };
  for await (const chunk of readAhead(chunksOf(cards))) {
    const { added, repeated } = await transact(db, (trx) =>
      loadChunk(trx, cards, chunk, counts.added > 0 ? startedAt : undefined),
    );
    for (const row of repeated) await cards.onReject(row, REPEATED);
    counts = {
      rows: counts.rows + chunk.rowCount,
      added: counts.added + added,
      alreadyThere: counts.alreadyThere + chunk.taken.size - added - repeated.length,
      rejected: counts.rejected + chunk.rejected + repeated.length,
    };
    cards.onChunk?.(counts);
  }
  return counts;
}

const REPEATED = 'this card stands earlier in the file';

/** Rows that were judged. */
interface Chunk<Row> {
  readonly taken: Map<CardNumber, Row>;
  rowCount: number;
  rejected: number;
}

async function* chunksOf<Row extends ImportRow>(cards: CardImport<Row>): AsyncGenerator<Chunk<Row>> {
  const fresh = (): Chunk<Row> => ({ taken: new Map(), rowCount: 0, rejected: 0 });
  let chunk = fresh();
  for await (const row of cards.rows) {
    chunk.rowCount += 1;
    const reason = take(chunk, row, cards.program);
    if (reason !== undefined) {
      chunk.rejected += 1;
      await cards.onReject(row, reason);
    }
    if (chunk.rowCount === (cards.chunkRows ?? CHUNK_ROWS)) {
      yield chunk;
      chunk = fresh();
    }
  }
  if (chunk.rowCount > 0) yield chunk;
}

/** Takes the row into the chunk, or answers why not. */
function take<Row extends ImportRow>(chunk: Chunk<Row>, row: Row, program: Program): string | undefined {
  const judged = judgeCard(row.number, program);
  if ('fault' in judged) return CARD_FAULTS[judged.fault];
  if (!STATUSES.has(row.status)) return 'the status must be issued, blocked or empty';
  if (chunk.taken.has(judged.card)) return REPEATED;
  chunk.taken.set(judged.card, row);
  return undefined;
}

const STATUSES: ReadonlyMap<string, NewCardStatus> = new Map([
  ['', 'issued'],
  ['issued', 'issued'],
  ['blocked', 'blocked'],
]);

async function loadChunk<Row extends ImportRow>(
  trx: Trx,
  { program, actor, file }: CardImport<Row>,
  { taken }: Chunk<Row>,
  /** Undefined while this import has added nothing: then no card of the chunk can be one of its own. */
  addedSince: string | undefined,
): Promise<{ readonly added: number; readonly repeated: readonly Row[] }> {
  // On a slow machine a chunk may take longer than a statement of the service may.
  await sql`SET LOCAL statement_timeout = 0`.execute(trx);
  let added = 0;
  for (const status of ['issued', 'blocked'] as const) {
    const numbers = [...taken].filter(([, row]) => STATUSES.get(row.status) === status).map(([number]) => number);
    added += await loadCards(trx, { program: program.key, status }, numbers);
  }
  const mayRepeat = addedSince !== undefined && added < taken.size;
  const repeated = mayRepeat ? await repeatedRows(trx, program.key, taken, addedSince) : [];
  if (added > 0) {
    const after = { ...file, lines: linesOf(taken), added, alreadyThere: taken.size - added - repeated.length };
    await recordAudit(trx, [{ program: program.key, actor, action: 'cards.imported', after }]);
  }
  return { added, repeated };
}

/** Rows whose cards an earlier chunk of the list has added; another import at the same time looks the same. */
async function repeatedRows<Row>(
  trx: Trx,
  program: string,
  taken: ReadonlyMap<CardNumber, Row>,
  addedSince: string,
): Promise<Row[]> {
  const { rows } = await sql<{ number: CardNumber }>`
    SELECT number FROM cards JOIN string_to_table(${[...taken.keys()].join('\n')}, E'\n') AS number USING (number)
    WHERE program = ${program} AND created_at >= ${addedSince}::timestamptz AND created_at < now()`.execute(trx);
  return rows.flatMap(({ number }) => taken.get(number) ?? []);
}

function linesOf(taken: ReadonlyMap<CardNumber, ImportRow>): string {
  const lines = [...taken.values()].map((row) => row.line);
  return `${lines[0]}–${lines.at(-1)}`;
}

/** The database's own time, to the microsecond: `created_at` is compared with it. */
async function now(db: Database): Promise<string> {
  const { rows } = await sql<{ now: string }>`SELECT clock_timestamp()::text AS now`.execute(db);
  return rows[0]?.now ?? '';
}

/** The same items, the next one being made while the present one is worked on. */
async function* readAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = items.next();
      // It is awaited above; until then its failure must not count as unhandled.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    await items.return(undefined);
  }
}
