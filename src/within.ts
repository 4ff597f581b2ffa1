/** Says that something took longer than it may; it goes on, and what comes of it is ignored. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong';
}

/**
 * Settles as `work` does when that happens within `ms` milliseconds, else rejects with `TookTooLong`. Work that is
 * late is not stopped; its later failure is handled here, so it cannot end the process.
 */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TookTooLong(`No answer in ${ms} ms`)), ms);
    const settled = () => {
      clearTimeout(timer);
      resolve(work);
    };
    work.then(settled, settled);
  });
}
