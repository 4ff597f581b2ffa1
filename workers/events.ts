import type { Program } from '../src/activation/program.ts';
import type { EventPoster } from '../src/events/poster.ts';
import { backoffMs } from '../src/flow/backoff.ts';
import { pause } from '../src/flow/pause.ts';
import type { Logger } from '../src/log.ts';
import type { Metrics } from '../src/metrics.ts';
import type { Database } from '../src/store/database.ts';
import { type ClaimedEvent, claimEvents, type DeliveryResult, recordDelivery } from '../src/store/event-delivery.ts';

/** What delivers events works with. */
export interface EventNeighbours {
  readonly db: Database;
  readonly programs: ReadonlyMap<string, Program>;
  readonly poster: EventPoster;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => Date;
  readonly random: () => number;
  /** How late an event can be noticed; default 500. */
  readonly lookEveryMs?: number;
}

const DAY_MS = 24 * 3_600_000;
/** Every few seconds at first, every half to whole hour in the end, for three days from the first. */
const RETRY = { backoff: { firstMs: 5_000, maxMs: 3_600_000 }, forMs: 3 * DAY_MS } as const;
/** Deliveries of one process to one back end at a time: one that hangs takes no place from another. */
const AT_ONCE = 8;

/**
 * Delivers the events of all programmes that have a loyalty back end: those of one card or member one after the other,
 * others beside them. Every worker process does it; the rows hold the state, so no queue is needed. Answers the function
 * that stops it, after the deliveries at hand.
 */
export function startEvents(neighbours: EventNeighbours): () => Promise<void> {
  const stopping = new AbortController();
  const running = [...neighbours.programs.values()]
    .filter(({ events }) => events !== undefined)
    .map(({ key }) => deliverUntil(stopping.signal, neighbours, key));
  return async () => {
    stopping.abort();
    await Promise.all(running);
  };
}

/** Takes what is due as places get free; looks again when a delivery has ended, because its successor may go now. */
async function deliverUntil(signal: AbortSignal, neighbours: EventNeighbours, program: string): Promise<void> {
  const { db, log, now, lookEveryMs = 500 } = neighbours;
  const underWay = new Set<Promise<void>>();
  const look = async () => {
    const limit = AT_ONCE - underWay.size;
    const claimed = limit === 0 ? [] : await claimEvents(db, { program, limit, now: now() });
    for (const event of claimed) {
      const delivery = deliver(neighbours, event)
        .catch((error: unknown) => log.error({ error }, 'A delivery could not be written down'))
        .finally(() => underWay.delete(delivery));
      underWay.add(delivery);
    }
    return claimed.length;
  };
  while (!signal.aborted) {
    const taken = await look().catch((error: unknown) => {
      log.error({ error }, 'Events could not be read');
      return 0;
    });
    if (taken > 0 && underWay.size < AT_ONCE) continue;
    const over = new AbortController();
    await Promise.race([pause(lookEveryMs, AbortSignal.any([signal, over.signal])), ...underWay]);
    over.abort();
  }
  await Promise.all(underWay);
}

async function deliver(neighbours: EventNeighbours, event: ClaimedEvent): Promise<void> {
  const { db, programs, poster, metrics, log, now } = neighbours;
  const endpoint = programs.get(event.program)?.events;
  if (endpoint === undefined) return;
  const { webhook_id: webhookId, type, at, data, program } = event;
  const outcome = await poster.post(endpoint, { webhookId, type, at, data: { program, ...data } });
  const result: DeliveryResult =
    outcome.kind === 'delivered' ? outcome : afterFailure(neighbours, event, outcome.reason);
  await recordDelivery(db, event, result);
  metrics.events.inc({ program, state: result.kind === 'later' ? 'failed' : result.kind });
  const facts = { program, webhookId, type, attempts: event.attempts };
  if (result.kind === 'given-up') log.error({ ...facts, reason: result.error }, 'An event was given up');
  else if (result.kind === 'later') log.warn({ ...facts, reason: result.error }, 'An event was not taken');
  else log.debug({ ...facts, seconds: (now().getTime() - at.getTime()) / 1000 }, 'An event was delivered');
}

function afterFailure({ now, random }: EventNeighbours, event: ClaimedEvent, error: string): DeliveryResult {
  const triedForMs = now().getTime() - event.first_attempt_at.getTime();
  if (triedForMs >= RETRY.forMs) return { kind: 'given-up', error };
  return { kind: 'later', at: new Date(now().getTime() + backoffMs(event.attempts, RETRY.backoff, random)), error };
}
