import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** How far the time of a call may be from ours, either way, in ms. It is documented as the time of sending the call. */
const TOLERANCE_MS = 300_000;

/** True of base64 of 32 bytes: an Ed25519 public key as the portal shows it. */
export function isPublicKey(base64: string): boolean {
  return /^[A-Za-z0-9+/]{43}=$/.test(base64);
}

/** The key of that text, which `isPublicKey`. */
export function publicKey(base64: string): KeyObject {
  const x = Buffer.from(base64, 'base64').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

/** The headers of a call and its body, as they came. */
export interface Signed {
  /** `telnyx-signature-ed25519`: base64 of 64 bytes. */
  readonly signature: string;
  /** `telnyx-timestamp`: seconds since 1970. */
  readonly timestamp: string;
  readonly body: Buffer;
}

/**
 * True when one of the keys signed the timestamp, a vertical bar and the body, byte for byte.
 * Source: https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
 */
export function isSigned({ signature, timestamp, body }: Signed, keys: readonly KeyObject[]): boolean {
  if (!/^[A-Za-z0-9+/]{86}==$/.test(signature)) return false;
  const signed = Buffer.concat([Buffer.from(`${timestamp}|`), body]);
  const bytes = Buffer.from(signature, 'base64');
  return keys.some((key) => verify(null, signed, key, bytes));
}

/** True when the timestamp is within five minutes of `now`, in ms since 1970. */
export function isOfNow(timestamp: string, now: number): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(now - Number(timestamp) * 1_000) <= TOLERANCE_MS;
}
