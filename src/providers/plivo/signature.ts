import { createHmac } from 'node:crypto';
import { type ParsedUrlQuery, parse } from 'node:querystring';
import type { ProviderRequest } from '../provider.ts';
import { isSameSecret } from '../same-secret.ts';

/** Whose signatures are believed. */
export interface Signers {
  /** The live auth tokens: one, or two while they are rotated. */
  readonly authToken: readonly string[];
  /** Also believe V2, which covers neither the parameters nor the query, on calls that have no V3 at all. */
  readonly acceptV2: boolean;
}

/** Plivo sends some twenty parameters; what lies beyond this many is not read, and the signature then does not fit. */
const MAX_PARAMETERS = 1_000;

/** The parameters of a form or of a query, decoded. */
export function parametersOf(encoded: string): ParsedUrlQuery {
  return parse(encoded, '&', '=', { maxKeys: MAX_PARAMETERS });
}

/**
 * Why the call is not believed; undefined when it is.
 *
 * Each version has two headers: the plain one is made with the token of the account or subaccount that the call belongs
 * to, `-Ma-` always with the main account's; SMS have been seen to fit only the latter. A signature of ours in either is
 * proof. While Plivo knows several tokens, a header lists a signature for each, with commas.
 * A call that has V3 is never judged by V2: who takes the V3 headers away would gain by it.
 */
export function doubtOf(request: ProviderRequest, { authToken, acceptV2 }: Signers): string | undefined {
  const { headers } = request;
  const v3 = claimed(headers, 'v3');
  if (v3 !== undefined) return isProven(v3, authToken, signedByV3(request)) ? undefined : 'wrong V3 signature';
  if (!acceptV2) return 'no X-Plivo-Signature-V3';
  const v2 = claimed(headers, 'v2');
  if (v2 === undefined) return 'no X-Plivo-Signature-V2';
  return isProven(v2, authToken, baseOf(request.url)) ? undefined : 'wrong V2 signature';
}

interface Claimed {
  readonly signatures: readonly string[];
  /** What the nonce is joined with. */
  readonly nonce: string;
}

function claimed(headers: ProviderRequest['headers'], version: 'v2' | 'v3'): Claimed | undefined {
  const lists = [headers[`x-plivo-signature-${version}`], headers[`x-plivo-signature-ma-${version}`]];
  const present = lists.filter((list) => list !== undefined);
  if (present.length === 0) return undefined;
  const nonce = headers[`x-plivo-signature-${version}-nonce`] ?? '';
  const signatures = nonce === '' ? [] : present.flatMap((list) => splitList(list));
  return { signatures, nonce: version === 'v3' ? `.${nonce}` : nonce };
}

/** Every token signs differently, so a list that says one thing twice was never Plivo's. */
function splitList(list: string): readonly string[] {
  const signatures = list.split(',').map((one) => one.trim());
  return new Set(signatures).size === signatures.length ? signatures : [];
}

function isProven({ signatures, nonce }: Claimed, tokens: readonly string[], signed: string): boolean {
  return tokens.some((token) => {
    const expected = createHmac('sha256', token).update(signed).update(nonce).digest('base64');
    return signatures.some((signature) => isSameSecret(signature, expected));
  });
}

/**
 * What V3 signs, but for the nonce: the URL with its query sorted and decoded, then the form's names and values, sorted and
 * without separators (https://www.plivo.com/docs/voice/concepts/signature-validation; where that page and Plivo's SDKs
 * differ, the SDKs are followed: the tests' signatures are checked with plivo 4.79.0 for Node).
 */
function signedByV3({ method, url, body }: ProviderRequest): string {
  const query = sorted(parametersOf(queryOf(url)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const form = method === 'POST' ? sorted(parametersOf(body.toString())) : [];
  const hasQuery = query !== '';
  const hasForm = form.length > 0;
  const mark = hasQuery || hasForm ? '?' : '';
  const dot = hasQuery && hasForm ? '.' : '';
  return `${baseOf(url)}${mark}${query}${dot}${form.flat().join('')}`;
}

/** Names and values in order; a repeated name once for each of its values. */
function sorted(parameters: ParsedUrlQuery): readonly (readonly [string, string])[] {
  const names = Object.keys(parameters).toSorted();
  return names.flatMap((name) => valuesOf(parameters[name]).map((value) => [name, value] as const));
}

function valuesOf(value: string | readonly string[] = []): readonly string[] {
  return typeof value === 'string' ? [value] : value.toSorted();
}

function baseOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}

/** What stands behind the URL's first `?`. */
export function queryOf(url: string): string {
  return url.slice(baseOf(url).length + 1);
}
