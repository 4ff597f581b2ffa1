/** Says that something took longer than it may; it goes on, and what comes of it is ignored. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong';
}

/**
 * Settles as `work` does when that happens within `ms` milliseconds, else rejects with `TookTooLong`. Work that is
 * late is not stopped; its later failure is handled here, so it cannot end the process.
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TookTooLong(`No answer in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
