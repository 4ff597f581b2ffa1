import { createHash } from 'node:crypto';
import type { Received } from './provider.ts';

/** Authentic but not understood. Without an id of its own it gets one made from the body, the same on every repeat. */
export function unreadable(reason: string, body: Buffer, id?: string): Received {
  const providerMessageId = id ?? `sha256:${createHash('sha256').update(body).digest('hex')}`;
  return { kind: 'unreadable', providerMessageId, reason };
}

/** True of what can be kept as a provider's id: 1 to 128 visible ASCII characters. */
export function isProviderId(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value);
}

/** True of what can be a sender ID or an address: 1 to 128 characters, none of them a control character. */
export function isSenderId(value: unknown): value is string {
  return typeof value === 'string' && /^\P{Cc}{1,128}$/u.test(value);
}

/** True of a reply's row id as it comes back to us: decimal, within 64 bits. */
export function isReplyId(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,18}$/.test(value);
}
