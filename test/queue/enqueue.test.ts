import { deepEqual } from 'node:assert/strict';
import type { NewJob, QueueBackend } from '../../src/queue/backend.ts';
import { createEnqueuer } from '../../src/queue/enqueue.ts';
import { numbers } from './handlers.ts';

/** A store that answers when it is told to, and the jobs of each enqueue that it was asked for. */
function slowStore(): { enqueues: (readonly NewJob[])[]; backend: QueueBackend; answer: () => void } {
  const enqueues: (readonly NewJob[])[] = [];
  const waiting: (() => void)[] = [];
  const backend = {
    add: (_kind: string, _queue: string, jobs: readonly NewJob[]) => {
      enqueues.push(jobs);
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
  } as unknown as QueueBackend;
  return {
    enqueues,
    backend,
    answer: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

describe('an enqueuer whose store is slower than what comes', () => {
  it('puts up to ten jobs of fifty into one enqueue, in order, and has two on the way', async () => {
    const { enqueues, backend, answer } = slowStore();
    const enqueuer = createEnqueuer(backend, { now: () => 0 });
    enqueuer.bind(numbers(1, 1_120));
    const drained = enqueuer.drain();
    await Promise.resolve();
    const sizes = () => enqueues.map((jobs) => jobs.map(({ pack }) => pack.ids.length));
    const full = Array.from({ length: 10 }, () => 50);
    deepEqual(sizes(), [full, full]);
    for (let turns = 0; turns < 3; turns += 1) {
      answer();
      await new Promise(setImmediate);
    }
    deepEqual(sizes(), [full, full, [50, 50, 20]]);
    deepEqual(
      enqueues.flatMap((jobs) => jobs.flatMap(({ pack }) => pack.ids)),
      numbers(1, 1_120),
    );
    await drained;
    deepEqual(enqueuer.dropped, 0);
  });
});
