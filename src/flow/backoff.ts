/** How long to wait between attempts. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait after attempt number `attempt` (the first is 1): anything from half of `firstMs` up to
 * `firstMs` doubled with each attempt, never more than `maxMs`. The wide spread keeps many that failed together from
 * returning together (AWS calls it full jitter); the lower bound keeps one from returning at once.
 *
 * @param random gives numbers from 0 up to, not including, 1.
 */
export function backoffMs(attempt: number, { firstMs, maxMs }: Backoff, random: () => number): number {
  const most = Math.min(maxMs, firstMs * 2 ** (attempt - 1));
  const least = Math.min(most, firstMs / 2);
  return Math.round(least + random() * (most - least));
}
