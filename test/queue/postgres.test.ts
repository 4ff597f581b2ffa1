import { equal, ok } from 'node:assert/strict';
import pg from 'pg';
import { createLogger } from '../../src/log.ts';
import { openQueueBackend } from '../../src/queue/backend.ts';
import { createEnqueuer } from '../../src/queue/enqueue.ts';
import { startWorkers } from '../../src/queue/worker.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { waitFor } from '../support/wait-for.ts';
import { backendContract } from './backend.contract.ts';
import { recordingHandlers } from './handlers.ts';
import { startProxy, type Tap } from './proxy.ts';
import type { StoreUnderTest } from './queues-of.ts';

const log = createLogger({ level: 'silent' });

/** A pool of the test's own; dropping the database may reach its last connection before its end does. */
function lookAt(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on('error', () => undefined);
  return pool;
}

async function createStore(): Promise<StoreUnderTest> {
  const database = await createTestDatabase();
  const pool = lookAt(database.url);
  const tables = async () => {
    const { rows } = await pool.query<{ table_name: string }>(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = 'bullmq' AND table_name <> 'migration'",
    );
    return rows.map((row) => `bullmq.${row.table_name}`);
  };
  return {
    open: () => openQueueBackend({ databaseUrl: database.url, log }),
    empty: async () => {
      const everything = (await tables()).join(', ');
      // Under load it may lose a deadlock, as it may for an operator.
      await waitFor(() => pool.query(`TRUNCATE ${everything}`), { what: 'the tables to be emptied' });
    },
    dump: async () => {
      const parts = (await tables()).map((table) => pool.query(`SELECT t::text FROM ${table} t`));
      return JSON.stringify((await Promise.all(parts)).map(({ rows }) => rows));
    },
    payloads: async () => {
      const { rows } = await pool.query<{ data: unknown }>('SELECT data FROM bullmq.job ORDER BY data::text');
      return rows.map((row) => row.data);
    },
    release: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

backendContract('Postgres', createStore);

describe('queues in a Postgres that fails', () => {
  /** Processes with the queues in the database at `url`. */
  function start(url: string) {
    const backend = openQueueBackend({ databaseUrl: url, log });
    const enqueuer = createEnqueuer(backend);
    const { handlers, bound } = recordingHandlers();
    const workers = startWorkers(backend, handlers, { channels: [], log });
    const works = async (id: string) => {
      await waitFor(
        () => {
          enqueuer.bind([id]);
          return bound().includes(id);
        },
        { what: `id ${id}`, timeoutMs: 15_000 },
      );
    };
    const end = async () => {
      await enqueuer.drain();
      await workers.close(1_500);
      await backend.close();
    };
    return { enqueuer, works, end };
  }

  it('work as soon as the database is there', async () => {
    const neighbour = await createTestDatabase();
    const pool = lookAt(neighbour.url);
    const { enqueuer, works, end } = start(Object.assign(new URL(neighbour.url), { pathname: 'queue_late' }).href);
    enqueuer.bind(['1', '2']);
    await waitFor(() => enqueuer.dropped === 2, { what: 'the ids to be dropped' });
    await pool.query('CREATE DATABASE queue_late');
    await works('3');
    await end();
    await pool.query('DROP DATABASE queue_late WITH (FORCE)');
    await pool.end();
    await neighbour.drop();
  });

  it('work on when Postgres ends every connection', async () => {
    const database = await createTestDatabase();
    const pool = lookAt(database.url);
    const { works, end } = start(database.url);
    await works('1');
    const { rowCount } = await pool.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    ok((rowCount ?? 0) >= 2);
    await works('2');
    await end();
    await pool.end();
    await database.drop();
  });

  /** The same over a wire that a test may tamper with; Mocha fails it when an error finds no listener. */
  async function startOverWire(tap: Tap) {
    const database = await createTestDatabase();
    const pool = lookAt(database.url);
    const proxy = await startProxy(Number(new URL(database.url).port), (client, target) => {
      // A server that is ended while it is asked resets the connection, which a pipe keeps to itself.
      target.on('error', () => client.resetAndDestroy());
      tap(client, target);
    });
    const { works, end } = start(Object.assign(new URL(database.url), { port: proxy.port }).href);
    const endAll = async () => {
      await end();
      await proxy.close();
      await pool.end();
      await database.drop();
    };
    return { pool, works, end: endAll };
  }

  it('work when the connection that makes the tables is cut at it', async () => {
    let cuts = 0;
    const { works, end } = await startOverWire((client, target) => {
      client.on('data', (bytes) => {
        if (cuts > 0 || !bytes.includes('CREATE SCHEMA')) return;
        cuts += 1;
        client.resetAndDestroy();
        target.resetAndDestroy();
      });
    });
    await works('1');
    equal(cuts, 1);
    await end();
  });

  it('work on when Postgres greets the connection that listens and ends it in the same breath', async () => {
    const [ready, goodbye] = [Buffer.from('Z\0\0\0\x05I'), fatal('57P01', 'terminating connection')];
    let isLeaving = false;
    const { pool, works, end } = await startOverWire((client, target) => {
      if (!isLeaving) return;
      target.on('data', (bytes) => {
        if (!isLeaving || !bytes.includes(ready)) return;
        isLeaving = false;
        client.end(goodbye);
      });
    });
    const ours = 'FROM pg_stat_activity WHERE datname = current_database() AND application_name';
    const listens = `${ours} = 'bind' AND state = 'idle' AND query LIKE '%LISTEN%'`;
    // Two that ask, as many as there may be, and the one that listens: so the next to come replaces that one.
    const all = `SELECT ${ours} IN ('cardwake-queue', 'bind') AND EXISTS (SELECT ${listens})`;
    await waitFor(async () => (await pool.query(all)).rowCount === 3, { what: 'all connections of a worker' });
    isLeaving = true;
    equal((await pool.query(`SELECT pg_terminate_backend(pid) ${listens}`)).rowCount, 1);
    await waitFor(() => !isLeaving, { what: 'the farewell' });
    await works('1');
    await end();
  });

  it('close while Postgres is being stopped, which says goodbye before it hears ours', async () => {
    const goodbye = fatal('57P01', 'terminating connection');
    let farewells = 0;
    const { works, end } = await startOverWire((client) => {
      client.on('data', (bytes) => {
        if (!isTerminate(bytes)) return;
        farewells += 1;
        client.write(goodbye);
      });
    });
    await works('1');
    await end();
    ok(farewells > 0);
  });
});

/** What Postgres says before it ends a connection. */
function fatal(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

/** What a client says last. */
function isTerminate(bytes: Buffer): boolean {
  return bytes.equals(Buffer.from('X\0\0\0\x04'));
}
