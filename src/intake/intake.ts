import type { Program } from '../activation/program.ts';
import type { Channel } from '../config.ts';
import { type Coalescer, coalesce } from '../flow/coalesce.ts';
import type { Line } from '../lines.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Received } from '../providers/provider.ts';
import type { Enqueuer } from '../queue/enqueue.ts';
import type { DeliveryReceipt, MessagePart } from '../sms/message.ts';
import type { Database } from '../store/database.ts';
import { differingFromKept, isOfMessage, type Kept, keepInbound, type NewInbound } from '../store/inbox.ts';
import { applyReceipts } from '../store/receipts.ts';
import { createPartKeeper } from './part-keeper.ts';
import { keepUnreadable, readInbound } from './read-inbound.ts';
import { createReadings } from './readings.ts';

/** What the intake works with. */
export interface IntakeNeighbours {
  readonly db: Database;
  readonly programs: ReadonlyMap<string, Program>;
  readonly lines: ReadonlyMap<string, Line>;
  readonly enqueue: Pick<Enqueuer, 'bind'>;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** The way from the door into the database. */
export interface Intake {
  /** Resolves once everything is committed; rejects when any of it is not, and then the provider must send it again. */
  keep(channelKey: string, received: readonly Received[], rawBody: Buffer): Promise<void>;
  /** Resolves when nothing is on its way any more. */
  drain(): Promise<void>;
}

/** Webhook calls that arrive together share one commit: at most two are under way, the rest wait for the next. */
const GROUP = { maxItems: 200, maxInFlight: 2, maxWaiting: 5_000 } as const;

/** Reads what providers tell and keeps it. The queue is told afterwards and nobody waits for it. */
export function createIntake(neighbours: IntakeNeighbours): Intake {
  const { lines, log } = neighbours;
  const readings = createReadings(neighbours);
  const parts = createPartKeeper(neighbours, readings, GROUP);
  const inbox = coalesce<NewInbound, KeptOrRefused>({ run: (received) => keepAll(neighbours, received), ...GROUP });
  const receipts = receiptLanes(neighbours);
  const repetitions = repetitionLane(neighbours);

  async function keepOrThrow(one: NewInbound): Promise<void> {
    const kept = await inbox.add(one);
    if (kept.kind === 'refused') throw kept.error;
    note(neighbours, repetitions, one, kept);
  }

  async function keepUnread(channel: Channel, id: string, reason: string, rawBody: Buffer): Promise<void> {
    log.warn({ channel: channel.key, reason }, 'A provider call could not be read');
    await keepOrThrow(keepUnreadable(channel, id, rawBody));
  }

  async function keepOne({ channel }: Line, one: Received, rawBody: Buffer): Promise<void> {
    switch (one.kind) {
      case 'message':
        await keepOrThrow(readInbound(one.message, rawBody, readings(channel.key)));
        break;
      case 'part':
        if (isPlaced(one.part)) await parts.keep(channel.key, one.part);
        else await keepUnread(channel, one.part.providerMessageId, 'a part of no place', rawBody);
        break;
      case 'receipt':
        await receipts.add(channel.key, one.receipt);
        break;
      case 'unreadable':
        await keepUnread(channel, one.providerMessageId, one.reason, rawBody);
        break;
      default:
        one satisfies never;
    }
  }

  return {
    async keep(channelKey, received, rawBody) {
      const line = lines.get(channelKey);
      if (line === undefined) throw new Error(`There is no channel ${channelKey}`);
      await Promise.all(received.map((one) => keepOne(line, one, rawBody)));
    },
    async drain() {
      await Promise.all([inbox, parts, receipts, repetitions].map((lane) => lane.drain()));
    },
  };
}

/** What a phone marks its parts with comes from outside: only this can be put together. */
function isPlaced({ position, total }: MessagePart): boolean {
  return Number.isInteger(position) && Number.isInteger(total) && position >= 1 && position <= total && total <= 255;
}

/** Counts what was kept, and has what is repeated compared. */
function note({ metrics }: IntakeNeighbours, repetitions: RepetitionLane, one: NewInbound, kept: Kept): void {
  const { channel, program = '', outcome } = one;
  const kind = outcome === 'unreadable' ? 'unreadable' : 'message';
  metrics.received.inc({ channel, kind: kept.kind === 'repeated' ? 'repeated' : kind });
  if (kept.kind === 'repeated') repetitions.compare(one);
  else if (outcome !== undefined) metrics.outcomes.inc({ program, outcome, silence: '' });
}

interface RepetitionLane {
  compare(one: NewInbound): void;
  drain(): Promise<void>;
}

/**
 * An id that comes again with other content is an event that security wants to see. Nobody waits for it: after a slow minute
 * of Postgres every provider repeats what was kept and not answered in time, and to compare all that must neither fail an
 * acknowledgement nor take more than one connection from those that are still to be kept. What is too much is not compared.
 */
function repetitionLane({ db, log }: IntakeNeighbours): RepetitionLane {
  const lane = coalesce<NewInbound, undefined>({
    async run(repeated) {
      try {
        const differing = await differingFromKept(db, repeated);
        for (const { channel } of differing)
          log.warn({ channel, security: true }, 'An SMS came again with other content');
      } catch (error) {
        log.warn({ messages: repeated.length, error }, 'Repeated SMS were not compared with what was kept');
      }
      return repeated.map(() => undefined);
    },
    ...GROUP,
    maxInFlight: 1,
  });
  return {
    compare: (one) => void lane.add(one).catch(() => undefined),
    drain: () => lane.drain(),
  };
}

type KeptOrRefused = Kept | { readonly kind: 'refused'; readonly error: unknown };

/** One commit for all; a group that the database refuses for its data is kept one by one, so that one cannot fail others. */
async function keepAll(
  neighbours: IntakeNeighbours,
  received: readonly NewInbound[],
): Promise<readonly KeptOrRefused[]> {
  const kept = await keepGroup(neighbours, received);
  const toDecide = kept.flatMap((one, index) =>
    one.kind === 'new' && received[index]?.outcome === undefined ? [one.id] : [],
  );
  neighbours.enqueue.bind(toDecide);
  return kept;
}

async function keepGroup(
  { db, log }: IntakeNeighbours,
  received: readonly NewInbound[],
): Promise<readonly KeptOrRefused[]> {
  try {
    return await keepInbound(db, received);
  } catch (error) {
    if (!isOfMessage(error)) throw error;
    log.error({ messages: received.length, error }, 'A group of SMS was refused by the database');
    return await Promise.all(
      received.map(async (one) => {
        const [kept] = await keepInbound(db, [one]).catch((refusal: unknown) => [refused(refusal)]);
        return kept ?? refused(new Error('The database answered nothing'));
      }),
    );
  }
}

function refused(error: unknown): KeptOrRefused {
  return { kind: 'refused', error };
}

/** Receipts of a channel that arrive together share one commit, as well. */
function receiptLanes(neighbours: IntakeNeighbours) {
  const lanes = new Map<string, Coalescer<DeliveryReceipt, undefined>>();
  return {
    async add(channel: string, receipt: DeliveryReceipt): Promise<void> {
      const lane = lanes.get(channel) ?? coalesce({ run: (list) => apply(neighbours, channel, list), ...GROUP });
      lanes.set(channel, lane);
      await lane.add(receipt);
      neighbours.metrics.received.inc({ channel, kind: 'receipt' });
    },
    async drain(): Promise<void> {
      await Promise.all([...lanes.values()].map((lane) => lane.drain()));
    },
  };
}

async function apply(
  { db, log, metrics }: IntakeNeighbours,
  channel: string,
  receipts: readonly DeliveryReceipt[],
): Promise<readonly undefined[]> {
  const { unmatched } = await applyReceipts(db, channel, receipts);
  for (const { status } of receipts) metrics.replies.inc({ channel, status });
  if (unmatched > 0) {
    metrics.receiptsUnmatched.inc({ channel }, unmatched);
    log.warn({ channel, receipts: unmatched }, 'Receipts named no reply of ours');
  }
  return receipts.map(() => undefined);
}
