import type { BindRequest, Decision, ReplyDraft } from './decision.ts';
import type { Silence } from './outcome.ts';
import type { Program } from './program.ts';
import { type Change, type KeepTimes, type Phone, phoneAfter, phoneOf, type World } from './world.ts';

/** The window in which a phone gets no more than `limits.repliesPerPhone` replies. */
const LOOP_WINDOW_MS = 10 * 60_000;

/** How many times of each kind a phone's limits look at. */
export function keepTimes(program: Program): KeepTimes {
  return { failures: program.limits.attempts, replies: program.limits.repliesPerPhone };
}

/** Why a phone must not be texted now, whatever there is to say; undefined when it may. */
export function mayReply(phone: Phone, now: Date, program: Program): Silence | undefined {
  if (phone.isOptedOut) return 'opted-out';
  const since = now.getTime() - LOOP_WINDOW_MS;
  const recent = phone.repliedAt.filter((at) => at.getTime() > since);
  return recent.length >= program.limits.repliesPerPhone ? 'loop' : undefined;
}

/**
 * Takes out the replies that must not be sent and counts those that may. What was decided about cards stands:
 * a customer who gets no answer still gets the card. Only who was told to wait counts as told.
 */
export function restrain(decision: Decision, request: BindRequest, world: World, program: Program): Decision {
  let changes: Change[] = [...decision.changes];
  const replies: ReplyDraft[] = [];
  let silence = decision.silence;
  for (const reply of decision.replies) {
    const why = reasonForSilence(reply, request, world, changes, replies.length, program);
    if (why === undefined) {
      replies.push(reply);
      changes.push({ kind: 'count-reply', phone: reply.to, at: request.now });
    } else if (reply.to === request.from) {
      silence = why;
      changes = changes.filter((change) => change.kind !== 'tell-to-wait');
    }
  }
  return { outcome: decision.outcome, changes, replies, silence };
}

function reasonForSilence(
  reply: ReplyDraft,
  request: BindRequest,
  world: World,
  changes: readonly Change[],
  repliesMade: number,
  program: Program,
): Silence | undefined {
  if (reply.to === request.from && request.optOut !== undefined) return 'provider-answered';
  // The one confirmation of a STOP is made although the phone has just opted out.
  const isConfirmation = reply.template === 'stopped';
  const relevant = isConfirmation ? changes.filter((change) => change.kind !== 'set-opt-out') : changes;
  const phone = phoneAfter(phoneOf(world, reply.to), relevant, keepTimes(program));
  return mayReply(phone, request.now, program) ?? (world.repliesLeft <= repliesMade ? 'daily-cap' : undefined);
}
