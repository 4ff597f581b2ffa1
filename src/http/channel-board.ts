import type { Channel } from '../config.ts';
import type { Line } from '../lines.ts';
import type { HeldSessions } from '../store/leases.ts';
import { within } from '../within.ts';

/** One session of a channel as people are shown it; `since` in ISO 8601, `reason` why it is not bound. */
export type ShownSession = HeldSessions['states'][number];

/**
 * What is known of a channel's sessions.
 * - `held`: what their process told at most seconds ago. - `old`: what it told last; it does not answer any more.
 * - `nobody`: no process has them. - `unreadable`: the database did not answer.
 */
export type ShownSessions =
  | { readonly kind: 'held' | 'old'; readonly sessions: readonly ShownSession[] }
  | { readonly kind: 'nobody' | 'unreadable' };

/** A configured channel as people are shown it. */
export interface ShownChannel {
  readonly key: string;
  readonly provider: string;
  readonly addresses: readonly string[];
  /** `live`: its replies reach phones. */
  readonly mode: 'live' | 'rehearsal' | 'simulator';
  /** Of a channel that speaks over sessions. */
  readonly sessions?: ShownSessions;
}

/** A look at all channels, in the order of the configuration. Never rejects, and takes a second at most. */
export type ChannelBoard = () => Promise<readonly ShownChannel[]>;

const LEASES_TIMEOUT_MS = 1000;

/** The board of these lines; `leases` is asked only when one of them has sessions. */
export function createChannelBoard(
  lines: ReadonlyMap<string, Line>,
  leases: () => Promise<readonly HeldSessions[]>,
): ChannelBoard {
  const hasSessions = [...lines.values()].some(({ provider }) => provider.sessions !== undefined);
  return async () => {
    const held = hasSessions ? await within(LEASES_TIMEOUT_MS, leases()).catch(() => undefined) : [];
    return [...lines.values()].map(({ channel, provider }) => ({
      key: channel.key,
      provider: channel.provider,
      addresses: channel.addresses,
      mode: modeOf(channel),
      ...(provider.sessions !== undefined && { sessions: sessionsOf(channel, held) }),
    }));
  };
}

function modeOf({ provider, isRehearsal }: Channel): ShownChannel['mode'] {
  if (isRehearsal) return 'rehearsal';
  return provider === 'simulator' ? 'simulator' : 'live';
}

function sessionsOf({ key }: Channel, held: readonly HeldSessions[] | undefined): ShownSessions {
  if (held === undefined) return { kind: 'unreadable' };
  const lease = held.find(({ channel }) => channel === key);
  if (lease === undefined) return { kind: 'nobody' };
  return { kind: lease.isAlive ? 'held' : 'old', sessions: lease.states };
}
