import type { Request, Response } from 'express';
import type { Program } from '../../activation/program.ts';
import { ApiProblem } from './problems.ts';
import type { Caller, Route } from './route.ts';

const ALLOWED_HEADERS = 'authorization, content-type, idempotency-key, cardwake-person';
const EXPOSED_HEADERS = 'etag, idempotency-replayed, ratelimit, ratelimit-policy, retry-after';

/** Which web pages may call from a browser. */
export interface Cors {
  /**
   * Answers the question that a browser asks before it calls. The key does not come with it, so the page may belong to
   * any programme. False when the page may not call this path.
   */
  preflight(routes: readonly Route[], request: Request, response: Response): boolean;
  /** Lets a page of any programme read the answer, problems too. */
  open(route: Route, request: Request, response: Response): void;
  /** @throws ApiProblem `forbidden` when the page is none of the caller's programme */
  check(route: Route, request: Request, caller: Caller): void;
}

/** Exact origins, as the programmes declare them; never `*`, no cookies. */
export function createCors(programs: Iterable<Program>): Cors {
  const origins = new Set([...programs].flatMap((program) => program.origins));
  const allow = (request: Request, response: Response): boolean => {
    const { origin } = request.headers;
    response.vary('origin');
    if (origin === undefined || !origins.has(origin)) return false;
    response.setHeader('access-control-allow-origin', origin);
    return true;
  };
  return {
    preflight(routes, request, response) {
      const open = routes.filter((route) => route.isForBrowsers);
      if (open.length === 0 || !allow(request, response)) return false;
      response.setHeader('access-control-allow-methods', open.map(({ method }) => method.toUpperCase()).join(', '));
      response.setHeader('access-control-allow-headers', ALLOWED_HEADERS);
      response.setHeader('access-control-max-age', '600');
      return true;
    },
    open(route, request, response) {
      if (!route.isForBrowsers) return;
      if (allow(request, response)) response.setHeader('access-control-expose-headers', EXPOSED_HEADERS);
    },
    check(route, request, caller) {
      const { origin } = request.headers;
      if (!route.isForBrowsers || origin === undefined || caller.program.origins.includes(origin)) return;
      throw new ApiProblem('forbidden', 'This web page is not one of the programme’s origins.');
    },
  };
}
