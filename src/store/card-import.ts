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
  /** Told of each commit how many cards it has added, also when it comes after the failure of another. */
  readonly onCommit?: (added: number) => void;
  /** Told of the chunks in their order what was done so far. */
  readonly onChunk?: (counts: ImportCounts) => void;
}

export interface ImportCounts {
  readonly rows: number;
  readonly added: number;
  /** In the registry before; an import never changes these, whatever status the list gives them. */
  readonly alreadyThere: number;
  readonly rejected: number;
}

const CHUNK_ROWS = 50_000;
/** A second one at once takes a quarter off the time; Postgres works on both while the next is read. */
const CHUNKS_AT_ONCE = 2;

/**
 * Brings a list of cards into the registry in constant memory, chunk by chunk: each is one transaction with its own
 * audit event, and two of them are under way at once. It may be interrupted and repeated: what is there already is
 * counted and left as it is.
 */
export async function importCards<Row extends ImportRow>(db: Database, cards: CardImport<Row>): Promise<ImportCounts> {
  const startedAt = await now(db);
  let counts: ImportCounts = { rows: 0, added: 0, alreadyThere: 0, rejected: 0 };
  const load = async (chunk: Chunk<Row>): Promise<Loaded<Row>> => {
    const addedSince = counts.added > 0 ? startedAt : undefined;
    const loaded = await transact(db, (trx) => loadChunk(trx, cards, chunk, addedSince));
    cards.onCommit?.(loaded.added);
    return { chunk, ...loaded };
  };
  for await (const { chunk, added, repeated } of eachLoaded(readAhead(chunksOf(cards)), load)) {
    for (const row of repeated) await cards.onReject(row, REPEATED);
    counts = {
      rows: counts.rows + chunk.rowCount,
      added: counts.added + added,
      alreadyThere: counts.alreadyThere + chunk.cards.size - added - repeated.length,
      rejected: counts.rejected + chunk.rejected + repeated.length,
    };
    cards.onChunk?.(counts);
  }
  return counts;
}

/** What was committed of a chunk. */
interface Loaded<Row> {
  readonly chunk: Chunk<Row>;
  readonly added: number;
  /** Rows whose card an earlier chunk has brought. */
  readonly repeated: readonly Row[];
}

/** Loads the chunks, `CHUNKS_AT_ONCE` at once, and tells of each in their order. A failure waits for those under way. */
async function* eachLoaded<Row>(
  chunks: AsyncGenerator<Chunk<Row>>,
  load: (chunk: Chunk<Row>) => Promise<Loaded<Row>>,
): AsyncGenerator<Loaded<Row>> {
  const underWay: Promise<Loaded<Row>>[] = [];
  try {
    for await (const chunk of chunks) {
      const earlier = underWay.length === CHUNKS_AT_ONCE ? underWay.shift() : undefined;
      if (earlier !== undefined) yield await earlier;
      const loading = load(chunk);
      // It is awaited in its turn; until then its failure must not count as unhandled.
      loading.catch(() => undefined);
      underWay.push(loading);
    }
    for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) yield await next;
  } finally {
    await Promise.allSettled(underWay);
  }
}

const REPEATED = 'this card stands earlier in the file';

/** Rows that were judged. */
interface Chunk<Row> {
  /** Those that are taken: each card once, in the order of the list, and its row at the same place. */
  readonly cards: Set<CardNumber>;
  readonly rows: Row[];
  /** The same cards as they come into the registry. */
  readonly numbers: Readonly<Record<NewCardStatus, CardNumber[]>>;
  rowCount: number;
  rejected: number;
}

function emptyChunk<Row>(): Chunk<Row> {
  return { cards: new Set(), rows: [], numbers: { issued: [], blocked: [] }, rowCount: 0, rejected: 0 };
}

async function* chunksOf<Row extends ImportRow>(list: CardImport<Row>): AsyncGenerator<Chunk<Row>> {
  // May be under way still when the next is loaded: the database cannot tell yet what it adds.
  let before = emptyChunk<Row>();
  let chunk = emptyChunk<Row>();
  for await (const row of list.rows) {
    chunk.rowCount += 1;
    const reason = take(chunk, before, row, list.program);
    if (reason !== undefined) {
      chunk.rejected += 1;
      await list.onReject(row, reason);
    }
    if (chunk.rowCount === (list.chunkRows ?? CHUNK_ROWS)) {
      yield chunk;
      before = chunk;
      chunk = emptyChunk();
    }
  }
  if (chunk.rowCount > 0) yield chunk;
}

/** Takes the row into the chunk, or answers why not. */
function take<Row extends ImportRow>(
  { cards, rows, numbers }: Chunk<Row>,
  before: Chunk<Row>,
  row: Row,
  program: Program,
): string | undefined {
  const judged = judgeCard(row.number, program);
  if ('fault' in judged) return CARD_FAULTS[judged.fault];
  const status = STATUSES.get(row.status);
  if (status === undefined) return 'the status must be issued, blocked or empty';
  const { card } = judged;
  const { size } = cards;
  if (before.cards.has(card) || cards.add(card).size === size) return REPEATED;
  rows.push(row);
  numbers[status].push(card);
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
  { cards, rows, numbers }: Chunk<Row>,
  /** Undefined while this import has added nothing: then no card of the chunk can be one of its own. */
  addedSince: string | undefined,
): Promise<Omit<Loaded<Row>, 'chunk'>> {
  // On a slow machine a chunk may take longer than a statement of the service may.
  await sql`SET LOCAL statement_timeout = 0`.execute(trx);
  let added = 0;
  for (const status of ['issued', 'blocked'] as const) {
    added += await loadCards(trx, { program: program.key, status }, numbers[status]);
  }
  const mayRepeat = addedSince !== undefined && added < cards.size;
  const known = mayRepeat ? await addedBefore(trx, program.key, cards, addedSince) : new Set();
  const repeated = known.size === 0 ? [] : [...cards].flatMap((card, at) => (known.has(card) ? (rows[at] ?? []) : []));
  if (added > 0) {
    const lines = `${rows[0]?.line}–${rows.at(-1)?.line}`;
    const after = { ...file, lines, added, alreadyThere: cards.size - added - repeated.length };
    await recordAudit(trx, [{ program: program.key, actor, action: 'cards.imported', after }]);
  }
  return { added, repeated };
}

/** Those that the list has added in a chunk before the last; another import at the same time looks the same. */
async function addedBefore(
  trx: Trx,
  program: string,
  cards: ReadonlySet<CardNumber>,
  addedSince: string,
): Promise<ReadonlySet<CardNumber>> {
  const { rows } = await sql<{ number: CardNumber }>`
    SELECT number FROM cards JOIN string_to_table(${[...cards].join('\n')}, E'\n') AS number USING (number)
    WHERE program = ${program} AND created_at >= ${addedSince}::timestamptz AND created_at < now()`.execute(trx);
  return new Set(rows.map(({ number }) => number));
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
