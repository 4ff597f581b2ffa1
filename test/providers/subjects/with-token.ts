import type { ProviderRequest } from '../../../src/providers/provider.ts';

/** The call with this secret in its URL, in the place of the one that it has: as a console's URL field puts it there. */
export function withToken(request: ProviderRequest, secret: string): ProviderRequest {
  const [base = '', query = ''] = request.url.split(/\?(.*)/s);
  const others = query.split('&').filter((pair) => pair !== '' && !pair.startsWith('token='));
  return { ...request, url: `${base}?${[`token=${encodeURIComponent(secret)}`, ...others].join('&')}` };
}
