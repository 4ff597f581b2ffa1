import { setMaxListeners } from 'node:events';
import type { ClaimedReply } from '../src/store/replies.ts';
import { createSendShares } from '../src/store/send-rate.ts';
import type { Attempts, SendLine, SendNeighbours } from './attempt.ts';
import type { Circuit } from './circuit.ts';

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
  /**
   * Puts claimed replies that were not sent back into the outbox, if they are there: a COMMIT whose answer was lost may have
   * been done. Returns at once and keeps trying for some twenty seconds.
   */
  putBack(replies: readonly ClaimedReply[]): void;
}

/** Places on a channel. Each has to be used by `send` or given back. */
export interface Places {
  readonly count: number;
  /** Sends claimed replies, not more than there are places, and gives back the places that are left. */
  send(replies: readonly ClaimedReply[]): void;
  giveBack(): void;
}

/**
 * Replies of a channel that one process is handing to the provider on this way; the rest waits in the queue, where others see
 * it. More would wait for a connection or a window until their time is over, when the provider is slow.
 */
const MAX_AT_PROVIDER = 200;
/**
 * The same with those that were answered and are not yet written down: a kill leaves so many in doubt. When these held a
 * place at the provider, one reply in eight had to take a job at full load, and an SMS cost 4 to 10 % more.
 */
const MAX_IN_DOUBT = 600;

const NONE: Places = { count: 0, send: () => {}, giveBack: () => {} };

/** Where a channel's replies go out. */
interface Station {
  readonly channel: string;
  readonly line: SendLine;
  readonly circuit: Circuit;
  readonly ending: AbortController;
  readonly underWay: Set<Promise<void>>;
  /** Taken, and not yet given back or answered by the provider. */
  places: number;
  /** Answered, and not yet written down. */
  unwritten: number;
}

/** Nothing is open at first. */
export function createSendNow(neighbours: SendNeighbours, attempts: Attempts): SendNow {
  const shares = createSendShares(neighbours.db);
  const stations = new Map<string, Station>();
  return {
    open(channel) {
      const station = openStation(neighbours, channel);
      stations.set(channel, station);
      return (graceMs) => {
        if (stations.get(channel) === station) stations.delete(channel);
        return end(station, graceMs);
      };
    },
    async take(channel, wanted) {
      const station = stations.get(channel);
      if (station?.circuit.word() !== 'closed') return NONE;
      const most = Math.max(0, Math.min(wanted, freePlaces(station)));
      station.places += most;
      const count =
        most === 0 ? 0 : await shares.take(channel, most, station.line.channel.messagesPerSecond).catch(() => 0);
      station.places -= most - count;
      return placesOn(station, count, (reply) => sendOne(neighbours, attempts, station, reply));
    },
    putBack(replies) {
      for (const reply of replies) {
        attempts
          .putBack(reply)
          .catch((error: unknown) => neighbours.log.error({ error }, 'A reply could not be put back into the outbox'));
      }
    },
  };
}

function openStation({ lines, circuits }: SendNeighbours, channel: string): Station {
  const [line, circuit] = [lines.get(channel), circuits.get(channel)];
  if (line === undefined || circuit === undefined) throw new Error(`There is no channel ${channel}`);
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  return { channel, line, circuit, ending, underWay: new Set(), places: 0, unwritten: 0 };
}

function freePlaces({ places, unwritten }: Station): number {
  return Math.min(MAX_AT_PROVIDER, MAX_IN_DOUBT - unwritten) - places;
}

function placesOn(station: Station, count: number, sendOne: (reply: ClaimedReply) => void): Places {
  let left = count;
  const giveBack = () => {
    station.places -= left;
    left = 0;
  };
  return {
    count,
    send(replies) {
      left -= replies.length;
      for (const reply of replies) sendOne(reply);
      giveBack();
    },
    giveBack,
  };
}

function sendOne({ log }: SendNeighbours, attempts: Attempts, station: Station, reply: ClaimedReply): void {
  const { channel, line, circuit, ending, underWay } = station;
  let isAnswered = false;
  const onAnswered = () => {
    isAnswered = true;
    station.places -= 1;
    station.unwritten += 1;
  };
  const sending = attempts
    .attempt(line, reply, { circuit, leave: { kind: 'all' }, signal: ending.signal, onAnswered })
    // The row is still `sending`: when its lease is over it is taken for unanswered.
    .catch((error: unknown) => log.error({ channel, error }, 'What came of a send could not be written down'))
    .finally(() => {
      if (isAnswered) station.unwritten -= 1;
      else station.places -= 1;
      underWay.delete(sending);
    });
  underWay.add(sending);
}

async function end({ ending, underWay }: Station, graceMs: number): Promise<void> {
  const abort = setTimeout(() => ending.abort(), graceMs / 2);
  if (graceMs === 0) ending.abort();
  while (underWay.size > 0) await Promise.all(underWay);
  clearTimeout(abort);
  ending.abort();
}
