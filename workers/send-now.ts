import { setMaxListeners } from 'node:events';
import type { ClaimedReply } from '../src/store/replies.ts';
import { createSendShares } from '../src/store/send-rate.ts';
import type { Attempt } from './attempt.ts';
import type { SendNeighbours } from './send.ts';

/**
 * Sends replies of this process's own making as soon as they are committed. They are claimed from the start, so that no
 * job, no claim and no second worker stands between an SMS and its answer; what cannot go at once takes the way over the
 * channel's queue.
 */
export interface SendNow {
  /** From now on the channel's replies may go out from here; gives the function that ends it, as `Workers.close` ends jobs. */
  open(channel: string): (graceMs: number) => Promise<void>;
  /** Places for replies that go at once: as many as are wanted, or as the channel's rate, window and provider have now. */
  take(channel: string, wanted: number): Promise<Places>;
}

/** Places on a channel. Each has to be used by `send` or given back. */
export interface Places {
  readonly count: number;
  /** Sends claimed replies, not more than there are places, and gives back the places that are left. */
  send(replies: readonly ClaimedReply[]): void;
  giveBack(): void;
}

/** Sends of a channel that one process has under way on this way; the rest waits in the queue, where others see it. */
const MAX_UNDER_WAY = 200;

const NONE: Places = { count: 0, send: () => {}, giveBack: () => {} };

/** Where a channel's replies go out. */
interface Station {
  readonly ending: AbortController;
  readonly underWay: Set<Promise<void>>;
  /** Taken and not yet given back or ended. */
  places: number;
}

/** Nothing is open at first. */
export function createSendNow(neighbours: SendNeighbours, attempt: Attempt): SendNow {
  const { db, lines, circuits, log } = neighbours;
  const shares = createSendShares(db);
  const stations = new Map<string, Station>();

  function sendOne(channel: string, station: Station, reply: ClaimedReply): void {
    const [line, circuit] = [lines.get(channel), circuits.get(channel)];
    if (line === undefined || circuit === undefined) return;
    const sending = attempt(line, reply, { circuit, leave: { kind: 'all' }, signal: station.ending.signal })
      // The row is still `sending`: when its lease is over it is taken for unanswered.
      .catch((error: unknown) => log.error({ channel, error }, 'What came of a send could not be written down'))
      .finally(() => {
        station.places -= 1;
        station.underWay.delete(sending);
      });
    station.underWay.add(sending);
  }

  return {
    open(channel) {
      const station = { ending: new AbortController(), underWay: new Set<Promise<void>>(), places: 0 };
      setMaxListeners(0, station.ending.signal);
      stations.set(channel, station);
      return (graceMs) => {
        if (stations.get(channel) === station) stations.delete(channel);
        return end(station, graceMs);
      };
    },
    async take(channel, wanted) {
      const [station, line] = [stations.get(channel), lines.get(channel)];
      if (station === undefined || line === undefined || circuits.get(channel)?.word() !== 'closed') return NONE;
      const most = Math.max(0, Math.min(wanted, MAX_UNDER_WAY - station.places));
      station.places += most;
      const count = most === 0 ? 0 : await shares.take(channel, most, line.channel.messagesPerSecond).catch(() => 0);
      station.places -= most - count;
      let left = count;
      const giveBack = () => {
        station.places -= left;
        left = 0;
      };
      return {
        count,
        send(replies) {
          left -= replies.length;
          for (const reply of replies) sendOne(channel, station, reply);
          giveBack();
        },
        giveBack,
      };
    },
  };
}

async function end({ ending, underWay }: Station, graceMs: number): Promise<void> {
  const abort = setTimeout(() => ending.abort(), graceMs / 2);
  if (graceMs === 0) ending.abort();
  while (underWay.size > 0) await Promise.all(underWay);
  clearTimeout(abort);
  ending.abort();
}
