import joi, { type CustomHelpers, type ObjectSchema } from 'joi';
import { rotatingSecret } from '../options.ts';
import { sourceAddresses } from '../source-addresses.ts';
import { MOMENTS } from './moment.ts';
import { placeOf } from './place.ts';
import { checkedText, place } from './schemas.ts';
import { ALGORITHMS, isSigned, type SignatureRecipe, signedFault } from './signature.ts';

const timestamp = joi
  .object({
    at: place('Where the moment of the call stands. It has to be part of what is signed.')
      .required()
      .example('header:x-timestamp'),
    format: joi
      .valid(...MOMENTS)
      .default('unix')
      .description('Seconds (`unix`) or milliseconds (`unixMs`) since 1970, or a `date` with its year first.'),
    zone: joi
      .string()
      .pattern(/^(?:Z|[+-]\d\d:\d\d)$/)
      .default('Z')
      .description('The offset of dates that name none.')
      .example('+03:30'),
    toleranceSeconds: joi
      .number()
      .integer()
      .min(30)
      .max(86_400)
      .default(300)
      .description('How far that moment may be from our own clock, both ways.'),
  })
  .description('Refuses calls that were signed too long ago. Absent: a signed call is believed for ever.');

const signature: ObjectSchema<SignatureRecipe> = joi
  .object({
    at: place('Where the signature stands: `header:NAME`, `query:NAME` or a field.')
      .required()
      .example('header:x-signature'),
    algorithm: joi
      .valid(...ALGORITHMS)
      .required()
      .description('Keyed with the secret (`hmac-…`), or a plain hash of a text that holds it.'),
    of: joi
      .string()
      .required()
      .description(
        'What is signed, in the provider’s order and with its separators: `{{ body }}`, `{{ url }}`, `{{ method }}`, `{{ secret }}`, a field (`{{ phone }}`, `{{ field:body }}` where it has the name of one of these), `{{ header:NAME }}`, `{{ query:NAME }}`.',
      )
      .example('{{ header:x-timestamp }}.{{ body }}'),
    encoding: joi.valid('hex', 'base64', 'base64url').default('hex').description('How the signature is written.'),
    prefix: joi.string().allow('').default('').description('What stands before the signature.').example('sha256='),
    timestamp,
  })
  .custom(checkRecipe)
  .messages({ 'declared.wrong': '{#fault}' })
  .description('How the provider signs its calls.');

/** The keys of how calls prove themselves. All that is declared has to hold; at least one has to be. */
export const proofOptions = {
  signatureSecret: rotatingSecret('The secret of `signature`').optional(),
  signature,
  webhookToken: joi
    .array()
    .items(
      joi
        .string()
        .pattern(/^[\x21-\x7e]{16,256}$/)
        .messages({ 'string.pattern.base': 'must be 16 to 256 letters, digits and signs of ASCII, without spaces' }),
    )
    .single()
    .min(1)
    .max(2)
    .unique()
    .description(
      'A secret that comes with each call: `openssl rand -hex 24`. Whoever knows it can text as anybody. A list of two while it is rotated; the first is given out.',
    ),
  webhookTokenAt: place('Where it comes: in the URL that the provider was given, in a header, or in a field.')
    .default('query:token')
    .example('header:authorization'),
  webhookUser: joi
    .string()
    .pattern(/^[^:]+$/)
    .description('The user, when calls come with Basic authentication.'),
  webhookPassword: rotatingSecret('The password of `webhookUser`').optional(),
  sourceAddresses: sourceAddresses('the provider'),
};

/** Joi's report of a fault at a key below the value that is being looked at. */
export function faultAt({ error, state }: CustomHelpers, path: readonly string[], fault: string) {
  const here = (state.path ?? []) as readonly (string | number)[];
  return error('declared.wrong', { fault }, state.localize?.([...here, ...path], state.ancestors));
}

function checkRecipe(recipe: SignatureRecipe, helpers: CustomHelpers) {
  const fault = signedFault(recipe.of, recipe.algorithm);
  if (fault !== undefined) return faultAt(helpers, ['of'], fault);
  const isDated = recipe.timestamp === undefined || isSigned(recipe.of, placeOf(recipe.timestamp.at));
  return isDated
    ? recipe
    : faultAt(helpers, ['timestamp', 'at'], 'must be part of signature.of, or anybody could change it');
}

/** A list of networks that is all of the Internet proves nothing. */
export function isEverywhere(networks: readonly string[] | undefined): boolean {
  return networks?.some((network) => network.endsWith('/0')) ?? false;
}

/** The schema of what is signed, where one kind of calls differs from the recipe. */
export const signatureOf = checkedText((text) => (text.includes('{{') ? undefined : 'must name what is signed'));
