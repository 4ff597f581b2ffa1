import type { OptOutKind } from '../sms/message.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { CardNumber } from './card-number.ts';
import type { Intent } from './intent.ts';
import type { Outcome, Silence, SilentOutcome, TemplateName } from './outcome.ts';
import type { Change } from './world.ts';

/** One SMS, read, from a phone that may take part. */
export interface BindRequest {
  readonly from: Msisdn;
  readonly intent: Intent;
  /** Set when the provider has itself understood and answered a STOP, START or HELP. */
  readonly optOut?: OptOutKind | undefined;
  /** When the decision is made. */
  readonly now: Date;
  /** Four random digits, used when the decision needs a code. */
  readonly freshCode: string;
}

/** The facts that a reply's words are made of; how they are shown is decided in `reply/`. */
export interface ReplyFacts {
  readonly card?: CardNumber;
  /** The card that the same person gives up or has now. */
  readonly otherCard?: CardNumber;
  readonly code?: string;
  readonly expiresAt?: Date;
  /** When a phone that made too many attempts may try again. */
  readonly until?: Date;
  /** The card's present holder was asked to agree. */
  readonly isHolderAsked?: boolean;
}

/** A reply to be made: to whom, which text, with which facts. */
export interface ReplyDraft {
  readonly to: Msisdn;
  readonly template: TemplateName;
  readonly facts: ReplyFacts;
}

/** What one SMS leads to. */
export interface Decision {
  readonly outcome: Outcome;
  readonly changes: readonly Change[];
  /** The first is to the author of the SMS, unless `silence` says why there is none. */
  readonly replies: readonly ReplyDraft[];
  readonly silence?: Silence | undefined;
}

/** A decision with one reply to the author, of the outcome's own text. */
export function say(
  outcome: Exclude<Outcome, SilentOutcome>,
  to: Msisdn,
  facts: ReplyFacts = {},
  changes: readonly Change[] = [],
): Decision {
  return { outcome, changes, replies: [{ to, template: outcome, facts }] };
}
