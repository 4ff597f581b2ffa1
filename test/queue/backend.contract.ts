import { deepEqual, doesNotMatch, equal, ok, rejects } from 'node:assert/strict';
import { createLogger } from '../../src/log.ts';
import type { QueueBackend } from '../../src/queue/backend.ts';
import { CATALOG, type Handlers, MAX_PACK } from '../../src/queue/catalog.ts';
import { createEnqueuer } from '../../src/queue/enqueue.ts';
import { startWorkers, type WorkerOptions } from '../../src/queue/worker.ts';
import { deferred } from '../support/deferred.ts';
import { waitFor } from '../support/wait-for.ts';
import { byNumber, numbers, recordingHandlers } from './handlers.ts';

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

const log = createLogger({ level: 'silent' });

/** What holds for queues in Redis and in Postgres alike. */
export function backendContract(name: string, createStore: () => Promise<StoreUnderTest>): void {
  describe(`queues in ${name}`, () => {
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

    function work(handlers: Handlers, options: Partial<WorkerOptions> = {}, on = backend) {
      const workers = startWorkers(on, handlers, { channels: ['twilio'], log, ...options });
      endings.push(() => workers.close(1_500));
      return workers;
    }

    it('hand over every id that was enqueued, to the handler of its queue and channel', async () => {
      const { handlers, bound, sent } = recordingHandlers();
      work(handlers);
      const enqueuer = createEnqueuer(backend);
      const ids = numbers(1, 1_000);
      enqueuer.bind(ids);
      enqueuer.send('twilio', ['7', '8']);
      await waitFor(() => bound().length === ids.length && sent().length === 2, { what: 'all ids' });
      deepEqual(bound().toSorted(byNumber), ids);
      deepEqual(sent(), ['twilio 7', 'twilio 8']);
      equal(enqueuer.dropped, 0);
    });

    it('carry one id per job at low load, and up to 50 of those that are enqueued together', async () => {
      const { handlers, packs } = recordingHandlers();
      work(handlers);
      const enqueuer = createEnqueuer(backend);
      enqueuer.bind(['1']);
      await waitFor(() => packs().length === 1, { what: 'the lone id' });
      enqueuer.bind(numbers(2, 103));
      await waitFor(() => packs().flat().length === 103, { what: 'all ids' });
      deepEqual(
        packs()
          .map((pack) => pack.length)
          .toSorted((a, b) => a - b),
        [1, 2, 50, 50],
      );
    });

    it('run a job again whose handler threw', async () => {
      let runs = 0;
      let failures = 0;
      const { handlers } = recordingHandlers({
        bind: async () => {
          runs += 1;
          if (runs < 3) throw new Error('the database is away');
        },
      });
      work(handlers, { onFailed: () => (failures += 1) });
      createEnqueuer(backend).bind(['1']);
      await waitFor(() => runs === 3, { what: 'the third run' });
      equal(failures, 2);
    });

    it('deliver a delayed id not before its time, and soon after', async () => {
      const { handlers, sentAt } = recordingHandlers();
      work(handlers);
      const start = Date.now();
      createEnqueuer(backend).send('twilio', ['5'], 700);
      const at = await waitFor(() => sentAt(), { what: 'the delayed id' });
      ok(at - start >= 700, `came after ${at - start} ms`);
      ok(at - start < 2_500, `came after ${at - start} ms`);
    });

    it('drop a job that is not ours, tell of it, and go on', async () => {
      const tampered: string[] = [];
      const { handlers, bound } = recordingHandlers();
      work(handlers, { onTampered: (queue) => tampered.push(queue) });
      const strangers = [
        { ids: [] },
        { ids: ['0'] },
        { ids: ['1; DROP TABLE'] },
        { ids: [1] },
        { ids: numbers(1, 51) },
        { ids: ['1'], text: 'x' },
        {},
      ];
      for (const pack of strangers) await backend.add('bind', 'bind', [{ pack: pack as never, delayMs: 0 }]);
      await backend.add('send', 'bind', [{ pack: { ids: ['1'] }, delayMs: 0 }]);
      await backend.add('bind', 'bind', [{ pack: { ids: ['99'] }, delayMs: 0 }]);
      await waitFor(() => bound().length > 0 && tampered.length === strangers.length + 1, { what: 'the last job' });
      deepEqual(bound(), ['99']);
    });

    it('let a handler finish before they close, and ask it to hurry first', async () => {
      const { handlers, bound } = recordingHandlers({
        bind: (_pack, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
      });
      const workers = startWorkers(backend, handlers, { channels: [], log });
      createEnqueuer(backend).bind(['1']);
      await waitFor(() => bound().length === 1, { what: 'the job to start' });
      await workers.close(3_000);
      deepEqual(await store.payloads(), []);
    });

    it('tell a handler to end before a close without grace returns', async () => {
      let told: AbortSignal | undefined;
      const { handlers } = recordingHandlers({
        bind: (_pack, { signal }) => {
          told = signal;
          return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
        },
      });
      const workers = startWorkers(backend, handlers, { channels: [], log });
      createEnqueuer(backend).bind(['1']);
      await waitFor(() => told !== undefined, { what: 'the job to start' });
      const closed = workers.close(0);
      ok(told?.aborted);
      await closed;
    });

    it('take back in time the job of a handler that does not end', async () => {
      const { handlers, bound } = recordingHandlers({ bind: () => new Promise(() => undefined) });
      const workers = startWorkers(backend, handlers, { channels: [], log });
      createEnqueuer(backend).bind(['1']);
      await waitFor(() => bound().length === 1, { what: 'the job to start' });
      const start = performance.now();
      await workers.close(1_200);
      ok(performance.now() - start < 1_300);
      const [depth] = await backend.depth(['bind']);
      deepEqual(depth, { queue: 'bind', waiting: 1, active: 0, delayed: 0, failed: 0 });
    });

    it('take back in time a job that ends with its handler, too', async () => {
      const { handlers, sent } = recordingHandlers({ send: () => new Promise(() => undefined) });
      const workers = startWorkers(backend, handlers, { channels: ['twilio'], log });
      createEnqueuer(backend).send('twilio', ['1']);
      await waitFor(() => sent().length === 1, { what: 'the job to start' });
      await workers.close(1_200);
      const [depth] = await backend.depth(['send-twilio']);
      deepEqual(depth, { queue: 'send-twilio', waiting: 0, active: 0, delayed: 1, failed: 0 });
    });

    it('end a job once its ids are in hand, and have no more than so many of them in hand', async () => {
      const end = deferred();
      const { handlers, packs } = recordingHandlers({ bind: () => end.promise });
      const atOnce = CATALOG.bind.idsInHand / MAX_PACK;
      await backend.add('bind', 'bind', fullJobs(atOnce + 3));
      work(handlers);
      // The last of them has to wait for room, and the rest for its end.
      await waitFor(() => packs().length === atOnce + 1, { what: 'as many as one process takes in hand' });
      deepEqual(await backend.depth(['bind']), [{ queue: 'bind', waiting: 2, active: 1, delayed: 0, failed: 0 }]);
      end.resolve();
      await waitFor(() => packs().length === atOnce + 3, { what: 'the rest' });
      await waitFor(async () => (await store.payloads()).length === 0, { what: 'the end of all jobs' });
    });

    it('bring back a job that ended before its handler threw', async () => {
      const first = deferred();
      const ids: string[] = [];
      const { handlers } = recordingHandlers({
        bind: async ({ ids: [id = ''] }) => {
          ids.push(id);
          if (ids.length > 1) return;
          await first.promise;
          throw new Error('the database is away');
        },
      });
      work(handlers);
      await backend.add('bind', 'bind', [{ pack: { ids: ['1'] }, delayMs: 0 }]);
      await waitFor(async () => ids.length === 1 && (await store.payloads()).length === 0, { what: 'its end' });
      first.resolve();
      await waitFor(() => ids.length === 2, { what: 'the second run' });
      deepEqual(ids, ['1', '1']);
    });

    it('share the jobs of a queue between processes', async () => {
      const both = deferred();
      const seen = new Set<string>();
      const handlersOf = (process: string) =>
        recordingHandlers({
          bind: () => {
            seen.add(process);
            if (seen.size === 2) both.resolve();
            return both.promise;
          },
        });
      const [one, two] = [handlersOf('one'), handlersOf('two')];
      const second = store.open();
      endings.push(() => second.close());
      work(one.handlers);
      work(two.handlers, {}, second);
      // More than one of them takes in hand.
      const count = CATALOG.bind.idsInHand / MAX_PACK + 4;
      await backend.add('bind', 'bind', fullJobs(count));
      const all = numbers(1, count * MAX_PACK);
      await waitFor(() => one.bound().length + two.bound().length === all.length, { what: 'all jobs' });
      deepEqual([...one.bound(), ...two.bound()].toSorted(byNumber), all);
    });

    it('count their jobs', async () => {
      const end = deferred();
      const { handlers, sent } = recordingHandlers({ send: () => end.promise });
      const atOnce = CATALOG.send.concurrency;
      const jobs = numbers(1, atOnce + 2).map((id) => ({ pack: { ids: [id] }, delayMs: 0 }));
      await backend.add('send', 'send-twilio', [...jobs, { pack: { ids: ['7'] }, delayMs: 60_000 }]);
      const idle = { queue: 'bind', waiting: 0, active: 0, delayed: 0, failed: 0 };
      deepEqual(await backend.depth(['send-twilio', 'bind']), [
        { queue: 'send-twilio', waiting: atOnce + 2, active: 0, delayed: 1, failed: 0 },
        idle,
      ]);
      work(handlers);
      await waitFor(() => sent().length === atOnce, { what: 'as many as one process takes at a time' });
      deepEqual(await backend.depth(['send-twilio', 'bind']), [
        { queue: 'send-twilio', waiting: 2, active: atOnce, delayed: 1, failed: 0 },
        idle,
      ]);
      end.resolve();
    });

    it('go on with later jobs after losing everything under load', async () => {
      const { handlers, bound } = recordingHandlers({ bind: () => new Promise((resolve) => setImmediate(resolve)) });
      work(handlers);
      const enqueuer = createEnqueuer(backend);
      for (let first = 1; first <= 2_000; first += 100) {
        enqueuer.bind(numbers(first, first + 99));
        if (first === 501 || first === 1_501) {
          await waitFor(() => bound().length > 0, { what: 'the load' });
          await store.empty();
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      await enqueuer.drain();
      await store.empty();
      const later = numbers(5_001, 5_200);
      enqueuer.bind(later);
      await waitFor(() => later.every((id) => bound().includes(id)), { what: 'the ids after the loss' });
    });

    it('hold nothing but ids, also of what failed', async () => {
      const { handlers, bound } = recordingHandlers({
        bind: () => Promise.reject(new Error('no row for +79161234567, card 9643001234563456')),
      });
      const workers = work(handlers);
      const enqueuer = createEnqueuer(backend);
      enqueuer.bind(['11']);
      enqueuer.send('other', ['12'], 60_000);
      await enqueuer.drain();
      await waitFor(() => bound().length > 0, { what: 'the failure' });
      await workers.close(1_500);
      deepEqual(await store.payloads(), [{ ids: ['11'] }, { ids: ['12'] }]);
      doesNotMatch(await store.dump(), /79161234567|9643001234563456/);
    });

    it('refuse after the end', async () => {
      const ended = store.open();
      await ended.ping();
      await ended.close();
      await rejects(ended.ping());
    });
  });
}

/** Jobs of 50 ids each: 1, 2, 3 … */
const fullJobs = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    pack: { ids: numbers(index * MAX_PACK + 1, (index + 1) * MAX_PACK) },
    delayMs: 0,
  }));
