import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { mock } from 'node:test';
import fc from 'fast-check';
import { type CoalesceOptions, type Coalescer, CoalescerFull, coalesce } from '../../src/flow/coalesce.ts';

/** A run under the test's control: it records its packs and ends each when told to. */
function controlled(options: Omit<CoalesceOptions<number, string>, 'run'>) {
  const packs: (readonly number[])[] = [];
  const running: { readonly pack: readonly number[]; end(error?: Error): void }[] = [];
  let mostInFlight = 0;
  const coalescer: Coalescer<number, string> = coalesce<number, string>({
    ...options,
    run: (pack) => {
      packs.push(pack);
      return new Promise((resolve, reject) => {
        running.push({
          pack,
          end: (error) => (error === undefined ? resolve(pack.map((item) => `done ${item}`)) : reject(error)),
        });
        mostInFlight = Math.max(mostInFlight, running.length);
      });
    },
  });
  return { coalescer, packs, running, mostInFlight: () => mostInFlight };
}

/** Lets everything that is ready to run, run. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a coalescer', () => {
  it('starts a lone item at once, as a pack of one', async () => {
    const { coalescer, packs, running } = controlled({ maxItems: 50, maxInFlight: 2, maxWaiting: 10 });
    const result = coalescer.add(7);
    await Promise.resolve();
    deepEqual(packs, [[7]]);
    running[0]?.end();
    equal(await result, 'done 7');
  });

  it('makes one pack of what waited while the others were in flight', async () => {
    const { coalescer, packs, running } = controlled({ maxItems: 50, maxInFlight: 2, maxWaiting: 100 });
    const results: Promise<string>[] = [];
    for (const item of [1, 2, 3, 4, 5]) {
      results.push(coalescer.add(item));
      await settle();
    }
    deepEqual(packs, [[1], [2]]);
    running[0]?.end();
    await settle();
    deepEqual(packs, [[1], [2], [3, 4, 5]]);
    running[1]?.end();
    running[2]?.end();
    deepEqual(await Promise.all(results), ['done 1', 'done 2', 'done 3', 'done 4', 'done 5']);
  });

  it('lets items that are added in one go travel together', async () => {
    const { coalescer, packs, running } = controlled({ maxItems: 3, maxInFlight: 2, maxWaiting: 10 });
    const all = Promise.all([1, 2, 3, 4].map((item) => coalescer.add(item)));
    await settle();
    deepEqual(packs, [[1, 2, 3], [4]]);
    for (const run of running) run.end();
    await all;
  });

  describe('that starts a pack every ten milliseconds', () => {
    const PACED = { maxItems: 3, maxInFlight: 2, maxWaiting: 10, everyMs: 10 };
    let clock = 0;
    beforeEach(() => {
      mock.timers.enable({ apis: ['setTimeout'] });
      mock.method(performance, 'now', () => clock);
    });
    afterEach(() => mock.reset());
    const pass = async (ms: number) => {
      clock += ms;
      mock.timers.tick(ms);
      await settle();
    };
    /** Adds without waiting for the result. */
    const add = async (coalescer: Coalescer<number, string>, ...items: readonly number[]) => {
      for (const item of items) void coalescer.add(item);
      await settle();
    };

    it('starts a lone item at once, and what comes too soon after it together', async () => {
      const { coalescer, packs } = controlled(PACED);
      await add(coalescer, 1);
      await pass(4);
      await add(coalescer, 2);
      await pass(5);
      await add(coalescer, 3);
      deepEqual(packs, [[1]]);
      await pass(1);
      deepEqual(packs, [[1], [2, 3]]);
    });

    it('waits for nothing when the last pack is long ago', async () => {
      const { coalescer, packs, running } = controlled(PACED);
      for (const item of [1, 2, 3]) {
        await add(coalescer, item);
        running[item - 1]?.end();
        await pass(10);
      }
      deepEqual(packs, [[1], [2], [3]]);
    });

    it('waits longer after a pack of three, and not after one of two', async () => {
      const { coalescer, packs, running } = controlled({ ...PACED, everyMsInCompany: 20 });
      const endAndPass = async (ms: number, ...items: readonly number[]) => {
        for (const run of running.splice(0)) run.end();
        await pass(ms);
        await add(coalescer, ...items);
      };
      await add(coalescer, 1, 2, 3);
      await endAndPass(19, 4, 5);
      deepEqual(packs, [[1, 2, 3]]);
      await endAndPass(1);
      deepEqual(packs, [
        [1, 2, 3],
        [4, 5],
      ]);
      await endAndPass(10, 6);
      deepEqual(packs, [[1, 2, 3], [4, 5], [6]]);
    });

    it('lets a full pack go at once', async () => {
      const { coalescer, packs } = controlled(PACED);
      await add(coalescer, 1);
      await add(coalescer, 2, 3);
      deepEqual(packs, [[1]]);
      await add(coalescer, 4);
      deepEqual(packs, [[1], [2, 3, 4]]);
    });

    it('does not wait when it is drained', async () => {
      const { coalescer, packs, running } = controlled(PACED);
      await add(coalescer, 1, 2, 3);
      await add(coalescer, 4);
      const drained = coalescer.drain();
      await settle();
      deepEqual(packs, [[1, 2, 3], [4]]);
      for (const run of running) run.end();
      await drained;
    });
  });

  it('fails only the items of the pack that failed', async () => {
    const { coalescer, running } = controlled({ maxItems: 2, maxInFlight: 2, maxWaiting: 10 });
    const results = Promise.allSettled([1, 2, 3].map((item) => coalescer.add(item)));
    await settle();
    running[0]?.end(new Error('lost'));
    running[1]?.end();
    deepEqual(
      (await results).map(({ status }) => status),
      ['rejected', 'rejected', 'fulfilled'],
    );
  });

  it('survives a run that throws before it returns, or returns too little', async () => {
    const throwing = coalesce({
      maxItems: 1,
      maxInFlight: 1,
      maxWaiting: 9,
      run: () => {
        throw new Error('at once');
      },
    });
    await rejects(throwing.add(1), /at once/);
    await rejects(throwing.add(2), /at once/);
    const short = coalesce({ maxItems: 1, maxInFlight: 1, maxWaiting: 9, run: () => Promise.resolve([]) });
    await rejects(short.add(1), /one result per item/);
  });

  it('refuses an item when the waiting room is full, and takes the next when there is room', async () => {
    const { coalescer, running } = controlled({ maxItems: 1, maxInFlight: 1, maxWaiting: 1 });
    const first = coalescer.add(1);
    await settle();
    const second = coalescer.add(2);
    await rejects(coalescer.add(3), CoalescerFull);
    running[0]?.end();
    await first;
    await settle();
    const fourth = coalescer.add(4);
    running[1]?.end();
    await second;
    await settle();
    running[2]?.end();
    equal(await fourth, 'done 4');
  });

  it('drains: resolves at once when idle, else after the last item', async () => {
    const { coalescer, running } = controlled({ maxItems: 1, maxInFlight: 1, maxWaiting: 9 });
    await coalescer.drain();
    const results = Promise.all([coalescer.add(1), coalescer.add(2)]);
    let isDrained = false;
    const drained = coalescer.drain().then(() => {
      isDrained = true;
    });
    await settle();
    running[0]?.end();
    await settle();
    ok(!isDrained);
    running[1]?.end();
    await Promise.all([results, drained]);
  });

  it('gives every item its own result, in order, within its bounds, whatever the timing', async () => {
    const scenario = fc.record({
      maxItems: fc.integer({ min: 1, max: 7 }),
      maxInFlight: fc.integer({ min: 1, max: 4 }),
      /** true: an item arrives; a number: that run of those in flight ends, well or (odd) badly. */
      steps: fc.array(fc.oneof(fc.constant(true), fc.nat({ max: 9 })), { maxLength: 80 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ maxItems, maxInFlight, steps }) => {
        const { coalescer, packs, running, mostInFlight } = controlled({ maxItems, maxInFlight, maxWaiting: 1000 });
        const failed = new Set<number>();
        const results: Promise<PromiseSettledResult<string>[]>[] = [];
        const endOne = async (which: number) => {
          const [run] = running.splice(which % running.length, 1);
          if (which % 2 === 1) for (const item of run?.pack ?? []) failed.add(item);
          run?.end(which % 2 === 1 ? new Error('lost') : undefined);
          await settle();
        };
        for (const step of steps) {
          if (step === true) {
            results.push(Promise.allSettled([coalescer.add(results.length)]));
            if (results.length % 3 === 0) await settle();
          } else if (running.length > 0) await endOne(step);
        }
        await settle();
        while (running.length > 0) await endOne(0);
        await coalescer.drain();
        const outcomes = (await Promise.all(results)).flat();
        deepEqual(
          outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 'failed')),
          outcomes.map((_, item) => (failed.has(item) ? 'failed' : `done ${item}`)),
        );
        deepEqual(packs.flat(), [...outcomes.keys()]);
        ok(packs.every((pack) => pack.length >= 1 && pack.length <= maxItems));
        ok(mostInFlight() <= maxInFlight);
      }),
      { numRuns: 200 },
    );
  });
});
