import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from '../log.ts';
import { refuse, refuseUnread } from './refuse.ts';

/** Answers 404 to what no route took. */
export const notFound: RequestHandler = (request, response) => {
  refuseUnread(request, response, 404, 'Not found');
};

/**
 * The last handler. What the caller did wrong (a path or JSON that cannot be read) keeps its 4xx; all else is logged
 * and becomes a 500. No answer tells more than its status.
 */
export function lastErrorHandler(log: Logger): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const status = callersFault(error);
    if (status === undefined) log.error({ error }, 'A request failed');
    if (response.headersSent) response.destroy();
    else refuse(response, status ?? 500, status === undefined ? 'Internal error' : 'Bad request');
  };
}

function callersFault(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  return error.status >= 400 && error.status < 500 ? error.status : undefined;
}
