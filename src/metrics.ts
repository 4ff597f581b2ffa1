import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { within } from './within.ts';

/** Everything Cardwake counts. Labels hold names from the configuration and the code, never a number or a text. */
export type Metrics = ReturnType<typeof createMetrics>;

/** How many jobs of a queue are in a state, such as `waiting` or `failed`. */
export interface QueueDepth {
  readonly queue: string;
  readonly state: string;
  readonly jobs: number;
}

/** A session of a channel, as far as it is scraped. */
export interface ScrapedSession {
  readonly name: string;
  readonly state: string;
}

/** A new registry with every metric, and the values of this process; nothing is shared between two of them. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return { registry, ...counters(registry), ...latencies(registry), ...gauges(registry) };
}

function counters(registry: Registry) {
  const count = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `cardwake_${name}_total`, help, labelNames, registers: [registry] });
  return {
    received: count('received', 'What authentic provider calls told, once committed', ['channel', 'kind']),
    forged: count('forged', 'Provider calls whose signature was wrong', ['channel']),
    outcomes: count('outcomes', 'SMS by outcome; silence: why its reply is not sent', [
      'program',
      'outcome',
      'silence',
    ]),
    replies: count('replies', 'Replies that came to a status', ['channel', 'status']),
    receiptsUnmatched: count('receipts_unmatched', 'Receipts for no reply of ours, or none within ten minutes', [
      'channel',
    ]),
    lookups: count('lookups', 'What providers said of sends that they had not answered', ['channel', 'outcome']),
    fallbacks: count('fallbacks', 'Replies that moved to the fallback of their channel; why: route, circuit', [
      'channel',
      'to',
      'why',
    ]),
    sendAttempts: count('send_attempts', 'Answers of providers to our sends', ['channel', 'outcome']),
    enqueueDropped: count('enqueue_dropped', 'Jobs the queue did not take; the sweeper brings them back'),
    jobFailures: count('job_failures', 'Runs of jobs whose handler threw', ['queue']),
    foreignJobs: count('foreign_jobs', 'Jobs dropped because we did not write them', ['queue']),
    swept: count('swept', 'Rows the sweeper found without a job', ['kind']),
    templateFallbacks: count('template_fallbacks', 'Replies sent with the safe text because their template failed'),
    dailyCapReached: count('daily_cap_reached', 'Replies withheld by the daily cap of a programme', ['program']),
    quarantined: count('quarantined', 'SMS set aside for an operator'),
    events: count('events', 'Events for loyalty back ends: delivered, failed attempts, given up', ['program', 'state']),
  };
}

function latencies(registry: Registry) {
  return {
    /** From the first byte of the request to the answer. */
    webhookSeconds: new Histogram({
      name: 'cardwake_webhook_seconds',
      help: 'Time to answer a provider call',
      labelNames: ['status'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers: [registry],
    }),
    /** From the commit of the SMS to the provider's acceptance of the reply. */
    textToReplySeconds: new Histogram({
      name: 'cardwake_text_to_reply_seconds',
      help: 'Time from an SMS to its reply being accepted by the provider',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
      registers: [registry],
    }),
  };
}

/** A gauge is read when it is scraped; one whose source is down is left out, so that the others can still be seen. */
const COLLECT_TIMEOUT_MS = 1000;

function gauges(registry: Registry) {
  const failures = new Counter({
    name: 'cardwake_collect_failures_total',
    help: 'Gauges left out of a scrape because their source did not answer',
    labelNames: ['gauge'] as const,
    registers: [registry],
  });
  const missing = (gauge: string) => () => failures.inc({ gauge });
  const oldest = ageGauge(registry, missing('oldest'), {
    name: 'cardwake_oldest_unprocessed_seconds',
    help: 'Age of the oldest SMS without an outcome; 0 when there is none',
  });
  const oldestEvent = ageGauge(registry, missing('oldest_event'), {
    name: 'cardwake_oldest_event_seconds',
    help: 'Age of the oldest event that its loyalty back end has not taken; 0 when there is none',
  });
  return {
    /** Gives the source of how many webhook calls may wait for their commit at once. */
    collectAdmitted: admittedGauge(registry),
    /** Whether a channel's provider is taken to be there, as this process sees it. */
    circuitState: new Gauge({
      name: 'cardwake_circuit_state',
      help: 'Sends of a channel in this process: 0 closed, all go; 1 half-open, one goes to try; 2 open, none goes',
      labelNames: ['channel'] as const,
      registers: [registry],
    }),
    /** Gives the source of the oldest unprocessed SMS's age in seconds, 0 when there is none. */
    collectOldestUnprocessed: oldest,
    /** Gives the source of the oldest undelivered event's age in seconds, 0 when there is none. */
    collectOldestEvent: oldestEvent,
    /** Gives the source of the sessions that this process has, by channel. */
    collectSessions: sessionGauge(registry),
    /** Gives the source of the seconds since when not every session of a channel is bound, 0 when all are. */
    collectUnbound: unboundGauge(registry, missing('session_unbound')),
    /** Gives the source of the queues' depths. */
    collectQueueDepths: depthGauge(registry, missing('queue_depth')),
  };
}

/** Tells a gauge where to read its value when it is scraped. */
type Feed<T> = (read: () => Promise<T>) => void;

function ageGauge(registry: Registry, onMissing: () => void, named: { name: string; help: string }): Feed<number> {
  let read: (() => Promise<number>) | undefined;
  const gauge = new Gauge({
    ...named,
    registers: [registry],
    collect: async () => {
      gauge.remove();
      await readWithin(read, (seconds) => gauge.set(seconds)).catch(onMissing);
    },
  });
  return (source) => {
    read = source;
  };
}

/** Shown by a process that has a door. */
function admittedGauge(registry: Registry): (read: () => number) => void {
  let read: (() => number) | undefined;
  const gauge = new Gauge({
    name: 'cardwake_webhook_calls_admitted',
    help: 'Webhook calls that may wait for their commit at once; fewer while the process is too busy to refuse others in time',
    registers: [registry],
    collect: () => {
      gauge.remove();
      if (read !== undefined) gauge.set(read());
    },
  });
  return (source) => {
    read = source;
  };
}

/** The states of sessions that this process has; scraped from its memory. */
function sessionGauge(registry: Registry): (read: () => ReadonlyMap<string, readonly ScrapedSession[]>) => void {
  let read: () => ReadonlyMap<string, readonly ScrapedSession[]> = () => new Map();
  const gauge = new Gauge({
    name: 'cardwake_session_state',
    help: '1 for the state that each session of a channel is in, in the process that has it',
    labelNames: ['channel', 'session', 'state'] as const,
    registers: [registry],
    collect: () => {
      gauge.reset();
      for (const [channel, sessions] of read()) {
        for (const { name, state } of sessions) gauge.set({ channel, session: name, state }, 1);
      }
    },
  });
  return (source) => {
    read = source;
  };
}

function unboundGauge(registry: Registry, onMissing: () => void): Feed<ReadonlyMap<string, number>> {
  let read: (() => Promise<ReadonlyMap<string, number>>) | undefined;
  const gauge = new Gauge({
    name: 'cardwake_session_unbound_seconds',
    help: 'Since when not every session of a channel is bound; 0 when all are',
    labelNames: ['channel'] as const,
    registers: [registry],
    collect: async () => {
      gauge.reset();
      await readWithin(read, (all) => {
        for (const [channel, seconds] of all) gauge.set({ channel }, seconds);
      }).catch(onMissing);
    },
  });
  return (source) => {
    read = source;
  };
}

function depthGauge(registry: Registry, onMissing: () => void): Feed<readonly QueueDepth[]> {
  let read: (() => Promise<readonly QueueDepth[]>) | undefined;
  const gauge = new Gauge({
    name: 'cardwake_queue_depth',
    help: 'Jobs by queue and state',
    labelNames: ['queue', 'state'] as const,
    registers: [registry],
    collect: async () => {
      gauge.reset();
      const show = (depths: readonly QueueDepth[]) => {
        for (const { queue, state, jobs } of depths) gauge.set({ queue, state }, jobs);
      };
      await readWithin(read, show).catch(onMissing);
    },
  });
  return (source) => {
    read = source;
  };
}

async function readWithin<T>(read: (() => Promise<T>) | undefined, show: (value: T) => void): Promise<void> {
  if (read !== undefined) show(await within(COLLECT_TIMEOUT_MS, read()));
}
