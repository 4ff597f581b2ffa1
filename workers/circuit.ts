import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhenResult,
  type IHalfOpenAfterBackoffContext,
} from 'cockatiel';
import { type Backoff, backoffMs } from '../src/flow/backoff.ts';
import type { Logger } from '../src/log.ts';
import type { Metrics } from '../src/metrics.ts';
import type { SendOutcome } from '../src/providers/provider.ts';

/** Whether a channel's provider is taken to be there. `half-open`: one reply is under way to find out. */
export type CircuitWord = 'closed' | 'half-open' | 'open';

/** Leave to send. With a probe only one reply may go, and it has to be ended, whether one went or not. */
export type Leave =
  | { readonly kind: 'all' }
  | { readonly kind: 'one'; readonly end: () => void }
  | { readonly kind: 'none'; readonly retryAfterMs: number };

/** The circuit breaker of one channel in this process. */
export interface Circuit {
  word(): CircuitWord;
  /** Milliseconds until it may close; 0 when it is closed or may be probed now. */
  retryAfterMs(): number;
  /** What may be sent now. While another's probe is under way it waits for what that tells. */
  ask(): Promise<Leave>;
  /** Makes the send; undefined when the circuit has opened since leave was given, and nothing was attempted. */
  run(leave: Leave, send: () => Promise<SendOutcome>, signal: AbortSignal): Promise<SendOutcome | undefined>;
}

/** What a circuit is made with. */
export interface CircuitNeighbours {
  /** The channel's key. */
  readonly channel: string;
  /** The name of the channel's provider. */
  readonly provider: string;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly random: () => number;
}

/** The circuits of all channels that this process may send for, by channel key. */
export function createCircuits(
  lines: ReadonlyMap<string, { readonly channel: { readonly provider: string } }>,
  neighbours: Pick<CircuitNeighbours, 'metrics' | 'log' | 'random'>,
): ReadonlyMap<string, Circuit> {
  return new Map(
    [...lines].map(([channel, line]) => [
      channel,
      createCircuit({ ...neighbours, channel, provider: line.channel.provider }),
    ]),
  );
}

/** So many sends in a row without an answer, or with one of trouble, open it. A small shop has no rate to sample. */
const FAILURES = 5;

/** How long it stays open before a probe. */
const PROBE: Backoff = { firstMs: 4_000, maxMs: 60_000 };
/** A probe that gets no answer leaves a reply of which nobody knows whether it went out: such ones are made less often. */
const SILENT_PROBE: Backoff = { firstMs: 10_000, maxMs: 300_000 };

const GAUGE = { closed: 0, 'half-open': 1, open: 2 } as const satisfies Record<CircuitWord, number>;
const WORDS = new Map<CircuitState, CircuitWord>([
  [CircuitState.Closed, 'closed'],
  [CircuitState.HalfOpen, 'half-open'],
  [CircuitState.Open, 'open'],
]);

/** What came of a send, and whether that speaks of an outage. */
interface Judged {
  readonly outcome: SendOutcome;
  readonly isOutage: boolean;
}

/**
 * A closed circuit. It opens after five sends in a row that the provider did not answer or could not take, and at once when
 * an answer says that no send can be taken. Each change of it is logged once; the probes between are not.
 */
export function createCircuit(neighbours: CircuitNeighbours): Circuit {
  const breaker = new ConsecutiveBreaker(FAILURES);
  // By a clock that nobody sets: NTP may put the time of day back by an hour.
  let mayCloseAt = 0;
  const halfOpenAfter = new DelegateBackoff<IHalfOpenAfterBackoffContext>(({ attempt, result }) => {
    const backoff = outcomeOf(result).kind === 'unknown' ? SILENT_PROBE : PROBE;
    mayCloseAt = performance.now() + backoffMs(attempt, backoff, neighbours.random);
    // cockatiel goes by the time of day, so it is told that the wait is over by any: `ask` keeps to it.
    return Number.NEGATIVE_INFINITY;
  });
  const isOutage = handleWhenResult((result) => (result as Judged).isOutage);
  const policy = circuitBreaker(isOutage, { breaker, halfOpenAfter });
  const word = () => WORDS.get(policy.state) ?? 'open';
  const retryAfterMs = () =>
    policy.state === CircuitState.Open ? Math.max(0, Math.ceil(mayCloseAt - performance.now())) : 0;
  const turn = probeTurn();
  tellChanges(policy, word, neighbours);
  return {
    word,
    retryAfterMs,
    async ask() {
      // From the last look on, nothing is awaited: of many that wait only one takes the turn.
      while (turn.isTaken()) await turn.over();
      if (policy.state === CircuitState.Closed) return { kind: 'all' };
      const waitMs = retryAfterMs();
      return waitMs > 0 ? { kind: 'none', retryAfterMs: waitMs } : { kind: 'one', end: turn.take() };
    },
    async run(leave, send, signal) {
      // Whoever was given leave for all has none any more; cockatiel would make it wait for the probe, or be one.
      if (leave.kind === 'none' || (leave.kind === 'all' && policy.state !== CircuitState.Closed)) return undefined;
      const { outcome } = await policy.execute(async () => {
        const judged = judge(await send(), signal);
        if (judged.isOutage && isOfChannel(judged.outcome)) breaker.state = FAILURES;
        return judged;
      });
      return outcome;
    },
  };
}

/** Whose turn it is to find out: one at a time. */
function probeTurn() {
  let taken: Promise<void> | undefined;
  return {
    isTaken: () => taken !== undefined,
    /** Resolves when the one at hand ends. */
    over: () => taken,
    /** Answers the function that ends it. */
    take() {
      let end = () => {};
      taken = new Promise((resolve) => {
        end = () => {
          taken = undefined;
          resolve();
        };
      });
      return end;
    },
  };
}

/** The gauge shows every state; the log has the outage's beginning and end. */
function tellChanges(
  policy: CircuitBreakerPolicy,
  word: () => CircuitWord,
  { channel, provider, metrics, log }: CircuitNeighbours,
): void {
  let openedAt: number | undefined;
  const show = () => metrics.circuitState.set({ channel }, GAUGE[word()]);
  show();
  policy.onStateChange(show);
  policy.onBreak((reason) => {
    if (openedAt !== undefined) return;
    openedAt = performance.now();
    tellOpened(log, channel, provider, outcomeOf(reason));
  });
  policy.onReset(() => {
    const now = performance.now();
    const seconds = Math.round((now - (openedAt ?? now)) / 1_000);
    log.info({ channel, provider, seconds }, 'Replies are sent again');
    openedAt = undefined;
  });
}

/** A send that we called off says nothing of the provider; one that only its phone has to wait for says it is there. */
function judge(outcome: SendOutcome, { aborted }: AbortSignal): Judged {
  const isTrouble = outcome.kind === 'unknown' || (outcome.kind === 'transient' && outcome.cause !== 'recipient');
  return { outcome, isOutage: isTrouble && !aborted };
}

function isOfChannel(outcome: SendOutcome): boolean {
  return outcome.kind === 'transient' && (outcome.cause === 'account' || outcome.cause === 'no-session');
}

/** The breaker is told of nothing but outages, which have a kind and a code. */
function outcomeOf(reason: object): { readonly kind?: string; readonly code?: string; readonly cause?: string } {
  return 'value' in reason ? (reason.value as Judged).outcome : {};
}

/** Two messages, because somebody has to act on the one and nobody on the other. */
function tellOpened(
  log: Logger,
  channel: string,
  provider: string,
  { code, cause }: ReturnType<typeof outcomeOf>,
): void {
  const facts = { channel, provider, code };
  const doctor = `cardwake doctor --channel ${channel}`;
  if (cause === 'account') {
    const advice = `Mend its credentials or its credit; \`${doctor}\` proves them. Replies wait meanwhile.`;
    log.error({ ...facts, advice }, 'The provider refuses the account: nothing is sent');
  } else {
    const advice = `Replies wait, and go out when it is back; \`${doctor}\` shows what it says.`;
    log.warn({ ...facts, advice }, 'The provider is away: nothing is sent');
  }
}
