import { createLogger } from '../../src/log.ts';
import type { QueueBackend } from '../../src/queue/backend.ts';
import type { Handlers } from '../../src/queue/catalog.ts';
import { startWorkers, type WorkerOptions, type Workers } from '../../src/queue/worker.ts';
import { waitFor } from '../support/wait-for.ts';

/** One store with nothing in it, and what a test may do to it behind the backend's back. */
export interface StoreUnderTest {
  /** A process's view of it; may be asked for several times. */
  open(): QueueBackend;
  /** Loses every job, as `FLUSHALL` or `TRUNCATE` do. */
  empty(): Promise<void>;
  /** Everything it holds, as text. */
  dump(): Promise<string>;
  /** The payloads of all its jobs, in the order of their text. */
  payloads(): Promise<unknown[]>;
  release(): Promise<void>;
}

/** The queues of one test. */
export interface Queues {
  readonly store: StoreUnderTest;
  /** One process's view of it, which answers. */
  readonly backend: QueueBackend;
  /** Workers of this backend or another, which end with the test. */
  work(handlers: Handlers, options?: Partial<WorkerOptions>, on?: QueueBackend): Workers;
  /** A second process's view. */
  openSecond(): QueueBackend;
}

/** What says nothing. */
export const log = createLogger({ level: 'silent' });

/** A store of its own for each test of the suite, and what works on it. */
export function queuesOf(createStore: () => Promise<StoreUnderTest>): Queues {
  let store: StoreUnderTest;
  let backend: QueueBackend;
  const endings: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    store = await createStore();
    backend = store.open();
    await waitFor(() => backend.ping().then(() => true), { what: 'the store to answer' });
  });

  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
    await backend.close();
    await store.release();
  });

  return {
    get store() {
      return store;
    },
    get backend() {
      return backend;
    },
    work(handlers, options = {}, on = backend) {
      const workers = startWorkers(on, handlers, { channels: ['twilio'], log, ...options });
      endings.push(() => workers.close(1_500));
      return workers;
    },
    openSecond() {
      const second = store.open();
      endings.push(() => second.close());
      return second;
    },
  };
}
