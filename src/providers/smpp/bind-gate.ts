import { pause } from '../../flow/pause.ts';

/** What came of an attempt to bind. */
export type BindResult = 'bound' | 'failed' | 'refused-password';

/** Lets the sessions of a channel bind one after another, so that they never are a storm together. */
export interface BindGate {
  /** Waits for its turn, then makes the attempt. Resolves with its result, or undefined when the signal came first. */
  pass(attempt: () => Promise<BindResult>, signal: AbortSignal): Promise<BindResult | undefined>;
}

export interface BindGateOptions {
  /** The pause after an attempt that failed. */
  readonly afterFailureMs: number;
  /** The pause after a refused password: every further try may lock the account. */
  readonly afterRefusalMs: number;
}

/** A gate for one channel. `attempt` must not reject. */
export function bindGate({ afterFailureMs, afterRefusalMs }: BindGateOptions): BindGate {
  let last: Promise<unknown> = Promise.resolve();
  let opensAt = 0;

  async function takeTurn(attempt: () => Promise<BindResult>, signal: AbortSignal): Promise<BindResult | undefined> {
    const waitMs = opensAt - performance.now();
    if (waitMs > 0) await pause(waitMs, signal);
    if (signal.aborted) return undefined;
    const result = await attempt();
    const pauseMs = { bound: 0, failed: afterFailureMs, 'refused-password': afterRefusalMs }[result];
    opensAt = performance.now() + pauseMs;
    return result;
  }

  return {
    pass(attempt, signal) {
      const turn = last.then(() => takeTurn(attempt, signal));
      last = turn;
      return turn;
    },
  };
}
