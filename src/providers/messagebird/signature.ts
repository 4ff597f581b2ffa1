import { createHash, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { isFields } from '../json.ts';
import type { ProviderRequest } from '../provider.ts';
import { isSameSecret } from '../same-secret.ts';

/** Tokens live for a minute; our clock and MessageBird's may differ by another. */
const CLOCK_TOLERANCE_SECONDS = 60;

/**
 * Why the call is not believed; undefined when it is. `now` in ms since 1970.
 *
 * `MessageBird-Signature-JWT` is signed with the account's signing key and names the SHA-256 of the URL and of the body
 * (https://developers.messagebird.com/docs/verify-http-requests). The check of the URL and the body is ours: in
 * MessageBird's package for Node the middleware does not wait for it, so forged calls pass. A claim that is missing is a
 * forgery here, also `payload_hash` when there is a body.
 */
export function doubtOf(request: ProviderRequest, keys: readonly KeyObject[], now: number): string | undefined {
  const token = request.headers['messagebird-signature-jwt'];
  if (!token) return 'no MessageBird-Signature-JWT';
  const claims = keys.map((key) => claimsOf(token, key, now)).find((found) => found !== undefined);
  if (claims === undefined) return 'wrong signature, or signed at another time';
  const { exp, nbf, jti, url_hash: urlHash, payload_hash: payloadHash } = claims;
  if (typeof exp !== 'number' || typeof nbf !== 'number' || typeof jti !== 'string') return 'a claim is missing';
  if (!isHashOf(urlHash, request.url)) return 'signed for another URL';
  const isBodySigned = payloadHash === undefined ? request.body.length === 0 : isHashOf(payloadHash, request.body);
  return isBodySigned ? undefined : 'signed for another body';
}

function claimsOf(token: string, key: KeyObject, now: number): Readonly<Record<string, unknown>> | undefined {
  try {
    const claims: unknown = jwt.verify(token, key, {
      algorithms: ['HS256', 'HS384', 'HS512'],
      issuer: 'MessageBird',
      clockTimestamp: Math.floor(now / 1_000),
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    return isFields(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

function isHashOf(claim: unknown, content: string | Buffer): boolean {
  return typeof claim === 'string' && isSameSecret(claim, createHash('sha256').update(content).digest('hex'));
}
