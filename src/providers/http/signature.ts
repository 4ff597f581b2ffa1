import { createHash, createHmac } from 'node:crypto';
import type { ProviderRequest } from '../provider.ts';
import { isSameSecret } from '../same-secret.ts';
import { type Moment, momentOf } from './moment.ts';
import { type Place, placeFault, placeOf, type Source, textAt } from './place.ts';
import { slotsOf, templateFault, templateOf } from './template.ts';

/** Plain hashes cover the secret as a part; the others are keyed with it. */
export const ALGORITHMS = [
  'hmac-sha256',
  'hmac-sha512',
  'hmac-sha1',
  'hmac-md5',
  'sha256',
  'sha512',
  'sha1',
  'md5',
] as const;

/** How a provider signs its calls, as it is declared. */
export interface SignatureRecipe {
  readonly at: string;
  readonly algorithm: (typeof ALGORITHMS)[number];
  /** A template of what is signed. */
  readonly of: string;
  readonly encoding: 'hex' | 'base64' | 'base64url';
  /** What stands before the signature at its place. */
  readonly prefix: string;
  readonly timestamp?: {
    readonly at: string;
    readonly format: Moment;
    readonly zone: string;
    readonly toleranceSeconds: number;
  };
}

/** Words in `of` that are no places. */
const WHOLES = ['body', 'url', 'method', 'secret'] as const;

/**
 * Why a call is not signed by one of the secrets, or not of now; undefined when it is. `of`: what is signed; a part that
 * the call lacks makes it forged. `now` in ms since 1970.
 */
export function signatureDoubt(
  call: { readonly request: ProviderRequest; readonly source: Source },
  {
    recipe,
    of,
    secrets,
    now,
  }: {
    readonly recipe: SignatureRecipe;
    readonly of: string;
    readonly secrets: readonly string[];
    readonly now: number;
  },
): string | undefined {
  const claimed = textAt(placeOf(recipe.at), call.source);
  if (claimed === undefined) return 'no signature';
  const isSigned = secrets.some((secret) => {
    const signed = signedBytes(of, call, secret);
    return (
      signed !== undefined && isSameSecret(normal(recipe, claimed), recipe.prefix + digest(recipe, signed, secret))
    );
  });
  if (!isSigned) return 'wrong signature';
  return isOfNow(recipe.timestamp, call.source, now) ? undefined : 'signed too long ago, or in the future';
}

/** Why a text cannot say what is signed; undefined when it can. */
export function signedFault(of: string, algorithm: string): string | undefined {
  const fault = templateFault(of, (name) => (isWhole(name) ? undefined : placeFault(name)), []);
  if (fault !== undefined) return fault;
  const names = slotsOf(templateOf(of)).map(({ name }) => name);
  const isKeyed = algorithm.startsWith('hmac-');
  if (isKeyed === names.includes('secret')) {
    return isKeyed
      ? 'must not hold {{ secret }}: an HMAC is keyed with it'
      : 'must hold {{ secret }}, or anybody could sign';
  }
  const covers = names.some((name) => name === 'body' || name === 'url' || isPlaceInCall(name));
  return covers ? undefined : 'must hold {{ body }} or fields of the call, or one signature would do for all calls';
}

/** True when what is signed covers what stands at a place. */
export function isSigned(of: string, place: Place): boolean {
  return slotsOf(templateOf(of)).some(({ name }) => {
    if (name === 'body') return place.in === 'content';
    if (name === 'url') return place.in === 'query';
    return !isWhole(name) && JSON.stringify(placeOf(name)) === JSON.stringify(place);
  });
}

/** The places that are part of what is signed. */
export function placesIn(of: string): readonly Place[] {
  return slotsOf(templateOf(of)).flatMap(({ name }) => (isWhole(name) ? [] : [placeOf(name)]));
}

function isPlaceInCall(name: string): boolean {
  return !isWhole(name) && placeOf(name).in !== 'header';
}

function isWhole(name: string): name is (typeof WHOLES)[number] {
  return WHOLES.some((whole) => whole === name);
}

function signedBytes(
  of: string,
  { request, source }: { readonly request: ProviderRequest; readonly source: Source },
  secret: string,
): Buffer | undefined {
  const wholes = { body: request.body, url: request.url, method: request.method, secret };
  const parts = templateOf(of).map((piece) => {
    if (typeof piece === 'string') return piece;
    return isWhole(piece.name) ? wholes[piece.name] : textAt(placeOf(piece.name), source);
  });
  return parts.every((part) => part !== undefined) ? Buffer.concat(parts.map((part) => Buffer.from(part))) : undefined;
}

function digest({ algorithm, encoding }: SignatureRecipe, signed: Buffer, secret: string): string {
  const hash = algorithm.startsWith('hmac-')
    ? createHmac(algorithm.slice('hmac-'.length), secret)
    : createHash(algorithm);
  return hash.update(signed).digest(encoding);
}

/** Hex digits are the same in both cases, a prefix is not. */
function normal({ encoding, prefix }: SignatureRecipe, claimed: string): string {
  return encoding === 'hex' ? claimed.slice(0, prefix.length) + claimed.slice(prefix.length).toLowerCase() : claimed;
}

function isOfNow(timestamp: SignatureRecipe['timestamp'], source: Source, now: number): boolean {
  if (timestamp === undefined) return true;
  const text = textAt(placeOf(timestamp.at), source);
  const at = text === undefined ? undefined : momentOf(timestamp.format, text, timestamp.zone);
  return at !== undefined && Math.abs(now - at) <= timestamp.toleranceSeconds * 1_000;
}
