import { once } from 'node:events';
import { createRedisBackend } from 'bullmq';
import { Cluster, type CommonRedisOptions, Redis } from 'ioredis';
import { backoffMs } from '../flow/backoff.ts';
import { parseRedisUrl, type RedisPlace } from './redis-url.ts';
import { type Factory, type OnError, patient, type Store } from './store.ts';

/** A connection that broke is tried again after 0.1 to 2 seconds, for ever. */
function retryStrategy(times: number): number {
  return backoffMs(times, { firstMs: 200, maxMs: 2_000 }, Math.random);
}

/** Answers or fails, soon: without a connection at once, on one that fell silent after two seconds. */
const FAILING_FAST = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  connectTimeout: 2_000,
  socketTimeout: 2_000,
  keepAlive: 5_000,
  retryStrategy,
} as const satisfies CommonRedisOptions;

/**
 * Waits for Redis for as long as it takes, as BullMQ demands of workers. A connection that fell silent is replaced
 * after 15 seconds: more than the 10 that BullMQ waits for a job in one command.
 */
const WAITING = {
  maxRetriesPerRequest: null,
  connectTimeout: 5_000,
  socketTimeout: 15_000,
  keepAlive: 5_000,
  retryStrategy,
} as const satisfies CommonRedisOptions;

/**
 * Keeps the queues in Redis, each in one hash slot: keys begin with `<prefix>:{<queue>}:`, so a Cluster spreads the
 * queues over its nodes and no command crosses nodes.
 */
export function redisStore(url: string, prefix: string, onError: OnError): Store {
  const place = parseRedisUrl(url);
  const asking = connect(place, FAILING_FAST, onError);
  // Made with the first worker: a process that only enqueues has no use for it.
  let serving: Redis | Cluster | undefined;

  const producing: Factory = (queue, opts, factoryOpts) => {
    // Without these two, a queue that is made while Redis is away would never work.
    const tolerant = { skipVersionCheck: true, skipWaitingForReady: true };
    return createRedisBackend(`{${queue}}`, { ...opts, ...tolerant, prefix, connection: asking } as never, factoryOpts);
  };
  const consuming: Factory = (queue, opts, factoryOpts) => {
    serving ??= connect(place, WAITING, onError);
    return createRedisBackend(`{${queue}}`, { ...opts, prefix, connection: serving } as never, factoryOpts);
  };
  return {
    kind: 'redis',
    producing,
    consuming: patient(consuming),
    ready: readiness(asking),
    waitingSince: async (queue) => {
      const [next] = await queue.getWaiting(0, 0);
      return next === undefined ? undefined : new Date(next.timestamp);
    },
    ping: () => asking.ping(),
    close: async () => {
      asking.disconnect();
      serving?.disconnect();
    },
  };
}

/** Short gaps in a connection are waited for, by all callers together; a refused connection fails them at once. */
function readiness(client: Redis | Cluster): () => Promise<void> {
  let pending: Promise<void> | undefined;
  return async () => {
    if (client.status === 'ready') return;
    pending ??= once(client, 'ready', { signal: AbortSignal.timeout(FAILING_FAST.connectTimeout) })
      .then(() => undefined)
      .finally(() => {
        pending = undefined;
      });
    await pending;
  };
}

/** Opens a connection; it is told of every error, so that none ends the process. */
export function connect(place: RedisPlace, options: CommonRedisOptions, onError: OnError): Redis | Cluster {
  const client = open(place, options);
  client.on('error', onError);
  return client;
}

function open(place: RedisPlace, options: CommonRedisOptions): Redis | Cluster {
  switch (place.kind) {
    case 'single':
      return endAudibly(new Redis(place.url, options));
    case 'sentinel':
      return endAudibly(new Redis({ ...place.options, ...options, sentinelRetryStrategy: retryStrategy }));
    case 'cluster':
      return new Cluster([...place.nodes], {
        redisOptions: { ...place.options, ...options },
        clusterRetryStrategy: retryStrategy,
        enableOfflineQueue: options.enableOfflineQueue ?? true,
        slotsRefreshTimeout: options.connectTimeout ?? 2_000,
      });
    default:
      return place satisfies never;
  }
}

/**
 * A client that is ended between two attempts to connect does so without the word `end`, and BullMQ waits for that word
 * when a worker closes. One more attempt, ended at once, makes the client say it.
 */
function endAudibly(client: Redis): Redis {
  const disconnect = client.disconnect.bind(client);
  const duplicate = client.duplicate.bind(client);
  client.disconnect = (reconnect = false) => {
    if (client.status === 'reconnecting' && !reconnect) client.connect().catch(() => undefined);
    disconnect(reconnect);
  };
  client.duplicate = (override) => endAudibly(duplicate(override));
  return client;
}
