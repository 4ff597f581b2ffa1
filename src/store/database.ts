import { Socket } from 'node:net';
import { Kysely, PostgresAdapter, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import { roundTripSaver } from './round-trips.ts';
import type { Tables } from './schema.ts';

/** The connection pool with the row types of every table. */
export type Database = Kysely<Tables>;

/** An open transaction: a function that locks or writes for others asks for one, so that it cannot be called outside. */
export type Trx = Transaction<Tables>;

export interface DatabaseOptions {
  readonly url: string;
  /** Connections at most; a request beyond waits `connectTimeoutMs` for one and then fails. */
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  /** A statement that runs longer is ended by Postgres. */
  readonly statementTimeoutMs: number;
  /** The key of hashes in this database that only who has it can make; undefined when there is none. */
  readonly pepper?: string | undefined;
  /** Told of connections that died while idle; without a listener, `pg.Pool` would end the process. */
  readonly onIdleError: (error: Error) => void;
}

/** Opens the pool; nothing is connected until the first statement. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: options.connectTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: 30_000,
    options: ONE_PLAN,
    application_name: 'cardwake',
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    stream: () => impatientSocket(options.statementTimeoutMs),
  });
  const saveRoundTrips = roundTripSaver();
  pool.on('error', options.onIdleError);
  // The pool listens to idle clients only. One that loses its server in the middle of a transaction emits an error as
  // well as failing the statement; without a listener that would end the process.
  pool.on('connect', (client) => {
    client.on('error', () => {});
    saveRoundTrips(client);
  });
  leaveReadOnly(pool);
  return new Kysely<Tables>({ dialect: new PepperedDialect(pool, options.pepper) });
}

/** What Postgres answers to a write where none is taken: on a standby, and where it was told to take none. */
const READ_ONLY = '25006';

/**
 * Closes connections whose server took no write, once they are handed back. After a failover the server's name may lead to
 * what is a standby by now for a while: it stays connected, and a pool that has work would never look for another.
 */
function leaveReadOnly(pool: pg.Pool): void {
  const readOnly = new WeakSet<pg.ClientBase>();
  pool.on('connect', (client) => {
    client.connection.on('errorMessage', ({ code }: { readonly code?: string }) => {
      if (code === READ_ONLY) readOnly.add(client);
    });
  });
  // Not before: a ROLLBACK may still be sent over it. The pool drops a client that has ended.
  pool.on('release', (_error, client) => {
    if (readOnly.has(client)) void client.end();
  });
}

/** The key that the pool was opened with: it travels with the pool, so that whoever locks a phone has it. */
export function pepperOf(db: Database | Trx): string | undefined {
  const { adapter } = db.getExecutor();
  return adapter instanceof PepperedAdapter ? adapter.pepper : undefined;
}

class PepperedDialect extends PostgresDialect {
  readonly #pepper: string | undefined;

  constructor(pool: pg.Pool, pepper: string | undefined) {
    super({ pool });
    this.#pepper = pepper;
  }

  override createAdapter(): PepperedAdapter {
    return new PepperedAdapter(this.#pepper);
  }
}

class PepperedAdapter extends PostgresAdapter {
  readonly pepper: string | undefined;

  constructor(pepper: string | undefined) {
    super();
    this.pepper = pepper;
  }
}

/**
 * One plan for all values, which looks into the partitions that the values are of. Left to itself, Postgres plans such a
 * statement anew each time, because it prices the plan as if all months were read: measured with 27 months, what an
 * attempt costs to write down is 2.4 ms so and 0.7 ms with one plan.
 */
const ONE_PLAN = '-c plan_cache_mode=force_generic_plan';

/** Idle connections are closed after this time. */
const IDLE_MS = 5_000;

/**
 * A network that swallows everything tells nobody, and TCP itself gives up after a quarter of an hour. So a connection is
 * cut when nothing has moved on it for longer than a statement may run, or an idle one is kept; its statement fails.
 */
function impatientSocket(statementTimeoutMs: number): Socket {
  const socket = new Socket();
  const patienceMs = Math.max(statementTimeoutMs, IDLE_MS) + 1_000;
  return statementTimeoutMs === 0 ? socket : socket.setTimeout(patienceMs, () => socket.destroy());
}

/**
 * Resolves when Postgres answers and takes writes, within the pool's connect timeout. One that takes none says what it says
 * to a write, so that the pool leaves it also where nobody writes because it is not ready.
 */
export async function pingDatabase(db: Database): Promise<void> {
  await sql`DO $$ BEGIN
    IF current_setting('transaction_read_only')::boolean THEN RAISE read_only_sql_transaction; END IF;
  END $$`.execute(db);
}

const RETRYABLE = new Set(['40P01', '40001', '23505']);

/** True for what a second try may cure: a deadlock, a serialization failure, a lost race on a unique index. */
export function isRetryable(error: unknown): boolean {
  return RETRYABLE.has(sqlState(error) ?? '');
}

/** The five-character SQLSTATE of a Postgres error; undefined for anything else, such as a lost connection. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** Connection lost, not enough of something, shut down, no writes taken, ended for taking too long, lost to others again and again. */
const AWAY = /^(?:08|53|57|25006|25P03|25P04|40P01|40001|55P03)/;
const NETWORK = /^(?:ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST|ENET)/;
/** What pg says without a code: no connection in time, or one that broke. */
const PG_WORDS =
  /timeout exceeded when trying to connect|connection terminated|client has encountered a connection error/i;

/** True for an error that says nothing of the statement: the database cannot be reached or cannot do it now. */
export function isDatabaseAway(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return AWAY.test(state);
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if ((typeof code === 'string' && NETWORK.test(code)) || PG_WORDS.test(error.message)) return true;
  return error.cause instanceof Error && isDatabaseAway(error.cause);
}

/** Undefined table, column and function. */
const NOT_MADE = new Set(['42P01', '42703', '42883']);

/** True for what a database answers that no Cardwake of this version has migrated yet. */
export function isUnmigrated(error: unknown): boolean {
  return NOT_MADE.has(sqlState(error) ?? '');
}

/**
 * Runs `work` in a READ COMMITTED transaction and again, at most five times in all, when it lost to a concurrent one.
 * `work` must be repeatable: everything it does outside the transaction happens once per try.
 */
export async function transact<T>(db: Database, work: (trx: Trx) => Promise<T>): Promise<T> {
  return await again(() => db.transaction().execute(work));
}

/** The same for a single statement. */
export async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= 5 || !isRetryable(error)) throw error;
    }
  }
}
