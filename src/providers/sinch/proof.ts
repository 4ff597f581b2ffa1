import { createHmac } from 'node:crypto';
import { hasBasicAuth } from '../basic-auth.ts';
import type { ProviderRequest } from '../provider.ts';
import { isSameSecret } from '../same-secret.ts';
import { hasUrlToken } from '../url-token.ts';

/**
 * How a service plan's callbacks prove themselves. Plans sign them only where Sinch has switched that on (it exists since
 * February 2025); older ones have a secret of ours in the callback URL, or Basic authentication.
 */
export type Proof =
  | { readonly kind: 'signature'; readonly secrets: readonly string[]; readonly toleranceMs: number }
  | { readonly kind: 'token'; readonly tokens: readonly string[] }
  | { readonly kind: 'basic'; readonly user: string; readonly passwords: readonly string[] };

/** The names that Sinch gives to algorithms, and Node's. */
const ALGORITHMS = new Map([
  ['HmacSHA256', 'sha256'],
  ['HmacSHA384', 'sha384'],
  ['HmacSHA512', 'sha512'],
]);

/** A callback may be dated this far ahead of our clock. */
const MAX_AHEAD_MS = 300_000;

/** Why the callback is not believed; undefined when it is. `now` in ms since 1970. */
export function doubtOf(request: ProviderRequest, proof: Proof, now: number): string | undefined {
  switch (proof.kind) {
    case 'signature':
      return doubtOfSignature(request, proof.secrets, { now, toleranceMs: proof.toleranceMs });
    case 'token':
      return hasUrlToken(request.url, proof.tokens) ? undefined : 'wrong token in the URL';
    case 'basic':
      return hasBasicAuth(request.headers.authorization, proof.user, proof.passwords)
        ? undefined
        : 'wrong Authorization';
    default:
      return proof satisfies never;
  }
}

/**
 * `x-sinch-webhook-signature` is base64 HMAC of body, nonce and timestamp with dots between, over the bytes as they came
 * (https://developers.sinch.com/docs/conversation/callbacks; the SMS clients of Sinch's own SDKs check
 * it in the same way).
 */
function doubtOfSignature(
  { headers, body }: ProviderRequest,
  secrets: readonly string[],
  { now, toleranceMs }: { readonly now: number; readonly toleranceMs: number },
): string | undefined {
  const signature = headers['x-sinch-webhook-signature'];
  const nonce = headers['x-sinch-webhook-signature-nonce'];
  const timestamp = headers['x-sinch-webhook-signature-timestamp'];
  const algorithm = ALGORITHMS.get(headers['x-sinch-webhook-signature-algorithm'] ?? '');
  if (!signature || !nonce || !timestamp) return 'no x-sinch-webhook-signature with nonce and timestamp';
  if (algorithm === undefined) return 'unknown x-sinch-webhook-signature-algorithm';
  const isSigned = secrets.some((secret) => {
    const hmac = createHmac(algorithm, secret).update(body).update(`.${nonce}.${timestamp}`);
    return isSameSecret(signature, hmac.digest('base64'));
  });
  if (!isSigned) return 'wrong signature';
  const at = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) * 1_000 : Number.NaN;
  return at >= now - toleranceMs && at <= now + MAX_AHEAD_MS ? undefined : 'signed at another time';
}
