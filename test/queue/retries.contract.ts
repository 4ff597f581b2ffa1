import { deepEqual, equal, ok } from 'node:assert/strict';
import { CATALOG, MAX_PACK } from '../../src/queue/catalog.ts';
import { createEnqueuer } from '../../src/queue/enqueue.ts';
import { deferred } from '../support/deferred.ts';
import { waitFor } from '../support/wait-for.ts';
import { byNumber, numbers, recordingHandlers } from './handlers.ts';
import type { Queues } from './queues-of.ts';

/** When a job ends, and when it comes back, whatever the store. */
export function retriesContract(queues: Queues): void {
  it('run a job again whose handler threw', async () => {
    let runs = 0;
    let failures = 0;
    const { handlers } = recordingHandlers({
      bind: async () => {
        runs += 1;
        if (runs < 3) throw new Error('the database is away');
      },
    });
    queues.work(handlers, { onFailed: () => (failures += 1) });
    createEnqueuer(queues.backend).bind(['1']);
    await waitFor(() => runs === 3, { what: 'the third run' });
    equal(failures, 2);
  });

  it('end a job once its ids are in hand, and have no more than so many of them in hand', async () => {
    const end = deferred();
    const { handlers, packs } = recordingHandlers({ bind: () => end.promise });
    const atOnce = CATALOG.bind.idsInHand / MAX_PACK;
    await queues.backend.add('bind', 'bind', fullJobs(atOnce + 3));
    queues.work(handlers);
    // The last of them has to wait for room, and the rest for its end.
    await waitFor(() => packs().length === atOnce + 1, { what: 'as many as one process takes in hand' });
    deepEqual(await queues.backend.depth(['bind']), [{ queue: 'bind', waiting: 2, active: 1, delayed: 0, failed: 0 }]);
    end.resolve();
    await waitFor(() => packs().length === atOnce + 3, { what: 'the rest' });
    await waitFor(async () => (await queues.store.payloads()).length === 0, { what: 'the end of all jobs' });
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
    queues.work(handlers);
    await queues.backend.add('bind', 'bind', [{ pack: { ids: ['1'] }, delayMs: 0 }]);
    await waitFor(async () => ids.length === 1 && (await queues.store.payloads()).length === 0, { what: 'its end' });
    first.resolve();
    await waitFor(() => ids.length === 2, { what: 'the second run' });
    deepEqual(ids, ['1', '1']);
  });

  it('give a job that ended before its handler threw no more runs than it has, whatever goes well beside it', async () => {
    const runs: number[] = [];
    const { handlers, bound } = recordingHandlers({
      bind: async ({ ids: [id] }) => {
        if (id !== '13') return;
        runs.push(Date.now());
        throw new Error('the database is away');
      },
    });
    queues.work(handlers);
    const add = (id: string, attempts?: number) =>
      queues.backend.add('bind', 'bind', [{ pack: { ids: [id] }, delayMs: 0, ...(attempts && { attempts }) }]);
    const goWell = async (id: string) => {
      await add(id);
      await waitFor(() => bound().includes(id), { what: 'the job that goes well' });
    };
    await add('13', 2);
    for (let good = 101; runs.length < 2; good += 1) await goWell(String(good));
    await goWell('99');
    await waitFor(async () => (await queues.store.payloads()).length === 0, { what: 'the end of all jobs' });
    equal(runs.length, 2);
    const waitedMs = Number(runs[1]) - Number(runs[0]);
    // A timer may fire a millisecond early.
    ok(waitedMs >= CATALOG.bind.backoffMs / 2 - 1, `${waitedMs} ms`);
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
    queues.work(one.handlers);
    queues.work(two.handlers, {}, queues.openSecond());
    // More than one of them takes in hand.
    const count = CATALOG.bind.idsInHand / MAX_PACK + 4;
    await queues.backend.add('bind', 'bind', fullJobs(count));
    const all = numbers(1, count * MAX_PACK);
    await waitFor(() => one.bound().length + two.bound().length === all.length, { what: 'all jobs' });
    deepEqual([...one.bound(), ...two.bound()].toSorted(byNumber), all);
  });
}

/** Jobs of 50 ids each: 1, 2, 3 … */
const fullJobs = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    pack: { ids: numbers(index * MAX_PACK + 1, (index + 1) * MAX_PACK) },
    delayMs: 0,
  }));
