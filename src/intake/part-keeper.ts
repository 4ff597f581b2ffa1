import { coalesce } from '../flow/coalesce.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Enqueuer } from '../queue/enqueue.ts';
import type { MessagePart } from '../sms/message.ts';
import type { Database } from '../store/database.ts';
import { isOfMessage } from '../store/inbox.ts';
import { claimOverdue, type JoinedInbound, keepParts, type NewPart, readOverdue } from '../store/long-messages.ts';
import { readLongMessage, readPart } from './read-inbound.ts';
import type { Readings } from './readings.ts';

/** What parts are kept with. */
export interface PartNeighbours {
  readonly db: Database;
  readonly enqueue: Pick<Enqueuer, 'bind'>;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** The way of a part from the door into the database. */
export interface PartKeeper {
  /** Resolves once the part, and the SMS that it completes, are committed. */
  keep(channelKey: string, part: MessagePart): Promise<void>;
  drain(): Promise<void>;
}

interface Group {
  readonly maxItems: number;
  readonly maxInFlight: number;
  readonly maxWaiting: number;
}

type KeptOrRefused = 'new' | 'repeated' | { readonly error: unknown };

/** Parts that arrive together share one commit, as whole SMS do. */
export function createPartKeeper(neighbours: PartNeighbours, readings: Readings, group: Group): PartKeeper {
  const { metrics } = neighbours;
  const lane = coalesce<NewPart, KeptOrRefused>({ run: (parts) => keepAll(neighbours, readings, parts), ...group });
  return {
    async keep(channelKey, part) {
      const kept = await lane.add(readPart(part, readings(channelKey)));
      if (typeof kept === 'object') throw kept.error;
      metrics.received.inc({ channel: channelKey, kind: kept === 'new' ? 'part' : 'repeated' });
    },
    drain: () => lane.drain(),
  };
}

/** A group that the database refuses for its data is kept one by one, so that one cannot fail others. */
async function keepAll(
  neighbours: PartNeighbours,
  readings: Readings,
  parts: readonly NewPart[],
): Promise<readonly KeptOrRefused[]> {
  try {
    const { kept, joined } = await keepParts(neighbours.db, parts, (one) =>
      readLongMessage(one, readings(one.channel)),
    );
    announce(neighbours, joined, 'message');
    return kept;
  } catch (error) {
    if (!isOfMessage(error)) throw error;
    neighbours.log.error({ parts: parts.length, error }, 'Parts of SMS were refused by the database');
    if (parts.length === 1) return [{ error }];
    const single = await Promise.all(parts.map((part) => keepAll(neighbours, readings, [part])));
    return single.flat();
  }
}

/** Long SMS read in one go at most; the rest is read two seconds later. */
const MAX_OVERDUE = 200;

/** Reads what came of the long SMS whose parts are no longer waited for; answers how many. */
export async function readOverdueMessages(
  neighbours: PartNeighbours,
  readings: Readings,
  channels: readonly string[],
): Promise<number> {
  const { db, log } = neighbours;
  const ids = await claimOverdue(db, channels, MAX_OVERDUE);
  for (const id of ids) {
    try {
      const joined = await readOverdue(db, id, (one) => readLongMessage(one, readings(one.channel)));
      if (joined !== undefined) announce(neighbours, [joined], 'incomplete');
    } catch (error) {
      // It comes back in a minute; meanwhile the others are read.
      log.error({ error }, 'What came of a long SMS could not be read');
    }
  }
  return ids.length;
}

function announce(
  { enqueue, metrics }: PartNeighbours,
  joined: readonly JoinedInbound[],
  kind: 'message' | 'incomplete',
): void {
  for (const { inbound } of joined) {
    const { channel, program = '', outcome } = inbound;
    metrics.received.inc({ channel, kind });
    if (outcome !== undefined) metrics.outcomes.inc({ program, outcome, silence: '' });
  }
  enqueue.bind(joined.filter(({ inbound }) => inbound.outcome === undefined).map(({ id }) => id));
}
