import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';

const LINGER_MS = 1000;

/** Answers with a status and a short constant sentence. */
export function refuse(response: Response, status: number, sentence: string): void {
  response.status(status).type('text/plain').send(`${sentence}\n`);
}

/** A body that is certainly shorter is left to Node, which reads it to its end and keeps the connection. */
const SHORT_BYTES = 64 * 1024;

/** The same as `refuse`, while the caller may still be sending a long body; see `endUnread`. */
export function refuseUnread(request: Request, response: Response, status: number, sentence: string): void {
  response.status(status).setHeader('content-type', 'text/plain; charset=utf-8');
  endUnread(request, response, `${sentence}\n`);
}

/**
 * Ends an answer whose status and headers are set while the caller may still be sending a long body, and then the
 * connection. Ended at once it would be reset, and the caller would never read the answer: so what it sends is thrown
 * away until it stops, for a second at most.
 */
export function endUnread(request: Request, response: Response, body: string): void {
  response.setHeader('content-length', Buffer.byteLength(body));
  if (request.readableEnded || hasShortBody(request)) {
    response.end(body);
    return;
  }
  response.setHeader('connection', 'close');
  response.write(body);
  const timer = setTimeout(finish, LINGER_MS);
  function finish(): void {
    clearTimeout(timer);
    response.end();
  }
  request.once('end', finish).once('close', finish).resume();
}

const COME_BACK = 'Try again\n';

/** Names and values in turn, as Node takes them. */
const COME_BACK_HEADERS = [
  ['content-type', 'text/plain; charset=utf-8'],
  ['content-length', String(COME_BACK.length)],
  ['retry-after', '1'],
  ['x-content-type-options', 'nosniff'],
].flat();

/** Answers 503; the body of the call is read, or short. */
export function comeBack(response: ServerResponse): void {
  response.writeHead(503, COME_BACK_HEADERS).end(COME_BACK);
}

/** Whether Node reads what comes of the body to its end by itself and the connection goes on. */
export function hasShortBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= SHORT_BYTES;
}
