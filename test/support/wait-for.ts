/** How long to wait, and for what, in words that a failed test shows. */
interface Patience {
  readonly what: string;
  readonly timeoutMs?: number;
}

/**
 * The condition's value as soon as it is not `undefined`, `null` or `false`. A condition that throws is asked again.
 * @throws Error that names `what` and the last error, after `timeoutMs` (default 10,000).
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 10_000 }: Patience,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) {
        return value as Exclude<T, undefined | null | false>;
      }
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
