import type { Channel } from '../src/config.ts';
import { backoffMs } from '../src/flow/backoff.ts';
import type { SendOutcome } from '../src/providers/provider.ts';
import { SEND_RETRY } from '../src/queue/catalog.ts';
import { CIRCUIT_OPEN } from '../src/store/hold-back.ts';
import type { AttemptResult, Place } from '../src/store/replies.ts';

/** What stands around an attempt when it has ended. */
export interface Circumstances {
  /** Of this reply on this channel, this one counted. */
  readonly attempts: number;
  readonly policy: Channel['unknown'];
  /** The circuit as the outcome left it. */
  readonly circuit: { readonly isClosed: boolean; readonly retryAfterMs: number };
  /** Where the reply may move to: when this channel can never send it, and when its provider is away. */
  readonly fallback: { readonly forRoute?: Place | undefined; readonly forOutage?: Place | undefined };
  /** The process ends: what was called off says nothing. */
  readonly isStopping: boolean;
  readonly random: () => number;
}

/** A circuit that is half-open says soon what it learned. */
const MIN_WAIT_MS = 1_000;

/** What is written down, and so what happens next, when nothing was attempted because the circuit is open. */
export function resultOfNoAttempt({ circuit, fallback }: Circumstances): AttemptResult {
  return outage(CIRCUIT_OPEN, circuit.retryAfterMs, fallback.forOutage);
}

/** What is written down, and so what happens next, for each thing a provider can answer. */
export function resultOf(outcome: SendOutcome, circumstances: Circumstances): AttemptResult {
  const { policy, fallback } = circumstances;
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'accepted', providerMessageId: outcome.providerMessageId };
    case 'throttled':
      return {
        kind: 'later',
        delayMs: outcome.retryAfterMs,
        isAttempt: false,
        errorCode: 'throttled',
        isBegun: outcome.isBegun,
      };
    case 'transient':
      return resultOfTrouble(outcome, circumstances);
    case 'rejected':
      return outcome.isOfRoute === true && fallback.forRoute !== undefined
        ? { kind: 'moved', to: fallback.forRoute, why: 'route', errorCode: outcome.code }
        : { kind: 'failed', errorCode: outcome.code, isOptOut: outcome.isOptOut };
    case 'unknown':
      return { kind: 'unknown', errorCode: outcome.code, waitMs: policy.waitReceiptMinutes * 60_000 };
    default:
      return outcome satisfies never;
  }
}

/** An attempt is used up only while the provider answers others, so that an outage fails no reply. */
function resultOfTrouble(
  { code: errorCode, cause, isBegun }: Extract<SendOutcome, { kind: 'transient' }>,
  { attempts, circuit, fallback, isStopping, random }: Circumstances,
): AttemptResult {
  if (isStopping) return { kind: 'later', delayMs: 0, isAttempt: false, errorCode, isBegun };
  if (cause !== 'recipient' && !circuit.isClosed) {
    const elsewhere = isBegun === true ? undefined : fallback.forOutage;
    return { ...outage(errorCode, circuit.retryAfterMs, elsewhere), ...(isBegun === true && { isBegun }) };
  }
  if (attempts >= SEND_RETRY.attempts) return { kind: 'failed', errorCode, isOptOut: false };
  const delayMs = backoffMs(attempts, SEND_RETRY.backoff, random);
  return { kind: 'later', delayMs, isAttempt: true, errorCode, isBegun };
}

function outage(errorCode: string, retryAfterMs: number, to: Place | undefined): AttemptResult {
  return to === undefined
    ? { kind: 'later', delayMs: Math.max(MIN_WAIT_MS, retryAfterMs), isAttempt: false, errorCode }
    : { kind: 'moved', to, why: 'circuit', errorCode };
}
