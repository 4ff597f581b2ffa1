import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from './config.ts';
import { type Line, openLines } from './lines.ts';
import type { Logger } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { openQueueBackend, type QueueBackend } from './queue/backend.ts';
import { sendQueue } from './queue/catalog.ts';
import { createEnqueuer, type Enqueuer } from './queue/enqueue.ts';
import { type Database, openDatabase, pingDatabase, sqlState } from './store/database.ts';
import { assertSafeToStart } from './store/health.ts';
import { oldestUnprocessedSeconds } from './store/inbox.ts';
import { migrate } from './store/migrate.ts';

/** What every process of Cardwake has, whether it listens, works or both. */
export interface Service {
  readonly settings: Settings;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly queue: QueueBackend;
  readonly enqueue: Enqueuer;
  readonly lines: ReadonlyMap<string, Line>;
  /** The time by which decisions are made. */
  readonly now: () => Date;
  /** A pool of its own for each part, so that workers never keep a webhook waiting for a connection. */
  openPool(part: PoolOptions): Database;
  /** Resolves when the schema is up to date and safe to use; keeps trying while the database is away. */
  readonly prepared: Promise<void>;
  /** True once `prepared` has resolved. */
  isPrepared(): boolean;
  /** What this process needs, for its health; the database is asked through `db`. */
  dependencies(db: Database): Readonly<Record<string, Dependency>>;
  /** Ends what was opened here; the parts are closed first. */
  close(): Promise<void>;
}

/** Something that a process needs; see `createOps`. */
export interface Dependency {
  readonly check: () => Promise<unknown>;
  readonly isRequired: boolean;
}

export interface PoolOptions {
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/** Makes the parts that all processes share. Returns at once; nothing waits for Redis, and only `prepared` for Postgres. */
export function openService(
  settings: Settings,
  databaseUrl: string,
  log: Logger,
  now: () => Date = () => new Date(),
): Service {
  const metrics = createMetrics();
  const queue = openQueueBackend({ redisUrl: settings.redisUrl, databaseUrl, log });
  const enqueue = createEnqueuer(queue, { onDropped: (_queue, ids) => metrics.enqueueDropped.inc(ids) });
  const lines = openLines(settings);
  const pools: Database[] = [];
  const stopping = new AbortController();
  let isPrepared = false;

  function openPool(options: PoolOptions): Database {
    const onIdleError = (error: Error) => log.warn({ error }, 'An idle database connection was lost');
    const pool = openDatabase({ url: databaseUrl, ...options, onIdleError });
    pools.push(pool);
    return pool;
  }

  const gauges = openPool({ poolSize: 2, connectTimeoutMs: 1_000, statementTimeoutMs: 1_000 });
  metrics.collectOldestUnprocessed(() => oldestUnprocessedSeconds(gauges));
  metrics.collectQueueDepths(() => depths(queue, [...lines.keys()]));
  const prepared = prepare(databaseUrl, gauges, log, stopping.signal).then(() => {
    isPrepared = true;
  });
  return {
    settings,
    log,
    metrics,
    queue,
    enqueue,
    lines,
    now,
    openPool,
    prepared,
    isPrepared: () => isPrepared,
    dependencies: (db) => ({
      database: { check: () => pingDatabase(db), isRequired: true },
      schema: {
        check: () => (isPrepared ? Promise.resolve() : Promise.reject(new Error('not yet'))),
        isRequired: true,
      },
      queue: { check: () => queue.ping(), isRequired: false },
    }),
    async close() {
      stopping.abort();
      await enqueue.drain();
      await queue.close();
      await Promise.all([
        ...[...lines.values()].map(({ provider }) => provider.close()),
        ...pools.map((pool) => pool.destroy()),
      ]);
    },
  };
}

async function depths(queue: QueueBackend, channels: readonly string[]) {
  const found = await queue.depth(['bind', ...channels.map(sendQueue)]);
  return found.flatMap(({ queue: name, ...states }) =>
    Object.entries(states).map(([state, jobs]) => ({ queue: name, state, jobs })),
  );
}

/** A database that is away may come back, and until then every SMS is answered with 503; one that is wrong will not. */
async function prepare(url: string, db: Database, log: Logger, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await migrate(url);
      return await assertSafeToStart(db);
    } catch (error) {
      if (signal.aborted) return;
      if (!isAway(error)) throw error;
      log.warn({ error }, 'The database is away; trying again');
      await sleep(1_000, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** True of errors that tell of a database that is not there, starting or stopping; false of one that is wrong. */
function isAway(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const state = sqlState(cause);
  // Class 08: connection; 53: too many connections; 57: starting up or shutting down.
  if (state !== undefined) return ['08', '53', '57'].includes(state.slice(0, 2));
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  // node-postgres has no code for a connection that ended or took too long.
  return (
    /^E[A-Z_]+$/.test(code) || (cause instanceof Error && /^(?:Connection terminated|timeout)/i.test(cause.message))
  );
}

/** The database of a process that brings none of its own. Throws a sentence when there is none. */
export function requiredDatabaseUrl({ databaseUrl }: Settings): string {
  if (databaseUrl !== undefined) return databaseUrl;
  throw new Error('DATABASE_URL is not set: name a Postgres, or run "npm start", which brings its own');
}
