import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { refuse, refuseUnread } from './refuse.ts';

/**
 * Refuses a request for a host name that is not ours. A page on the internet can have its own name point here (DNS
 * rebinding) and then read what a browser on this machine may read; it cannot do so with an IP address or `localhost`.
 */
export function onlyOurHost(ownNames: readonly string[]): RequestHandler {
  const names = new Set(['localhost', ...ownNames.map((name) => name.toLowerCase())]);
  return (request, response, next) => {
    const name = hostName(request);
    if (name !== undefined && (names.has(name) || isIP(name) !== 0)) return next();
    refuseUnread(request, response, 403, 'Use localhost or an IP address');
  };
}

/**
 * Refuses a request that changes something unless it is JSON from our own pages or from outside a browser: a form on
 * another site can send neither that content type nor our origin.
 */
export const onlyOurPages: RequestHandler = (request, response, next) => {
  if (request.method === 'GET' || request.method === 'HEAD') return next();
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isOurs =
    (site === undefined || site === 'same-origin' || site === 'none') &&
    (origin === undefined || (URL.canParse(origin) && new URL(origin).host === request.headers.host));
  if (!isOurs) return refuse(response, 403, 'Only from our own pages');
  if (request.is('application/json') === false) return refuse(response, 415, 'Only application/json');
  next();
};

/** The name in the Host header without port and brackets, in lower case. */
function hostName(request: Request): string | undefined {
  const url = `http://${request.headers.host ?? ''}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : undefined;
}
