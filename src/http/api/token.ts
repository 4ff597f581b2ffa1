import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** An API key as its owner holds it. */
export interface Token {
  /** Ten characters that may be seen by anybody: names the key in lists, in the audit and in the database. */
  readonly prefix: string;
  /** 32 random bytes in base64url; only its hash is kept. */
  readonly secret: string;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const TOKEN = /^([a-z2-7]{10})\.([A-Za-z0-9_-]{43})$/;

/** A new key. 50 random bits make prefixes that do not meet, 256 make a secret that cannot be guessed. */
export function makeToken(): Token {
  const prefix = [...randomBytes(10)].map((byte) => BASE32.charAt(byte % BASE32.length)).join('');
  return { prefix, secret: randomBytes(32).toString('base64url') };
}

/** The key in an `Authorization: Bearer prefix.secret` header; undefined for everything else. */
export function readBearer(authorization: string | undefined): Token | undefined {
  const [, scheme, credentials = ''] = /^(\S+) +(\S+) *$/.exec(authorization ?? '') ?? [];
  if (scheme?.toLowerCase() !== 'bearer') return undefined;
  const [, prefix, secret] = TOKEN.exec(credentials) ?? [];
  return prefix === undefined || secret === undefined ? undefined : { prefix, secret };
}

/**
 * What is kept of a secret: SHA-256 without salt or stretching. Slow hashes protect words that people choose; nobody
 * can go through 2^256 random secrets at any speed, and a till must not wait for bcrypt at each call.
 */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Whether the secret belongs to the hash, in a time that does not tell how much of it is right. */
export function isSecretOf(hash: Buffer, secret: string): boolean {
  const own = hashSecret(secret);
  return own.length === hash.length && timingSafeEqual(own, hash);
}
