import { type Job, type JobsOptions, Queue, Worker } from 'bullmq';
import { errorReporter } from '../error-reporter.ts';
import type { Logger } from '../log.ts';
import { within } from '../within.ts';
import { CATALOG, type JobKind, type Pack, type QueueName } from './catalog.ts';
import { postgresStore } from './postgres.ts';
import { redisStore } from './redis.ts';
import type { Store } from './store.ts';

/** What a process needs to reach the queues. */
export interface QueueBackendOptions {
  /** Set: the queues live in Redis; see `parseRedisUrl` for Sentinel and Cluster. Absent: in Postgres. */
  readonly redisUrl?: string | undefined;
  readonly databaseUrl: string;
  readonly log: Logger;
  /** What the keys in Redis begin with; deployments that share a Redis need one each. */
  readonly prefix?: string;
}

/** A pack on its way into a queue. */
export interface NewJob {
  readonly pack: Pack;
  /** Not to be taken before so many milliseconds have passed. */
  readonly delayMs: number;
  /** Runs that it may have; as many as the catalogue says, unless some of them were in a job that has ended. */
  readonly attempts?: number;
}

/** A job as found in the queue: nothing about it has been checked. */
export interface TakenJob {
  readonly name: string;
  readonly payload: unknown;
  /** Runs that it may still have, this one among them. */
  readonly attemptsLeft: number;
}

/** Jobs of one queue, by state. */
export interface QueueDepth {
  readonly queue: QueueName;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
}

/** Takes jobs from one queue until it is closed. */
export interface QueueConsumer {
  /** Takes no more jobs, and resolves when those at hand are done. */
  close(): Promise<void>;
  /** Cuts the connection to a store that keeps `close` waiting; another worker will find the jobs at hand stalled. */
  abandon(): void;
}

/** The queues, wherever they live. */
export interface QueueBackend {
  readonly kind: Store['kind'];
  /** Puts jobs into the queue. Rejects when the store refuses; may hang when it is silent: bound it. */
  add(kind: JobKind, queue: QueueName, jobs: readonly NewJob[]): Promise<void>;
  /** Starts to take jobs, `process` by `process`; one that rejects is run again as the catalogue says. */
  consume(kind: JobKind, queue: QueueName, process: (job: TakenJob) => Promise<void>): QueueConsumer;
  /** Of the queues named. Rejects when the store does not answer within `answerMs`, 500 unless told otherwise. */
  depth(queues: readonly QueueName[], answerMs?: number): Promise<readonly QueueDepth[]>;
  /**
   * When the job that is taken next was added; undefined when none waits. Jobs that were added before it were taken, or
   * are lost, or wait for their second run or their time. Rejects when the store does not answer within `answerMs`.
   */
  waitingSince(queue: QueueName, answerMs?: number): Promise<Date | undefined>;
  /** Rejects when the store does not answer within 500 ms. */
  ping(): Promise<void>;
  /** Ends the connections; close the workers first. */
  close(): Promise<void>;
}

const ANSWER_MS = 500;

/** Nobody reads the history of jobs that BullMQ keeps beside them. */
const QUEUE_OPTIONS = { connection: {}, streams: { events: { maxLen: 100 } } };

/** Opens the queues. Returns at once and connects by itself, now or whenever the store is there. */
export function openQueueBackend(options: QueueBackendOptions): QueueBackend {
  const reportError = errorReporter((queue, report) => options.log.warn({ queue, ...report }, 'Queue store failed'));
  let isClosed = false;
  const report = (queue: string, error: Error) => isClosed || reportError(queue, error);
  const onError = (error: Error) => report('store', error);
  const store =
    options.redisUrl === undefined
      ? postgresStore(options.databaseUrl, onError)
      : redisStore(options.redisUrl, options.prefix ?? 'cardwake', onError);
  const queues = new Map<QueueName, Queue>();

  function queueOf(name: QueueName): Queue {
    const open = queues.get(name);
    if (open !== undefined) return open;
    const queue = new Queue(name, QUEUE_OPTIONS, store.producing) as unknown as Queue;
    queue.on('error', (error) => report(name, error));
    queues.set(name, queue);
    return queue;
  }

  return {
    kind: store.kind,
    add: async (kind, name, jobs) => {
      await store.ready();
      const queue = queueOf(name);
      // One by one: mostly it is one, and BullMQ's bulk insert makes a temporary table in Postgres each time.
      await Promise.all(jobs.map((job) => queue.add(kind, job.pack, jobOptions(kind, job))));
    },
    consume: (kind, name, process) => consume(store, kind, name, process, (error) => report(name, error)),
    depth: (names, answerMs = ANSWER_MS) => {
      const depths = () => Promise.all(names.map((name) => depthOf(name, queueOf(name))));
      return within(answerMs, store.ready().then(depths));
    },
    waitingSince: (name, answerMs = ANSWER_MS) => {
      const since = () => store.waitingSince(queueOf(name));
      return within(answerMs, store.ready().then(since));
    },
    ping: async () => {
      await within(
        ANSWER_MS,
        store.ready().then(() => store.ping()),
      );
    },
    close: async () => {
      isClosed = true;
      await store.close();
    },
  };
}

function jobOptions(kind: JobKind, { delayMs, attempts }: NewJob): JobsOptions {
  const { attempts: most, backoffMs, keepFailed } = CATALOG[kind];
  return {
    delay: delayMs,
    attempts: attempts ?? most,
    backoff: { type: 'exponential', delay: backoffMs, jitter: 0.5 },
    removeOnComplete: true,
    removeOnFail: { count: keepFailed },
    // An error's stack may quote what it failed on, and the queue is to hold ids only.
    stackTraceLimit: 0,
  };
}

function consume(
  store: Store,
  kind: JobKind,
  name: QueueName,
  process: (job: TakenJob) => Promise<void>,
  onError: (error: Error) => void,
): QueueConsumer {
  const { concurrency, lockMs, attempts } = CATALOG[kind];
  const left = ({ opts, attemptsMade }: Job) => Math.max(1, Math.min(opts.attempts ?? 1, attempts) - attemptsMade);
  const worker = new Worker(
    name,
    async (job: Job) => process({ name: job.name, payload: job.data, attemptsLeft: left(job) }),
    {
      connection: {},
      concurrency,
      lockDuration: lockMs,
      // A job whose worker died is found within lock and interval; a second time it fails and the sweeper makes a new
      // one, because only the rows can tell which of fifty messages is the one that kills.
      stalledInterval: 10_000,
      maxStalledCount: 1,
      // After a lost connection.
      runRetryDelay: 1_000,
    },
    store.consuming,
  );
  worker.on('error', onError);
  return {
    close: () => worker.close(),
    abandon: () => void worker.getBackend().close(true).catch(onError),
  };
}

async function depthOf(name: QueueName, queue: Queue): Promise<QueueDepth> {
  const {
    wait = 0,
    active = 0,
    delayed = 0,
    failed = 0,
  } = await queue.getJobCounts('wait', 'active', 'delayed', 'failed');
  return { queue: name, waiting: wait, active, delayed, failed };
}
