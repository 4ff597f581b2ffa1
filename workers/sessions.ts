import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { pause } from '../src/flow/pause.ts';
import type { Line } from '../src/lines.ts';
import type { Logger } from '../src/log.ts';
import type { Received, SessionDoor, SessionState, Sessions } from '../src/providers/provider.ts';
import type { Database } from '../src/store/database.ts';
import { findLease, holdLease, leaveLease } from '../src/store/leases.ts';
import { sessionLog } from './session-log.ts';

/** What the keeper of sessions works with. */
export interface SessionNeighbours {
  readonly db: Database;
  readonly lines: ReadonlyMap<string, Pick<Line, 'provider'>>;
  /** Resolves once all that was received is committed. */
  readonly keep: (channel: string, received: readonly Received[], raw: Buffer) => Promise<void>;
  /**
   * Begins to send the channel's replies; gives the function that ends it, which may be called again with less. With 0 all
   * sends that have not left are called off before it returns.
   */
  readonly openSending: (channel: string) => (graceMs: number) => Promise<void>;
  readonly log: Logger;
  /** How the lease is kept; for tests. */
  readonly lease?: LeaseTerms;
}

/** In milliseconds. Between `letGoAfterMs` and `forMs` the sessions have half a second to end, and all else its margin. */
export interface LeaseTerms {
  /** Without a renewal for so long, another process takes over. */
  readonly forMs: number;
  /** A holder that could not renew for so long lets go: well before anybody else may begin. */
  readonly letGoAfterMs: number;
  readonly everyMs: number;
  /** Sending begins with the first session, or after so long without: then the circuit may find the SMSC away. */
  readonly sendsAfterMs: number;
}

/** A process that dies is replaced within ten seconds: the rest of its six, and the second until the next asks. */
const LEASE: LeaseTerms = { forMs: 6_000, letGoAfterMs: 4_500, everyMs: 1_000, sendsAfterMs: 10_000 };

/** The sessions of this process. */
export interface KeptSessions {
  /** Of the channels that this process holds. */
  states(): ReadonlyMap<string, readonly SessionState[]>;
  /** True when some process has a session of the channel that can send, as of a moment ago; for a channel over sessions. */
  canSend(channel: string): boolean;
  /** Sends what is at hand, parts from the peers, and lets the next process begin. */
  close(graceMs: number): Promise<void>;
}

/**
 * Keeps the sessions of each channel that speaks over sessions in one process at a time, whichever holds its lease; that
 * one also sends the channel's replies. A process that dies, or cannot reach Postgres, is replaced within ten seconds.
 */
export function keepSessions(neighbours: SessionNeighbours): KeptSessions {
  const stopping = new AbortController();
  const holder = `${hostname()}:${process.pid}:${randomUUID()}`;
  const held = new Map<string, Sessions>();
  const boundElsewhere = new Set<string>();
  let graceMs = 10_000;
  const terms = neighbours.lease ?? LEASE;
  const keep = async (channel: string, sessions: Sessions): Promise<void> => {
    const lease = { ...neighbours, channel, holder, terms, sessions, stopping: stopping.signal };
    while (!stopping.signal.aborted) {
      const askedAt = performance.now();
      if (await tryToHold(lease)) {
        held.set(channel, sessions);
        await holdUntilLost(lease, askedAt, () => graceMs);
        held.delete(channel);
      } else {
        await lookElsewhere(lease, boundElsewhere);
        await pause(terms.everyMs, stopping.signal);
      }
    }
  };
  const channels = [...neighbours.lines].map(async ([channel, { provider }]) => {
    if (provider.sessions !== undefined) await keep(channel, provider.sessions);
  });
  return {
    states: () => new Map([...held].map(([channel, sessions]) => [channel, sessions.states()])),
    canSend: (channel) => held.get(channel)?.canSend() ?? boundElsewhere.has(channel),
    async close(grace) {
      graceMs = grace;
      stopping.abort();
      await Promise.all(channels);
    },
  };
}

interface Lease extends SessionNeighbours {
  readonly channel: string;
  readonly holder: string;
  readonly terms: LeaseTerms;
  readonly sessions: Sessions;
  readonly stopping: AbortSignal;
}

async function tryToHold({ db, channel, holder, terms, sessions, log }: Lease): Promise<boolean> {
  try {
    return await holdLease(db, { channel, holder, forMs: terms.forMs, states: sessions.states() });
  } catch (error) {
    log.warn({ channel, error }, 'The lease of a channel could not be asked for');
    return false;
  }
}

/** Notes whether the process that has the channel's sessions can send. */
async function lookElsewhere({ db, channel }: Lease, bound: Set<string>): Promise<void> {
  const lease = await findLease(db, channel).catch(() => undefined);
  const canSend =
    lease?.isAlive === true &&
    lease.states.some(({ name, state }) => state === 'bound' && !name.startsWith('receiver'));
  if (canSend) bound.add(channel);
  else bound.delete(channel);
}

/** Holds the sessions open and sends, until this process stops or cannot be sure any more that it holds the lease. */
async function holdUntilLost(lease: Lease, askedAt: number, graceMs: () => number): Promise<void> {
  const { db, channel, holder, sessions, terms, stopping, log } = lease;
  log.info({ channel }, 'This process has the sessions of the channel');
  const parting = new AbortController();
  const cutting = new AbortController();
  const ended = new AbortController();
  const lost = new AbortController();
  // The lease runs from some moment after it was asked for.
  const renewed = { at: askedAt };
  const renewing = renewUntilLost(lease, renewed, ended.signal).then((isLost) => isLost && lost.abort());
  const { door, opened } = openDoor(lease, () => !lost.signal.aborted && leftMs(lease, renewed) > 0);
  const running = sessions.run(door, parting.signal, cutting.signal);
  const over = AbortSignal.any([stopping, lost.signal]);
  await Promise.race([opened, pause(terms.sendsAfterMs, over)]);
  const endSending = over.aborted ? async () => {} : lease.openSending(channel);
  await abortOf(over);
  // Sends are called off first: that their session is gone then says nothing of the SMSC.
  const cut = () => {
    log.error({ channel }, 'The lease of the channel was lost: its sessions are closed');
    const sent = endSending(0);
    cutting.abort();
    return sent;
  };
  if (lost.signal.aborted) await cut();
  else {
    // Told to stop, the replies at hand are sent over the sessions, as long as they are ours.
    lost.signal.addEventListener('abort', () => void cut(), { once: true });
    await endSending(graceMs());
    parting.abort();
  }
  await running;
  ended.abort();
  await renewing;
  await leaveLease(db, channel, holder).catch(() => undefined);
}

/**
 * The door of a channel's sessions; `opened` resolves once a reply can be sent. A process that stood still reads what lay
 * there before its clock tells it to let go: by then the SMSC has brought it to another, so the door is shut.
 */
function openDoor(
  { channel, sessions, keep, log }: Lease,
  isOurs: () => boolean,
): { door: SessionDoor; opened: Promise<void> } {
  const tell = sessionLog(log, channel);
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const door: SessionDoor = {
    keep: (received, raw) =>
      isOurs() ? keep(channel, received, raw) : Promise.reject(new Error('The lease of the channel was lost')),
    changed(session) {
      tell(session);
      if (sessions.canSend()) open();
    },
  };
  return { door, opened };
}

/** Resolves with true when the lease is another's or could not be renewed for too long, with false at the end. */
async function renewUntilLost(lease: Lease, renewed: Renewed, end: AbortSignal): Promise<boolean> {
  for (;;) {
    await pause(Math.min(lease.terms.everyMs, leftMs(lease, renewed)), end);
    if (end.aborted) return false;
    const began = performance.now();
    // A database that does not answer must not keep us from letting go in time.
    const late = sleep(leftMs(lease, renewed), 'late' as const, { ref: false });
    const result = await Promise.race([renew(lease), late]);
    if (result === 'renewed') renewed.at = began;
    else if (result !== 'failed' || leftMs(lease, renewed) === 0) return true;
  }
}

/** When the last renewal that succeeded was asked for. */
interface Renewed {
  at: number;
}

/** How long the lease may still be relied upon. */
function leftMs({ terms }: Lease, { at }: Renewed): number {
  return Math.max(0, terms.letGoAfterMs - (performance.now() - at));
}

async function renew({ db, channel, holder, terms, sessions, log }: Lease): Promise<'renewed' | 'taken' | 'failed'> {
  try {
    const isOurs = await holdLease(db, { channel, holder, forMs: terms.forMs, states: sessions.states() });
    return isOurs ? 'renewed' : 'taken';
  } catch (error) {
    log.warn({ channel, error }, 'The lease of a channel could not be renewed');
    return 'failed';
  }
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
