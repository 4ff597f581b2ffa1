import { deepEqual, doesNotMatch, equal, ok, rejects } from 'node:assert/strict';
import { CATALOG } from '../../src/queue/catalog.ts';
import { createEnqueuer } from '../../src/queue/enqueue.ts';
import { startWorkers } from '../../src/queue/worker.ts';
import { deferred } from '../support/deferred.ts';
import { waitFor } from '../support/wait-for.ts';
import { byNumber, numbers, recordingHandlers } from './handlers.ts';
import { log, queuesOf, type StoreUnderTest } from './queues-of.ts';
import { retriesContract } from './retries.contract.ts';

/** What holds for queues in Redis and in Postgres alike. */
export function backendContract(name: string, createStore: () => Promise<StoreUnderTest>): void {
  describe(`queues in ${name}`, () => {
    const queues = queuesOf(createStore);

    it('hand over every id that was enqueued, to the handler of its queue and channel', async () => {
      const { handlers, bound, sent } = recordingHandlers();
      queues.work(handlers);
      const enqueuer = createEnqueuer(queues.backend);
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
      queues.work(handlers);
      const enqueuer = createEnqueuer(queues.backend);
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

    it('deliver a delayed id not before its time, and soon after', async () => {
      const { handlers, sentAt } = recordingHandlers();
      queues.work(handlers);
      const start = Date.now();
      createEnqueuer(queues.backend).send('twilio', ['5'], 700);
      const at = await waitFor(() => sentAt(), { what: 'the delayed id' });
      ok(at - start >= 700, `came after ${at - start} ms`);
      ok(at - start < 2_500, `came after ${at - start} ms`);
    });

    it('drop a job that is not ours, tell of it, and go on', async () => {
      const tampered: string[] = [];
      const { handlers, bound } = recordingHandlers();
      queues.work(handlers, { onTampered: (queue) => tampered.push(queue) });
      const strangers = [
        { ids: [] },
        { ids: ['0'] },
        { ids: ['1; DROP TABLE'] },
        { ids: [1] },
        { ids: numbers(1, 51) },
        { ids: ['1'], text: 'x' },
        {},
      ];
      for (const pack of strangers) await queues.backend.add('bind', 'bind', [{ pack: pack as never, delayMs: 0 }]);
      await queues.backend.add('send', 'bind', [{ pack: { ids: ['1'] }, delayMs: 0 }]);
      await queues.backend.add('bind', 'bind', [{ pack: { ids: ['99'] }, delayMs: 0 }]);
      await waitFor(() => bound().length > 0 && tampered.length === strangers.length + 1, { what: 'the last job' });
      deepEqual(bound(), ['99']);
    });

    it('let a handler finish before they close, and ask it to hurry first', async () => {
      const { handlers, bound } = recordingHandlers({
        bind: (_pack, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
      });
      const workers = startWorkers(queues.backend, handlers, { channels: [], log });
      createEnqueuer(queues.backend).bind(['1']);
      await waitFor(() => bound().length === 1, { what: 'the job to start' });
      await workers.close(3_000);
      deepEqual(await queues.store.payloads(), []);
    });

    it('tell a handler to end before a close without grace returns', async () => {
      let told: AbortSignal | undefined;
      const { handlers } = recordingHandlers({
        bind: (_pack, { signal }) => {
          told = signal;
          return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
        },
      });
      const workers = startWorkers(queues.backend, handlers, { channels: [], log });
      createEnqueuer(queues.backend).bind(['1']);
      await waitFor(() => told !== undefined, { what: 'the job to start' });
      const closed = workers.close(0);
      ok(told?.aborted);
      await closed;
    });

    it('take back in time the job of a handler that does not end', async () => {
      const { handlers, bound } = recordingHandlers({ bind: () => new Promise(() => undefined) });
      const workers = startWorkers(queues.backend, handlers, { channels: [], log });
      createEnqueuer(queues.backend).bind(['1']);
      await waitFor(() => bound().length === 1, { what: 'the job to start' });
      const start = performance.now();
      await workers.close(1_200);
      ok(performance.now() - start < 1_300);
      const [depth] = await queues.backend.depth(['bind']);
      deepEqual(depth, { queue: 'bind', waiting: 1, active: 0, delayed: 0, failed: 0 });
    });

    it('take back in time a job that ends with its handler, too', async () => {
      const { handlers, sent } = recordingHandlers({ send: () => new Promise(() => undefined) });
      const workers = startWorkers(queues.backend, handlers, { channels: ['twilio'], log });
      createEnqueuer(queues.backend).send('twilio', ['1']);
      await waitFor(() => sent().length === 1, { what: 'the job to start' });
      await workers.close(1_200);
      const [depth] = await queues.backend.depth(['send-twilio']);
      deepEqual(depth, { queue: 'send-twilio', waiting: 0, active: 0, delayed: 1, failed: 0 });
    });

    it('count their jobs', async () => {
      const end = deferred();
      const { handlers, sent } = recordingHandlers({ send: () => end.promise });
      const atOnce = CATALOG.send.concurrency;
      const jobs = numbers(1, atOnce + 2).map((id) => ({ pack: { ids: [id] }, delayMs: 0 }));
      await queues.backend.add('send', 'send-twilio', [...jobs, { pack: { ids: ['7'] }, delayMs: 60_000 }]);
      const idle = { queue: 'bind', waiting: 0, active: 0, delayed: 0, failed: 0 };
      deepEqual(await queues.backend.depth(['send-twilio', 'bind']), [
        { queue: 'send-twilio', waiting: atOnce + 2, active: 0, delayed: 1, failed: 0 },
        idle,
      ]);
      queues.work(handlers);
      await waitFor(() => sent().length === atOnce, { what: 'as many as one process takes at a time' });
      deepEqual(await queues.backend.depth(['send-twilio', 'bind']), [
        { queue: 'send-twilio', waiting: 2, active: atOnce, delayed: 1, failed: 0 },
        idle,
      ]);
      end.resolve();
    });

    it('say when the job that is taken next was added, of jobs that wait', async () => {
      const { backend } = queues;
      equal(await backend.waitingSince('bind'), undefined);
      const add = (id: string, delayMs = 0) => backend.add('bind', 'bind', [{ pack: { ids: [id] }, delayMs }]);
      const before = Date.now();
      await add('1', 60_000);
      equal(await backend.waitingSince('bind'), undefined, 'it waits for its time');
      await add('2');
      const between = Date.now();
      await waitFor(() => Date.now() > between, { what: 'the next millisecond' });
      await add('3');
      const since = Number(await backend.waitingSince('bind'));
      ok(before <= since && since <= between, `${since - before} ms after, of ${between - before}`);
      equal(await backend.waitingSince('send-twilio'), undefined);
    });

    it('go on with later jobs after losing everything under load', async () => {
      const { handlers, bound } = recordingHandlers({ bind: () => new Promise((resolve) => setImmediate(resolve)) });
      queues.work(handlers);
      const enqueuer = createEnqueuer(queues.backend);
      for (let first = 1; first <= 2_000; first += 100) {
        enqueuer.bind(numbers(first, first + 99));
        if (first === 501 || first === 1_501) {
          await waitFor(() => bound().length > 0, { what: 'the load' });
          await queues.store.empty();
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      await enqueuer.drain();
      await queues.store.empty();
      const later = numbers(5_001, 5_200);
      enqueuer.bind(later);
      await waitFor(() => later.every((id) => bound().includes(id)), { what: 'the ids after the loss' });
    });

    it('hold nothing but ids, also of what failed', async () => {
      const { handlers, bound } = recordingHandlers({
        bind: () => Promise.reject(new Error('no row for +79161234567, card 9643001234563456')),
      });
      const workers = queues.work(handlers);
      const enqueuer = createEnqueuer(queues.backend);
      enqueuer.bind(['11']);
      enqueuer.send('other', ['12'], 60_000);
      await enqueuer.drain();
      await waitFor(() => bound().length > 0, { what: 'the failure' });
      await workers.close(1_500);
      deepEqual(await queues.store.payloads(), [{ ids: ['11'] }, { ids: ['12'] }]);
      doesNotMatch(await queues.store.dump(), /79161234567|9643001234563456/);
    });

    retriesContract(queues);

    it('refuse after the end', async () => {
      const ended = queues.store.open();
      await ended.ping();
      await ended.close();
      await rejects(ended.ping());
    });
  });
}
