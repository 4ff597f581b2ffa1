import type { Request, Response } from 'express';
import { endUnread } from '../refuse.ts';
import type { Answer } from './route.ts';

/**
 * Sends an answer as JSON. A GET whose `etag` the caller has already, by `If-None-Match`, is answered with 304 and no
 * body. Nothing may be kept by anybody unless the answer says so.
 */
export function sendAnswer(request: Request, response: Response, { status, body, headers = {} }: Answer): void {
  response.setHeader('cache-control', 'no-store');
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'vary') response.vary(value);
    else response.setHeader(name, value);
  }
  if (isKnown(request, status, headers.etag)) {
    response.removeHeader('content-type');
    response.status(304).end();
    return;
  }
  response.status(status);
  if (body === undefined) {
    endUnread(request, response, '');
    return;
  }
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/json');
  endUnread(request, response, JSON.stringify(body));
}

/** Compared weakly, as RFC 9110 §13.1.2 wants it for If-None-Match. */
function isKnown(request: Request, status: number, etag: string | undefined): boolean {
  const asked = request.headers['if-none-match'];
  if (status !== 200 || etag === undefined || asked === undefined) return false;
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  return asked.trim() === '*' || asked.split(',').some((tag) => opaque(tag) === opaque(etag));
}
