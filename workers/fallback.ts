import { type Line, sendingLine } from '../src/lines.ts';
import type { FallbackPlace } from '../src/store/hold-back.ts';
import type { ClaimedReply, Place } from '../src/store/replies.ts';
import type { Circuit } from './circuit.ts';

/** What is asked when a channel cannot send. */
export interface FallbackNeighbours {
  readonly lines: ReadonlyMap<string, Pick<Line, 'channel' | 'provider'>>;
  readonly circuits: ReadonlyMap<string, Circuit>;
  /** Whether a channel over sessions has one that can send, in whichever process: its circuit is known in that one alone. */
  readonly hasSession: (channel: string) => boolean;
}

/** Where a reply may move to from its channel; see `Circumstances`. An outage moves none to where there is one, too. */
export function fallbackOf(neighbours: FallbackNeighbours, channel: string, { program, may_move }: ClaimedReply) {
  const place = may_move ? placeOf(neighbours, channel, program) : undefined;
  if (place === undefined) return {};
  return { forRoute: place, forOutage: isThere(neighbours, place.channel) ? place : undefined };
}

/** Where the replies of each programme go while the channel's provider is away; none when they have to wait. */
export function outagePlaces(
  neighbours: FallbackNeighbours,
  channel: string,
  programs: Iterable<string>,
): readonly FallbackPlace[] {
  return [...programs].flatMap((program) => {
    const place = placeOf(neighbours, channel, program);
    return place !== undefined && isThere(neighbours, place.channel) ? [{ program, ...place }] : [];
  });
}

/** The fallback's first address that belongs to the programme: customers answer to where a reply comes from. */
function placeOf({ lines }: FallbackNeighbours, channel: string, program: string): Place | undefined {
  const fallback = lines.get(lines.get(channel)?.channel.fallback ?? '');
  if (fallback === undefined) return undefined;
  const place = sendingLine(new Map([[fallback.channel.key, fallback]]), program);
  return place === undefined ? undefined : { channel: place.channel, sender: place.address };
}

function isThere({ lines, circuits, hasSession }: FallbackNeighbours, channel: string): boolean {
  const isOverSessions = lines.get(channel)?.provider.sessions !== undefined;
  return circuits.get(channel)?.word() === 'closed' && (!isOverSessions || hasSession(channel));
}
