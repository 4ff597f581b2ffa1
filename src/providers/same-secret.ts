import { createHash, timingSafeEqual } from 'node:crypto';

/** True when both are the same bytes; how long it takes tells neither where they differ nor how long either is. */
export function isSameSecret(claimed: string | Buffer, expected: string | Buffer): boolean {
  return timingSafeEqual(digest(claimed), digest(expected));
}

function digest(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}
