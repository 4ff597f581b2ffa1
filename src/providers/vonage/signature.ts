import { createHash, createHmac } from 'node:crypto';
import { isSameSecret } from '../same-secret.ts';
import type { Parameters } from './parameters.ts';

/** How an account signs: what stands under "Signature method" in its settings. `md5hash` is Vonage's default. */
export const SIGNATURE_METHODS = ['md5hash', 'md5', 'sha1', 'sha256', 'sha512'] as const;

export type SignatureMethod = (typeof SIGNATURE_METHODS)[number];

/**
 * True when `sig` was made with one of the secrets, in hex of either case, compared in constant time.
 * What is signed: `&name=value` of every other parameter, sorted by name, with `_` for each `&` and `=` in a value.
 * Source: https://developer.vonage.com/en/getting-started/concepts/signing-messages
 */
export function isSigned(parameters: Parameters, method: SignatureMethod, secrets: readonly string[]): boolean {
  const claimed = parameters.get('sig')?.toLowerCase();
  if (claimed === undefined) return false;
  const signed = [...parameters]
    .filter(([name]) => name !== 'sig')
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `&${name}=${value.replaceAll(/[&=]/g, '_')}`)
    .join('');
  return secrets.some((secret) => isSameSecret(claimed, digest(signed, method, secret)));
}

function digest(signed: string, method: SignatureMethod, secret: string): string {
  const hash =
    method === 'md5hash' ? createHash('md5').update(signed).update(secret) : createHmac(method, secret).update(signed);
  return hash.digest('hex');
}

/** True when the signed `timestamp` (in seconds since 1970) is at most so far from `now`, in ms since 1970. */
export function isOfNow(parameters: Parameters, now: number, toleranceSeconds: number): boolean {
  const timestamp = parameters.get('timestamp') ?? '';
  return /^\d{1,12}$/.test(timestamp) && Math.abs(now - Number(timestamp) * 1_000) <= toleranceSeconds * 1_000;
}
