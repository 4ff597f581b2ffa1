import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryReceipt, MobileTerminated } from '../../sms/message.ts';
import { isProviderId } from '../ids.ts';
import type { SendOutcome } from '../provider.ts';
import { canonicalId } from './message-id.ts';
import type { SmppOptions } from './options.ts';
import { type Begun, PartlySent } from './partly-sent.ts';
import type { Session } from './session.ts';
import { meaningOf, type StatusMeaning } from './statuses.ts';
import { referenceCounter, type SubmitFields, submitsOf } from './submit.ts';
import { type Pace, paceOf, retryAfterMs, slowDown, speedUp, takeTurn } from './throttle.ts';
import type { Answer } from './window.ts';
import { messageIdOf, type Pdu, statusName } from './wire.ts';
import { WriteRate } from './write-rate.ts';

export interface SubmitterTerms {
  readonly options: SmppOptions;
  /** submit_sm, not replies. */
  readonly limitPerSecond: number;
  /** How long a reply may take, all its parts and all waiting included. */
  readonly sendMs: number;
  /** The bound session that will answer first; absent: none is bound. */
  session(): Session | undefined;
  /** Takes what is learnt of a send after its outcome was told. */
  onReceipt(receipt: DeliveryReceipt, raw: Buffer): void;
}

/**
 * `sendMs` of a channel: within the lease of a reply that is being sent (src/store/replies.ts), with time to write down
 * what came of it; and more than the longest `responseTimeoutMs`.
 */
export const SEND_MS = 45_000;

/** Told to stop, a turn that is further away than this is not waited for. */
const STOPPING_PATIENCE_MS = 2_000;

/** Hands MT over: in parts, at the pace that the SMSC bears, over whichever session is bound. */
export class Submitter {
  readonly #terms: SubmitterTerms;
  readonly #statuses: ReadonlyMap<number, StatusMeaning>;
  readonly #nextReference = referenceCounter(randomInt(0x1_0000));
  readonly #partlySent = new PartlySent();
  readonly #rate = new WriteRate();
  #pace: Pace;

  constructor(terms: SubmitterTerms) {
    this.#terms = terms;
    this.#pace = paceOf(terms.limitPerSecond);
    this.#statuses = new Map(
      Object.entries(terms.options.statuses).map(([status, meaning]) => [Number(status), meaning]),
    );
  }

  /**
   * See `Provider.send`. Parts go one after another, so that one that is refused stops the rest. Each is written early
   * enough to be answered, or given up, within `sendMs`; what could not be written by then comes again.
   */
  async send(message: MobileTerminated, signal: AbortSignal): Promise<SendOutcome> {
    const { options, sendMs } = this.#terms;
    const writeBy = performance.now() + sendMs - options.responseTimeoutMs;
    const begun = this.#partlySent.take(message);
    const parts = begun?.parts ?? submitsOf(message, this.#nextReference(), options);
    if (parts === undefined) return { kind: 'rejected', code: 'too-long', isOptOut: false };
    for (let done = begun?.done ?? 0; ; done += 1) {
      const part = { message, parts, done, isBegun: begun !== undefined || done > 0, signal, writeBy };
      const outcome = await this.#sendPart(part);
      if (outcome.kind === 'accepted' && !isLast(part)) continue;
      return this.#conclude(part, outcome);
    }
  }

  /** Keeps what is to come again of a text that has begun, and tells that it has. */
  #conclude(part: Part, outcome: SendOutcome): SendOutcome {
    const { message, parts, isBegun } = part;
    if (outcome.kind === 'accepted') return outcome;
    const isOut = isBegun || (outcome.kind === 'unknown' && parts.length > 1);
    if (!isOut) return outcome;
    // Not `isOfRoute`: no other channel shall send the whole.
    if (outcome.kind === 'rejected') return { kind: 'rejected', code: outcome.code, isOptOut: outcome.isOptOut };
    this.#partlySent.keep(message, part);
    // Sent once more under its reference and position it is the same part to a phone, and without the last one nothing is
    // shown: so this is not the uncertainty that would make two SMS of one.
    if (outcome.kind === 'unknown' && !isLast(part)) return { kind: 'transient', code: outcome.code, isBegun: true };
    return { ...outcome, isBegun: true };
  }

  async #sendPart(part: Part): Promise<SendOutcome> {
    const { parts, done, isBegun, writeBy } = part;
    if (this.#terms.session() === undefined) return NOT_BOUND;
    const turnedAway = await this.#waitForTurn(part);
    if (turnedAway !== undefined) return turnedAway;
    const session = this.#terms.session();
    if (session === undefined) return NOT_BOUND;
    const fields = parts[done] as SubmitFields;
    const answer = await session.submit({
      command: 'submit_sm',
      // The id that is kept is the last part's, so no other part's receipt would find its reply.
      fields: isLast(part) ? fields : { ...fields, registered_delivery: 0 },
      // Once a part is out the rest shall follow, also while the process ends.
      ...(!isBegun && { signal: part.signal }),
      maxWaitMs: Math.max(0, writeBy - performance.now()),
      onWritten: () => this.#rate.count(performance.now()),
      onLateAnswer: (pdu) => this.#takeLate(pdu, part),
    });
    return this.#outcomeOf(answer);
  }

  /** Waits until the part may be written; otherwise answers what becomes of it. */
  async #waitForTurn({ isBegun, signal, writeBy }: Part): Promise<SendOutcome | undefined> {
    for (;;) {
      if (signal.aborted && !isBegun) return { kind: 'transient', code: 'aborted' };
      const now = performance.now();
      const patienceMs = signal.aborted ? Math.min(STOPPING_PATIENCE_MS, writeBy - now) : writeBy - now;
      const [pace, turn] = takeTurn(this.#pace, now, patienceMs);
      this.#pace = pace;
      if (turn.kind === 'later') return { kind: 'throttled', retryAfterMs: turn.waitMs };
      if (turn.waitMs === 0) return undefined;
      await sleep(turn.waitMs, undefined, isBegun ? {} : { signal }).catch(() => undefined);
      // A place at the old pace is none at the new one.
      const isOurs = pace.slowedAt === this.#pace.slowedAt;
      if (isOurs && (isBegun || !signal.aborted)) return undefined;
    }
  }

  #outcomeOf(answer: Answer): SendOutcome {
    if (answer.kind === 'unanswered') return { kind: 'unknown', code: answer.code };
    if (answer.kind === 'answered') return this.#read(answer.pdu);
    // The SMSC is slower than we are; nothing is wrong with the SMS.
    if (answer.code === 'window-full') return { kind: 'throttled', retryAfterMs: 1_000 };
    if (answer.code === 'not-encodable') return { kind: 'rejected', code: answer.code, isOptOut: false };
    return { kind: 'transient', code: answer.code };
  }

  #read(pdu: Pdu): SendOutcome {
    const code = statusName(pdu.status);
    if (pdu.status === 0) {
      if (pdu.command === 'generic_nack') return { kind: 'unknown', code: 'generic_nack' };
      this.#pace = speedUp(this.#pace);
      return { kind: 'accepted', providerMessageId: this.#idOf(pdu) };
    }
    const meaning = meaningOf(pdu.status, this.#statuses);
    switch (meaning) {
      case 'throttled': {
        const now = performance.now();
        this.#pace = slowDown(this.#pace, now, this.#rate.perSecond(now));
        return { kind: 'throttled', retryAfterMs: retryAfterMs(this.#pace, now) };
      }
      case 'transient':
        return { kind: 'transient', code };
      case 'account':
        return { kind: 'transient', code, cause: 'account' };
      case 'no-route':
        return { kind: 'rejected', code, isOptOut: false, isOfRoute: true };
      case 'rejected':
      case 'opted-out':
        return { kind: 'rejected', code, isOptOut: meaning === 'opted-out' };
      default:
        return meaning satisfies never;
    }
  }

  /** An SMSC that took the SMS but gave it no id, or one that nobody could keep, took it all the same. */
  #idOf(pdu: Pdu): string {
    const id = canonicalId(messageIdOf(pdu), 'response', this.#terms.options.receiptIds);
    return isProviderId(id) ? id : `smpp-${randomUUID()}`;
  }

  /** The answer to a part that has been given up. */
  #takeLate(pdu: Pdu, part: Part): void {
    const outcome = this.#read(pdu);
    if (outcome.kind === 'accepted') this.#partlySent.advance(part.message, part);
    if (isLast(part)) this.#tellLate(pdu, part.message, outcome);
  }

  /** What has been told as `unknown` is known now. */
  #tellLate({ frame }: Pdu, { replyId }: MobileTerminated, outcome: SendOutcome): void {
    if (outcome.kind === 'accepted') {
      const { providerMessageId } = outcome;
      this.#terms.onReceipt({ replyId, providerMessageId, status: 'accepted', isOptOut: false }, frame);
    } else if (outcome.kind === 'rejected') {
      const { code: errorCode, isOptOut } = outcome;
      const providerMessageId = `smpp-${randomUUID()}`;
      this.#terms.onReceipt({ replyId, providerMessageId, status: 'failed', errorCode, isOptOut }, frame);
    }
  }
}

/** One part of an MT, on its way. */
interface Part extends Begun {
  readonly message: MobileTerminated;
  /** Parts of the MT are out, or may be. */
  readonly isBegun: boolean;
  readonly signal: AbortSignal;
  /** After this it is not written any more; in ms of `performance.now`. */
  readonly writeBy: number;
}

function isLast({ parts, done }: Begun): boolean {
  return done === parts.length - 1;
}

/** An SMSC may be away for hours; what waits for it is not given up. */
const NOT_BOUND: SendOutcome = { kind: 'transient', code: 'not-bound', cause: 'no-session' };
