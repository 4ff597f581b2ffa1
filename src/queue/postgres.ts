import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { PostgresConnection, PostgresQueueBackend } from 'bullmq';
import { type Factory, type OnError, patient, type Store } from './store.ts';

/** Where the tables of the queues are; BullMQ makes and migrates them itself. */
const SCHEMA = 'bullmq';

/**
 * Keeps the queues in Postgres, in a schema of their own. A process holds at most 4 connections for all its producers
 * and 3 for each queue it works on, one of them waiting for `NOTIFY`: so not through a pooler that shares sessions.
 */
export function postgresStore(databaseUrl: string, onError: OnError): Store {
  const asking = connect(databaseUrl, { max: 4, answerMs: 2_000 }, onError);
  const producing: Factory = (queue, opts) => new PostgresQueueBackend(asking, queue, opts as never, false);
  const consuming: Factory = (queue, opts) => {
    const connection = connect(databaseUrl, { max: 2, answerMs: 15_000 }, onError);
    return new PostgresQueueBackend(connection, queue, opts as never, true, queue);
  };
  return {
    kind: 'postgres',
    producing,
    consuming: patient(consuming),
    // The pool connects when asked, and fails within its own time.
    ready: () => Promise.resolve(),
    waitingSince: ({ name }) => waitingSince(asking, name),
    ping: () => asking.pool.query('SELECT 1'),
    close: () => asking.close(),
  };
}

/** Asked for the first of the waiting jobs, BullMQ itself gives the last. */
async function waitingSince(asking: PostgresConnection, queue: string): Promise<Date | undefined> {
  await asking.waitUntilReady();
  const { rows } = await asking.pool.query<{ at: Date }>(
    `SELECT to_timestamp(added_at_ms / 1000.0) AS at FROM ${SCHEMA}.job WHERE queue = $1 AND state = 'waiting'
     ORDER BY priority, seq LIMIT 1`,
    [queue],
  );
  return rows[0]?.at;
}

function connect(databaseUrl: string, { max, answerMs }: { max: number; answerMs: number }, onError: OnError) {
  const connection = new PersistentConnection({
    connectionString: databaseUrl,
    schema: SCHEMA,
    migrate: true,
    max,
    connectionTimeoutMillis: 2_000,
    query_timeout: answerMs,
    keepAlive: true,
    application_name: 'cardwake-queue',
    // The queue is rebuilt from the inbox and the outbox whenever it is lost, so its commits need not reach the disk.
    options: '-c synchronous_commit=off',
  });
  connection.on('error', onError);
  cutWhenSilent(connection, Math.max(answerMs, IDLE_MS) + 2_000);
  return connection;
}

/** What pg's pool keeps an idle connection for, unless told otherwise. */
const IDLE_MS = 10_000;

/**
 * A query that got no answer in time leaves its connection in the pool, where the next query waits behind it. A network
 * that swallows everything would so block the pool until TCP gives up, after a quarter of an hour.
 */
function cutWhenSilent({ pool }: PostgresConnection, patienceMs: number): void {
  (pool as unknown as EventEmitter).on('connect', ({ connection }: { readonly connection: { stream: Socket } }) => {
    connection.stream.setTimeout(patienceMs, () => connection.stream.destroy());
  });
}

/** The part of pg's pool that it makes its clients with. */
interface PgPool {
  readonly Client: new (options?: object) => EventEmitter;
}

/**
 * BullMQ remembers a first connection that failed for ever; this one forgets it, so that the next call tries again. And
 * BullMQ listens to a client that waits for `NOTIFY` only once it is connected, to one that migrates never.
 */
class PersistentConnection extends PostgresConnection {
  constructor(config: ConstructorParameters<typeof PostgresConnection>[0]) {
    super(config);
    const { Client } = this.pool as unknown as PgPool;
    /** One whose server goes away in that time must not end the process; what it did fails anyway. */
    class SteadyClient extends Client {
      constructor(options?: object) {
        super(options);
        this.on('error', () => {});
      }

      /** BullMQ takes all listeners away before it says goodbye, and a Postgres that is being stopped may say so first. */
      override removeAllListeners(...of: [] | [string | symbol]): this {
        super.removeAllListeners(...of);
        return this.listenerCount('error') > 0 ? this : this.on('error', () => {});
      }
    }
    Reflect.set(this.pool, 'Client', SteadyClient);
    Reflect.set(this, 'pgModule', { Client: SteadyClient });
  }

  override async waitUntilReady(): Promise<void> {
    try {
      await super.waitUntilReady();
    } catch (error) {
      Reflect.deleteProperty(this, 'readyPromise');
      throw error;
    }
  }
}
