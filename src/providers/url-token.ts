import { isSameSecret } from './same-secret.ts';

/**
 * True when the URL's query has exactly one `token`, and that is one of the live secrets: the proof of providers that sign
 * nothing but call the URL that they were given. The secret then stands in a URL, so nothing may log that.
 */
export function hasUrlToken(url: string, tokens: readonly string[]): boolean {
  const [, query = ''] = url.split(/\?(.*)/s);
  const [claimed, ...others] = new URLSearchParams(query).getAll('token');
  if (claimed === undefined || others.length > 0) return false;
  return tokens.some((token) => isSameSecret(claimed, token));
}
