import joi, { type ArraySchema } from 'joi';
import type { ProviderRequest } from './provider.ts';
import { isFromSource } from './source-addresses.ts';
import { hasUrlToken } from './url-token.ts';

/** What a provider that signs nothing is known by: the secret in the URL that it was given, and where it calls from. */
export interface UrlProof {
  /** One secret, or two while they are rotated; the first stands in the URLs that we give out. */
  readonly webhookToken: readonly [string, ...string[]];
  readonly sourceAddresses?: readonly string[];
}

/** The schema of the key `webhookToken`, which always gives a list. As it is the only proof, it has to be long. */
export function webhookToken(who: string): ArraySchema<string[]> {
  return joi
    .array()
    .items(
      joi
        .string()
        .pattern(/^[\w-]{16,128}$/)
        .messages({ 'string.pattern.base': '{{#label}} must be 16 to 128 letters, digits, - and _' }),
    )
    .single()
    .min(1)
    .max(2)
    .unique()
    .required()
    .description(
      `A secret for the URL that ${who} calls, as \`?token=…\`: \`openssl rand -hex 24\`. Whoever knows it can text as anybody. A list of two while it is rotated; the first is given out.`,
    );
}

/** Why a call is not believed; undefined when it is. */
export function urlFault(request: ProviderRequest, { webhookToken: tokens, sourceAddresses }: UrlProof) {
  if (!isFromSource(request.remoteAddress, sourceAddresses)) return 'an address that is not among sourceAddresses';
  return hasUrlToken(request.url, tokens) ? undefined : 'no token in the URL, or a wrong one';
}

/** The channel's webhook with the secret and, behind it, our parameters as they stand: they may hold a gateway's `%d`. */
export function provenUrl(webhookUrl: string, { webhookToken: [token] }: UrlProof, parameters: string): string {
  return `${webhookUrl}?token=${token}&${parameters}`;
}
