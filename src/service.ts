import type { Settings } from './config.ts';
import { type Line, openLines } from './lines.ts';
import type { Logger } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { openQueueBackend, type QueueBackend } from './queue/backend.ts';
import { sendQueue } from './queue/catalog.ts';
import { createEnqueuer, type Enqueuer } from './queue/enqueue.ts';
import { type Database, openDatabase, pingDatabase } from './store/database.ts';
import { oldestEventSeconds } from './store/event-delivery.ts';
import { oldestUnprocessedSeconds } from './store/inbox.ts';
import { unboundSeconds } from './store/leases.ts';
import { prepareDatabase } from './store/prepare.ts';

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
  /**
   * Resolves when the schema is up to date and safe to use; keeps trying while the database is away. Rejects when the
   * database is wrong, and when `close` comes first.
   */
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
  warnOfRehearsals(settings, log);
  const pools = openPools(databaseUrl, settings.pepper, log);
  const stopping = new AbortController();
  const gauges = pools.open({ poolSize: 2, connectTimeoutMs: 1_000, statementTimeoutMs: 1_000 });
  feedGauges(metrics, gauges, lines, () => depths(queue, [...lines.keys()]));
  let isPrepared = false;
  const prepared = prepareDatabase(databaseUrl, gauges, log, stopping.signal).then(() => {
    stopping.signal.throwIfAborted();
    isPrepared = true;
  });
  // Whoever waits is told; that nobody waits yet is no fault.
  prepared.catch(() => undefined);
  return {
    settings,
    log,
    metrics,
    queue,
    enqueue,
    lines,
    now,
    openPool: (part) => pools.open(part),
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
      await Promise.all([...lines.values()].map(({ provider }) => provider.close()));
      await pools.close();
    },
  };
}

/** So that nobody wonders for long why customers get no answer. */
function warnOfRehearsals({ channels }: Settings, log: Logger): void {
  for (const { key, isRehearsal } of channels.values()) {
    if (isRehearsal) log.warn({ channel: key }, 'CHANNEL IN REHEARSAL: customers get no replies from it');
  }
}

function feedGauges(
  metrics: Metrics,
  db: Database,
  lines: Service['lines'],
  readDepths: () => ReturnType<typeof depths>,
): void {
  metrics.collectOldestUnprocessed(() => oldestUnprocessedSeconds(db));
  metrics.collectOldestEvent(() => oldestEventSeconds(db));
  metrics.collectQueueDepths(readDepths);
  feedUnbound(metrics, db, lines);
}

/** Of sessions that nobody ever had, it is known since when this process has been here. */
function feedUnbound(metrics: Metrics, db: Database, lines: Service['lines']): void {
  const channels = [...lines].flatMap(([key, { provider }]) => (provider.sessions === undefined ? [] : [key]));
  if (channels.length === 0) return;
  metrics.collectUnbound(async () => {
    const seconds = await unboundSeconds(db);
    return new Map(channels.map((channel) => [channel, seconds.get(channel) ?? process.uptime()]));
  });
}

function openPools(
  url: string,
  pepper: string | undefined,
  log: Logger,
): { open(options: PoolOptions): Database; close(): Promise<void> } {
  const pools: Database[] = [];
  let isClosed = false;
  // A pool counts as closed when its connections are told to end, which a server that stops may do before them.
  const onIdleError = (error: Error) => isClosed || log.warn({ error }, 'An idle database connection was lost');
  return {
    open(options) {
      const pool = openDatabase({ url, pepper, ...options, onIdleError });
      pools.push(pool);
      return pool;
    },
    async close() {
      isClosed = true;
      await Promise.all(pools.map((pool) => pool.destroy()));
    },
  };
}

async function depths(queue: QueueBackend, channels: readonly string[]) {
  const found = await queue.depth(['bind', ...channels.map(sendQueue)]);
  return found.flatMap(({ queue: name, ...states }) =>
    Object.entries(states).map(([state, jobs]) => ({ queue: name, state, jobs })),
  );
}

/** The database of a process that brings none of its own. Throws a sentence when there is none. */
export function requiredDatabaseUrl({ databaseUrl }: Settings): string {
  if (databaseUrl !== undefined) return databaseUrl;
  throw new Error('DATABASE_URL is not set: name a Postgres, or run "npm start", which brings its own');
}
