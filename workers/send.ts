import type { Channel } from '../src/config.ts';
import { pause } from '../src/flow/pause.ts';
import type { ChannelJobContext, Handlers } from '../src/queue/catalog.ts';
import { moveAway, putOff } from '../src/store/hold-back.ts';
import { type ClaimedReply, claimReplies, dueReplies } from '../src/store/replies.ts';
import { reserveSends } from '../src/store/send-rate.ts';
import type { Attempts, SendNeighbours } from './attempt.ts';
import { outagePlaces } from './fallback.ts';

/**
 * The send job: hands a pack of replies to their channel's provider at the channel's rate. Each reply's state, attempts
 * and next attempt are its row's; the job fails only when the database does. Told to stop, it leaves the rest in the outbox.
 * Places are reserved only for what is still due: a backlog has several jobs for each reply, because the sweeper cannot tell
 * late from lost, and for those that went out long ago the channel would stand still.
 * While the channel's circuit is open nothing is attempted: the rest moves to the fallback, or waits.
 */
export function createSend(neighbours: SendNeighbours, attempts: Pick<Attempts, 'attempt'>): Handlers['send'] {
  return async ({ ids }, context) => {
    const line = neighbours.lines.get(context.channel);
    const circuit = neighbours.circuits.get(context.channel);
    if (line === undefined || circuit === undefined) return;
    let rest = ids;
    while (rest.length > 0 && !context.signal.aborted) {
      rest = await dueReplies(neighbours.db, context.channel, rest);
      if (rest.length === 0) return;
      const leave = await circuit.ask();
      if (leave.kind === 'none') return holdBack(neighbours, line.channel, rest, leave.retryAfterMs);
      const most = leave.kind === 'one' ? 1 : Math.max(1, Math.floor(line.channel.messagesPerSecond));
      const places = Math.min(most, rest.length);
      try {
        if (!(await waitForTurn(neighbours, line.channel, places, context))) return;
        const { replies, left } = await claim(neighbours, line.channel, rest, places);
        rest = left;
        const permit = { circuit, leave, signal: context.signal };
        await Promise.all(replies.map((reply) => attempts.attempt(line, reply, permit)));
      } finally {
        if (leave.kind === 'one') leave.end();
      }
    }
  };
}

/** Takes as many of the replies as there are places. What another job took while this one waited leaves its place to the next. */
async function claim({ db }: SendNeighbours, { key }: Channel, ids: readonly string[], places: number) {
  const replies: ClaimedReply[] = [];
  let left = ids;
  while (left.length > 0 && replies.length < places) {
    const next = left.slice(0, places - replies.length);
    left = left.slice(next.length);
    replies.push(...(await claimReplies(db, key, next)));
    if (left.length > 0 && replies.length < places) left = await dueReplies(db, key, left);
  }
  return { replies, left };
}

/** The provider is away: what may move goes to the fallback, if that one is there; all else waits, unattempted. */
async function holdBack(
  neighbours: SendNeighbours,
  { key }: Channel,
  ids: readonly string[],
  retryAfterMs: number,
): Promise<void> {
  const { db, programs, enqueue, metrics } = neighbours;
  const places = outagePlaces(neighbours, key, programs.keys());
  const [to] = places;
  if (to !== undefined) {
    const moved = await moveAway(db, key, ids, places);
    if (moved.length > 0) enqueue.send(to.channel, moved);
    metrics.fallbacks.inc({ channel: key, to: to.channel, why: 'circuit' }, moved.length);
  }
  const waiting = await putOff(db, key, ids, retryAfterMs);
  if (waiting.length > 0) enqueue.send(key, waiting, retryAfterMs);
}

/** Reserves places at the channel's rate and waits for them, before anything is claimed. False when told to stop. */
async function waitForTurn(
  { db }: SendNeighbours,
  channel: Channel,
  count: number,
  { signal }: ChannelJobContext,
): Promise<boolean> {
  if (signal.aborted) return false;
  const waitMs = await reserveSends(db, channel.key, count, channel.messagesPerSecond);
  if (waitMs > 0) await pause(waitMs, signal);
  return !signal.aborted;
}
