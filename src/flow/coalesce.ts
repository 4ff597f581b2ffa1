/** Bounds of a coalescer, and what it does with a pack. */
export interface CoalesceOptions<Item, Result> {
  /** Does a pack of 1 to `maxItems` items and gives one result per item, in their order. A throw fails the pack alone. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly maxItems: number;
  readonly maxInFlight: number;
  /**
   * Milliseconds from the start of one pack to that of the next, unless that one is full; default 0. A lone item still starts
   * at once, while at higher rates a round trip carries what came meanwhile instead of one item.
   */
  readonly everyMs?: number;
  /** The same after a pack of three items or more, where company is likely to come again; default: `everyMs`. */
  readonly everyMsInCompany?: number;
  /** Items that may wait; one more is rejected with `CoalescerFull`. */
  readonly maxWaiting: number;
}

/** Turns single items into packs: at low load a pack is one item, under load it is what waited. */
export interface Coalescer<Item, Result> {
  /** The item's own result; rejects with its pack's error, or with `CoalescerFull` at once. */
  add(item: Item): Promise<Result>;
  /** Resolves when nothing waits and nothing runs. */
  drain(): Promise<void>;
}

/** Too much waits already: the item was not taken. */
export class CoalescerFull extends Error {
  override readonly name = 'CoalescerFull';
}

interface Entry<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Packs start in the order of arrival, and at most `maxInFlight` run at a time. A pack starts at the end of the
 * current turn of the event loop, so that what one caller adds in one go travels together. A drain waits for no time.
 */
export function coalesce<Item, Result>(options: CoalesceOptions<Item, Result>): Coalescer<Item, Result> {
  const queue: Entry<Item, Result>[] = [];
  const idle: (() => void)[] = [];
  const pace = paceOf(options, start);
  let inFlight = 0;
  let isStartDue = false;

  function startLater(): void {
    if (isStartDue || inFlight >= options.maxInFlight) return;
    isStartDue = true;
    queueMicrotask(start);
  }

  function start(): void {
    isStartDue = false;
    while (queue.length > 0 && inFlight < options.maxInFlight) {
      const isUrgent = queue.length >= options.maxItems || idle.length > 0;
      if (!isUrgent && pace.isTooSoon()) return;
      const pack = queue.splice(0, options.maxItems);
      pace.started(pack.length);
      inFlight += 1;
      void runPack(options.run, pack).then(finish);
    }
  }

  function finish(): void {
    inFlight -= 1;
    start();
    if (inFlight === 0) for (const resolve of idle.splice(0)) resolve();
  }

  return {
    add(item) {
      if (queue.length >= options.maxWaiting) return Promise.reject(new CoalescerFull('Too many items wait'));
      return new Promise<Result>((resolve, reject) => {
        queue.push({ item, resolve, reject });
        startLater();
      });
    },
    drain() {
      if (queue.length === 0 && inFlight === 0) return Promise.resolve();
      return new Promise((resolve) => {
        idle.push(resolve);
        start();
      });
    },
  };
}

/** Two would meet in the longer wait itself and keep it up, however few come. */
const COMPANY = 3;

interface Pace {
  isTooSoon(): boolean;
  started(items: number): void;
}

type Times = Pick<CoalesceOptions<never, never>, 'everyMs' | 'everyMsInCompany'>;

/** Keeps packs so many milliseconds apart; `start` is called once it is no longer too soon. */
function paceOf({ everyMs = 0, everyMsInCompany = everyMs }: Times, start: () => void): Pace {
  if (everyMs === 0 && everyMsInCompany === 0) return { isTooSoon: () => false, started: () => {} };
  let nextAt = Number.NEGATIVE_INFINITY;
  let isPausing = false;
  return {
    isTooSoon() {
      const leftMs = nextAt - performance.now();
      if (leftMs <= 0) return false;
      if (isPausing) return true;
      isPausing = true;
      setTimeout(() => {
        isPausing = false;
        start();
      }, leftMs);
      return true;
    },
    started(items) {
      nextAt = performance.now() + (items >= COMPANY ? everyMsInCompany : everyMs);
    },
  };
}

/** Settles every entry of the pack; never rejects. */
async function runPack<Item, Result>(
  run: CoalesceOptions<Item, Result>['run'],
  pack: readonly Entry<Item, Result>[],
): Promise<void> {
  try {
    const results = await run(pack.map((entry) => entry.item));
    if (results.length !== pack.length) throw new Error('A run must give one result per item');
    for (const [index, entry] of pack.entries()) entry.resolve(results[index] as Result);
  } catch (error) {
    for (const entry of pack) entry.reject(error);
  }
}
