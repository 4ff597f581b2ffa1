import { setMaxListeners } from 'node:events';
import { backoffMs } from '../flow/backoff.ts';
import type { Logger } from '../log.ts';
import { within } from '../within.ts';
import type { NewJob, QueueBackend, QueueConsumer, TakenJob } from './backend.ts';
import { CATALOG, type Handlers, type JobKind, type Pack, parsePayload, type QueueName, sendQueue } from './catalog.ts';
import { openHand } from './hand.ts';

/** Whose jobs a process takes, and whom it tells. */
export interface WorkerOptions {
  /** Keys of the channels whose replies are sent here. */
  readonly channels: readonly string[];
  /** False: only replies are sent here. */
  readonly isBinding?: boolean;
  readonly log: Logger;
  /** A handler threw; the job is run again, or given up after its last attempt. */
  readonly onFailed?: (queue: QueueName) => void;
  /** A job that we did not write was dropped. */
  readonly onTampered?: (queue: QueueName) => void;
}

/** The workers of a process. */
export interface Workers {
  /**
   * Takes no more jobs and resolves when those at hand are done, within `graceMs`: after half of it their signal is
   * aborted, and in the last second those that still run are given back to the queue. With 0 that signal is aborted
   * before the call returns. May be called again, with less.
   */
  close(graceMs: number): Promise<void>;
}

/** A job whose handler runs. */
interface Task {
  /** Resolves when nothing of it is under way any more. */
  readonly over: Promise<void>;
  /** Gives the job back while its handler still runs. The rows tell who may write. */
  readonly giveBack: () => Promise<void>;
}

interface Station {
  readonly consumer: QueueConsumer;
  readonly tasks: Set<Task>;
}

/** Starts to take the jobs of `bind`, unless told otherwise, and of the channels' `send` queues. Works through any outage of the store. */
export function startWorkers(backend: QueueBackend, handlers: Handlers, options: WorkerOptions): Workers {
  const ending = new AbortController();
  const { signal } = ending;
  // Every job at hand listens to it, and every send of its pack: that many listeners are no leak.
  setMaxListeners(0, signal);
  const stations = [
    ...(options.isBinding === false
      ? []
      : [open(backend, 'bind', 'bind', options, (pack) => handlers.bind(pack, { signal }))]),
    ...options.channels.map((channel) =>
      open(backend, 'send', sendQueue(channel), options, (pack) => handlers.send(pack, { signal, channel })),
    ),
  ];
  return {
    close: async (graceMs) => {
      const abort = setTimeout(() => ending.abort(), graceMs / 2);
      if (graceMs === 0) ending.abort();
      await Promise.all(stations.map((station) => closeStation(station, graceMs)));
      clearTimeout(abort);
    },
  };
}

function open(
  backend: QueueBackend,
  kind: JobKind,
  queue: QueueName,
  options: WorkerOptions,
  handle: (pack: Pack) => Promise<void>,
): Station {
  const tasks = new Set<Task>();
  const hand = openHand(CATALOG[kind].idsInHand);

  function begin(pack: Pack, attemptsLeft: number): Promise<void> {
    const attempt = CATALOG[kind].attempts - attemptsLeft + 1;
    return new Promise((resolve, reject) => {
      const grip = hand.take(pack.ids.length, resolve);
      const giveBack = async (error: unknown, again: NewJob | undefined) => {
        if (!grip.isEnded) reject(error);
        else if (again !== undefined) await addAgain(backend, kind, queue, again, options.log);
      };
      const succeed = () => {
        grip.release(true);
        resolve();
      };
      const fail = async (error: unknown) => {
        grip.release(false);
        // Not what was given back already.
        if (tasks.has(task)) await giveBack(error, nextRun(kind, pack, attempt));
      };
      const over = runHandler(queue, pack, attempt, options, handle)
        .then(succeed, fail)
        .finally(() => tasks.delete(task));
      const again = { pack, delayMs: 0, attempts: attemptsLeft };
      const task: Task = { over, giveBack: () => giveBack(new Error('Given back: the process ends'), again) };
      tasks.add(task);
    });
  }

  const consumer = backend.consume(kind, queue, async (job) => {
    const pack = packIn(kind, queue, job, options);
    if (pack !== undefined) await begin(pack, job.attemptsLeft);
  });
  return { consumer, tasks };
}

/** Undefined, and told, when the job is not one of ours. */
function packIn(kind: JobKind, queue: QueueName, job: TakenJob, { onTampered, log }: WorkerOptions): Pack | undefined {
  const pack = job.name === kind ? parsePayload(kind, job.payload) : undefined;
  if (pack === undefined) {
    onTampered?.(queue);
    log.warn({ queue, security: true }, 'Job dropped: it is not one of ours');
  }
  return pack;
}

async function runHandler(
  queue: QueueName,
  pack: Pack,
  attempt: number,
  { onFailed, log }: WorkerOptions,
  handle: (pack: Pack) => Promise<void>,
): Promise<void> {
  try {
    await handle(pack);
  } catch (error) {
    onFailed?.(queue);
    log.error({ queue, ids: pack.ids.length, attempt, error }, 'Job failed');
    // BullMQ keeps this message with the failed job; the message of what was thrown may quote a row.
    throw new Error('The handler threw; the log has its error', { cause: error });
  }
}

/**
 * The job of the next run when a job that has ended failed in run number `attempt`: it waits and counts as BullMQ has a job
 * wait that has not ended. Undefined after the last: the sweeper finds the rows.
 */
function nextRun(kind: JobKind, pack: Pack, attempt: number): NewJob | undefined {
  const { attempts, backoffMs: firstMs } = CATALOG[kind];
  if (attempt >= attempts) return undefined;
  const delayMs = backoffMs(attempt, { firstMs, maxMs: Number.POSITIVE_INFINITY }, Math.random);
  return { pack, delayMs, attempts: attempts - attempt };
}

/** A new job for ids whose job has ended already. When the store does not take it, the sweeper finds their rows. */
async function addAgain(
  backend: QueueBackend,
  kind: JobKind,
  queue: QueueName,
  job: NewJob,
  log: Logger,
): Promise<void> {
  try {
    await within(PARTING_MS, backend.add(kind, queue, [job]));
  } catch (error) {
    log.warn({ queue, ids: job.pack.ids.length, error }, 'A job could not be given back');
  }
}

/** Parting from a store in good order takes no longer; from one that is away it would take until it is back. */
const PARTING_MS = 1_000;

async function closeStation({ consumer, tasks }: Station, graceMs: number): Promise<void> {
  const closed = consumer.close();
  const returned: Promise<void>[] = [];
  try {
    await within(Math.max(0, graceMs - PARTING_MS), allDone(tasks));
  } catch {
    returned.push(...[...tasks].map((task) => task.giveBack()));
    tasks.clear();
  }
  try {
    // A job that was being fetched may have begun meanwhile.
    await within(PARTING_MS, Promise.all([closed.then(() => allDone(tasks)), ...returned]));
  } catch {
    consumer.abandon();
  }
}

async function allDone(tasks: ReadonlySet<Task>): Promise<void> {
  while (tasks.size > 0) await Promise.allSettled([...tasks].map((task) => task.over));
}
