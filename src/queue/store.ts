import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendFactory, IQueueBackend, Queue } from 'bullmq';

/** How BullMQ reaches a queue. The connection that it is offered in `opts` is ignored: the store has its own. */
export type Factory = BackendFactory<IQueueBackend, object>;

/** Where the queues are kept: all that differs between Redis and Postgres. */
export interface Store {
  readonly kind: 'redis' | 'postgres';
  /** For adding and counting: fails rather than waits. */
  readonly producing: Factory;
  /** For taking jobs: waits for as long as it takes. */
  readonly consuming: Factory;
  /** Resolves once there is a connection to add through; rejects as soon as one could not be made. */
  ready(): Promise<void>;
  /** When the job that is taken next was added; undefined when none waits. May hang. */
  waitingSince(queue: Queue): Promise<Date | undefined>;
  /** Rejects when the store does not answer; may hang. */
  ping(): Promise<unknown>;
  /** Ends the connections at once. */
  close(): Promise<void>;
}

/** Told of a connection that failed while nobody waited for it. */
export type OnError = (error: Error) => void;

/**
 * BullMQ asks for the next job again at once after an error that is not a lost connection, such as Redis out of memory
 * or Postgres starting up: as fast as the machine can. This makes it ask once a second.
 */
export function patient(factory: Factory): Factory {
  return (name, opts, factoryOpts) => {
    const backend = factory(name, opts, factoryOpts);
    const moveToActive = backend.moveToActive.bind(backend);
    backend.moveToActive = async (token, workerName) => {
      try {
        return await moveToActive(token, workerName);
      } catch (error) {
        await sleep(1_000);
        throw error;
      }
    };
    return backend;
  };
}
