import { setMaxListeners } from 'node:events';
import { pause } from './pause.ts';

/**
 * Does `work` now, and again so many milliseconds after it has ended. A throw goes to `onError` and ends nothing. Answers the
 * function that stops it: it aborts the signal that `work` is given, and resolves when the work at hand has ended.
 */
export function everySoOften(
  everyMs: number,
  work: (signal: AbortSignal) => Promise<unknown>,
  onError: (error: unknown) => void,
): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  // All that the work has at hand may listen to it: that many listeners are no leak.
  setMaxListeners(0, signal);
  const running = (async () => {
    while (!signal.aborted) {
      await work(signal).catch(onError);
      await pause(everyMs, signal);
    }
  })();
  return async () => {
    stopping.abort();
    await running;
  };
}
