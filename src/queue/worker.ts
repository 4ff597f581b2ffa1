import { setMaxListeners } from 'node:events';
import type { Logger } from '../log.ts';
import { within } from '../within.ts';
import type { QueueBackend, QueueConsumer, TakenJob } from './backend.ts';
import { type Handlers, type JobKind, type Pack, parsePayload, type QueueName, sendQueue } from './catalog.ts';

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

/** A job at hand. */
interface Task {
  readonly done: Promise<void>;
  /** Gives the job back while its handler still runs. The rows tell who may write. */
  readonly giveBack: () => void;
}

interface Station {
  readonly consumer: QueueConsumer;
  readonly tasks: ReadonlySet<Task>;
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
  const consumer = backend.consume(
    kind,
    queue,
    (job) =>
      new Promise((resolve, reject) => {
        const done = takeJob(kind, queue, job, options, handle);
        const task = { done, giveBack: () => reject(new Error('Given back: the process ends')) };
        tasks.add(task);
        done.then(resolve, reject).finally(() => tasks.delete(task));
      }),
  );
  return { consumer, tasks };
}

async function takeJob(
  kind: JobKind,
  queue: QueueName,
  job: TakenJob,
  options: WorkerOptions,
  handle: (pack: Pack) => Promise<void>,
): Promise<void> {
  const pack = job.name === kind ? parsePayload(kind, job.payload) : undefined;
  if (pack === undefined) {
    options.onTampered?.(queue);
    options.log.warn({ queue, security: true }, 'Job dropped: it is not one of ours');
    return;
  }
  try {
    await handle(pack);
  } catch (error) {
    options.onFailed?.(queue);
    options.log.error({ queue, ids: pack.ids.length, attempt: job.attemptsMade + 1, error }, 'Job failed');
    // BullMQ keeps this message with the failed job; the message of what was thrown may quote a row.
    throw new Error('The handler threw; the log has its error', { cause: error });
  }
}

/** Parting from a store in good order takes no longer; from one that is away it would take until it is back. */
const PARTING_MS = 1_000;

async function closeStation({ consumer, tasks }: Station, graceMs: number): Promise<void> {
  const closed = consumer.close();
  try {
    await within(Math.max(0, graceMs - PARTING_MS), Promise.race([closed, allDone(tasks)]));
  } catch {
    for (const task of tasks) task.giveBack();
  }
  try {
    await within(PARTING_MS, closed);
  } catch {
    consumer.abandon();
  }
}

async function allDone(tasks: ReadonlySet<Task>): Promise<void> {
  while (tasks.size > 0) await Promise.allSettled([...tasks].map((task) => task.done));
}
