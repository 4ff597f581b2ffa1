import { createHash } from 'node:crypto';
import type { Received } from './provider.ts';

/** Authentic but not understood. Without an id of its own it gets one made from the body, the same on every repeat. */
export function unreadable(reason: string, body: Buffer, id?: string): Received {
  const providerMessageId = id ?? `sha256:${createHash('sha256').update(body).digest('hex')}`;
  return { kind: 'unreadable', providerMessageId, reason };
}
