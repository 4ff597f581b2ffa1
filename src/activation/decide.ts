import type { Msisdn } from '../sms/msisdn.ts';
import { answerOffer } from './answer-offer.ts';
import { askForCard } from './ask-for-card.ts';
import { type BindRequest, type Decision, say } from './decision.ts';
import type { Intent } from './intent.ts';
import type { Program } from './program.ts';
import { restrain } from './restrain.ts';
import { type Change, phoneOf, type World } from './world.ts';

/** The whole activation rule: same request, world and programme, same decision. Throws only `NotLoaded`. */
export function decide(request: BindRequest, world: World, program: Program): Decision {
  return restrain(judge(request, world, program), request, world, program);
}

function judge(request: BindRequest, world: World, program: Program): Decision {
  const { from, intent, now } = request;
  const phone = phoneOf(world, from);
  switch (intent.kind) {
    case 'stop':
      return optOut(from, phone.isOptedOut, intent.alsoOf ?? []);
    case 'start':
      return say(
        'started',
        from,
        {},
        phone.isOptedOut ? [{ kind: 'set-opt-out', phone: from, isOptedOut: false }] : [],
      );
    case 'help':
      return say('help', from);
    case 'code':
      return answerOffer(request, intent.code, world, program);
    case 'card':
    case 'mistyped':
    case 'several':
    case 'none': {
      const waitUntil = guessLimit(phone.failedAt, now, program);
      if (waitUntil !== undefined) return tooManyAttempts(from, phone.toldUntil, waitUntil, now);
      return intent.kind === 'card'
        ? askForCard(request, intent.card, world, program)
        : unreadNumber(intent, from, now);
    }
    default:
      return intent satisfies never;
  }
}

/** STOP is honoured at once; the one confirmation is only for the first. */
function optOut(from: Msisdn, isOptedOut: boolean, alsoOf: readonly string[]): Decision {
  const elsewhere: Change[] = alsoOf.length === 0 ? [] : [{ kind: 'opt-out-of', phone: from, programs: alsoOf }];
  if (isOptedOut) return { outcome: 'stopped', changes: elsewhere, replies: [], silence: 'opted-out' };
  return say('stopped', from, {}, [{ kind: 'set-opt-out', phone: from, isOptedOut: true }, ...elsewhere]);
}

function unreadNumber(
  intent: Extract<Intent, { kind: 'mistyped' | 'several' | 'none' }>,
  from: Msisdn,
  now: Date,
): Decision {
  switch (intent.kind) {
    case 'mistyped':
      return say('mistyped-card-number', from, {}, [{ kind: 'count-failure', phone: from, at: now }]);
    case 'several':
      return say('several-card-numbers', from, {}, [{ kind: 'count-failure', phone: from, at: now }]);
    // Small talk names no card and guesses nothing: the loop limit is enough for it.
    case 'none':
      return say('no-card-number', from);
    default:
      return intent satisfies never;
  }
}

/** When the phone may try again, if it used up its attempts; else undefined. */
function guessLimit(failedAt: readonly Date[], now: Date, program: Program): Date | undefined {
  const { attempts, attemptsWindowHours } = program.limits;
  const windowMs = attemptsWindowHours * 3_600_000;
  const recent = failedAt.filter((at) => at.getTime() > now.getTime() - windowMs);
  const first = recent.at(-attempts);
  return first === undefined ? undefined : new Date(first.getTime() + windowMs);
}

function tooManyAttempts(from: Msisdn, toldUntil: Date | undefined, until: Date, now: Date): Decision {
  if (toldUntil !== undefined && toldUntil > now) {
    return { outcome: 'too-many-attempts', changes: [], replies: [], silence: 'told' };
  }
  return say('too-many-attempts', from, { until }, [{ kind: 'tell-to-wait', phone: from, until }]);
}
