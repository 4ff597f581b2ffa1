/** The answer did not come in time; whether the request had an effect is not known. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** What `work` gives, or a `TimedOut` after `timeoutMs`. What `work` does later is nobody's concern any more. */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimedOut(`No answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
