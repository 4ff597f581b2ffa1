import { hasBasicAuth } from '../basic-auth.ts';
import type { ProviderRequest } from '../provider.ts';
import { isSameSecret } from '../same-secret.ts';
import { isFromSource } from '../source-addresses.ts';
import { placeOf, type Source, textAt } from './place.ts';
import { placesIn, type SignatureRecipe, signatureDoubt } from './signature.ts';

/** How a provider's calls prove themselves; all that is declared has to hold. */
export interface Proof {
  readonly signatureSecret?: readonly [string, ...string[]];
  readonly signature?: SignatureRecipe;
  readonly webhookToken?: readonly [string, ...string[]];
  readonly webhookTokenAt: string;
  readonly webhookUser?: string;
  readonly webhookPassword?: readonly [string, ...string[]];
  readonly sourceAddresses?: readonly [string, ...string[]];
}

/**
 * Why a call is not believed; undefined when it is. `signed`: what its signature covers, when that is not what the recipe
 * says. Without any declared proof nothing is believed.
 */
export function doubtOf(request: ProviderRequest, source: Source, proof: Proof, now: number, signed?: string) {
  const doubts = [
    addressDoubt(request, proof),
    tokenDoubt(source, proof),
    basicDoubt(request, proof),
    signingDoubt(request, source, proof, now, signed),
  ].filter((doubt) => doubt !== 'not declared');
  return doubts.length === 0 ? 'no proof is declared' : doubts.find((doubt) => doubt !== undefined);
}

/** True when none of the proofs needs what a call's content says. */
export function isOutsideContent({ webhookToken, webhookTokenAt, signature }: Proof): boolean {
  const places = [
    ...(webhookToken === undefined ? [] : [placeOf(webhookTokenAt)]),
    ...(signature === undefined ? [] : [placeOf(signature.at), ...placesIn(signature.of)]),
    ...(signature?.timestamp === undefined ? [] : [placeOf(signature.timestamp.at)]),
  ];
  return places.every((place) => place.in !== 'content');
}

type Doubt = string | undefined;

function addressDoubt({ remoteAddress }: ProviderRequest, { sourceAddresses }: Proof): Doubt {
  if (sourceAddresses === undefined) return 'not declared';
  return isFromSource(remoteAddress, sourceAddresses) ? undefined : 'an address that is not among sourceAddresses';
}

function tokenDoubt(source: Source, { webhookToken, webhookTokenAt }: Proof): Doubt {
  if (webhookToken === undefined) return 'not declared';
  const claimed = textAt(placeOf(webhookTokenAt), source)?.replace(/^bearer +/i, '');
  const isKnown = claimed !== undefined && webhookToken.some((token) => isSameSecret(claimed, token));
  return isKnown ? undefined : 'no token, or a wrong one';
}

function basicDoubt({ headers }: ProviderRequest, { webhookUser, webhookPassword }: Proof): Doubt {
  if (webhookUser === undefined || webhookPassword === undefined) return 'not declared';
  return hasBasicAuth(headers.authorization, webhookUser, webhookPassword) ? undefined : 'wrong Authorization';
}

function signingDoubt(request: ProviderRequest, source: Source, proof: Proof, now: number, signed?: string): Doubt {
  const { signature: recipe, signatureSecret: secrets } = proof;
  if (recipe === undefined || secrets === undefined) return 'not declared';
  return signatureDoubt({ request, source }, { recipe, of: signed ?? recipe.of, secrets, now });
}
