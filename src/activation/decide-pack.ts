import type { Msisdn } from '../sms/msisdn.ts';
import type { CardNumber } from './card-number.ts';
import { decide } from './decide.ts';
import type { BindRequest, Decision } from './decision.ts';
import type { Program } from './program.ts';
import { keepTimes } from './restrain.ts';
import { type Change, commit, type LiveWorld, NotLoaded } from './world.ts';

/** What a pack came to. Every request is in exactly one of the three. */
export interface PackDecisions<R extends BindRequest> {
  readonly decided: readonly { readonly request: R; readonly decision: Decision }[];
  /** Requests that the rule itself failed on: a bug of ours. Their neighbours go through. */
  readonly failed: readonly { readonly request: R; readonly error: unknown }[];
  /** Left for the next pack, because they undo what this one did: a write closes before it opens. */
  readonly rest: readonly R[];
}

/**
 * Decides a pack in order of arrival; each decision sees what the ones before it changed, and `world` ends as the last
 * one left it. Throws only `NotLoaded`, with all that the pack turned out to need, and then the world is not to be used
 * further.
 */
export function decidePack<R extends BindRequest>(
  requests: readonly R[],
  world: LiveWorld,
  program: Program,
): PackDecisions<R> {
  const decided: { request: R; decision: Decision }[] = [];
  const failed: { request: R; error: unknown }[] = [];
  const missing = { cards: [] as CardNumber[], phones: [] as Msisdn[] };
  const opened = new Set<string>();
  const keep = keepTimes(program);
  let rest: readonly R[] = [];
  for (const [index, request] of requests.entries()) {
    try {
      const decision = decide(request, world, program);
      if (decision.changes.some((change) => undoes(change, opened))) {
        rest = requests.slice(index);
        break;
      }
      commit(world, decision.changes, keep);
      for (const change of decision.changes)
        if (change.kind === 'open-binding') opened.add(change.card).add(change.phone);
      decided.push({ request, decision });
    } catch (error) {
      if (error instanceof NotLoaded) {
        missing.cards.push(...error.cards);
        missing.phones.push(...error.phones);
      } else {
        failed.push({ request, error });
      }
    }
  }
  if (missing.cards.length + missing.phones.length > 0) throw new NotLoaded(missing);
  return { decided, failed, rest };
}

function undoes(change: Change, opened: ReadonlySet<string>): boolean {
  return change.kind === 'close-binding' && (opened.has(change.card) || opened.has(change.phone));
}
