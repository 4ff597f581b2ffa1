import { type Request, type RequestHandler, type Response, Router } from 'express';
import { remoteAddress } from '../remote-address.ts';
import { authorize, createAuthenticator } from './authenticate.ts';
import { type Cors, createCors } from './cors.ts';
import { createDocsPage } from './docs-page.ts';
import { onceOnly, readIdempotencyKey } from './idempotency.ts';
import type { ApiParts } from './parts.ts';
import { problemHandler, unavailable } from './problem-answer.ts';
import { ApiProblem } from './problems.ts';
import { createRateLimiter, type RateLimiter, type RateLimits } from './rate-limit.ts';
import { readCall } from './read-call.ts';
import type { Answer, Caller, Route } from './route.ts';
import { createRoutes } from './routes.ts';
import { sendAnswer } from './send-answer.ts';

/** What is as it is unless told otherwise. */
export interface ApiOptions {
  /** False: every call is told to come back. */
  readonly isReady?: () => boolean;
  readonly routes?: readonly Route[];
  readonly rateLimits?: RateLimits;
}

interface Gate {
  readonly parts: ApiParts;
  readonly authenticate: (authorization: string | undefined) => Promise<Caller>;
  readonly limiter: RateLimiter;
  readonly cors: Cors;
  readonly isReady: () => boolean;
}

/**
 * The API under `/v1`, made from its routes, and the pages about it. Everything that goes wrong under `/v1` is answered as
 * a problem document.
 */
export function createApi(parts: ApiParts, options: ApiOptions = {}): Router {
  const routes = options.routes ?? createRoutes(parts);
  const gate: Gate = {
    parts,
    authenticate: createAuthenticator(parts),
    limiter: createRateLimiter(options.rateLimits),
    cors: createCors(parts.programs.values()),
    isReady: options.isReady ?? (() => true),
  };
  const router = Router({ caseSensitive: true, strict: true });
  router.use(createDocsPage(routes));
  for (const path of new Set(routes.map((route) => route.path))) {
    mount(
      router,
      gate,
      routes.filter((route) => route.path === path),
    );
  }
  router.use('/v1', nothingHere, problemHandler(parts.log));
  return router;
}

/** The routes of one path; other methods are told which there are. */
function mount(router: Router, gate: Gate, routes: readonly Route[]): void {
  const [first] = routes;
  if (first === undefined) return;
  // `{number}` as express spells it.
  const onPath = router.route(first.path.replace(/\{(\w+)\}/g, ':$1'));
  for (const route of routes) {
    onPath[route.method](async (request, response) => {
      const answer = await take(gate, route, request, response);
      if (answer !== undefined) sendAnswer(request, response, answer);
    });
  }
  const allow = routes.map(({ method }) => method.toUpperCase()).join(', ');
  onPath.options((request, response, next) => {
    if (gate.cors.preflight(routes, request, response)) response.status(204).end();
    else next();
  });
  onPath.all(() => {
    throw new ApiProblem('method-not-allowed', 'The Allow header lists the methods.', { headers: { allow } });
  });
}

/** One call, from the door to its answer; undefined when the caller went away. */
async function take(gate: Gate, route: Route, request: Request, response: Response): Promise<Answer | undefined> {
  gate.cors.open(route, request, response);
  if (!gate.isReady()) throw unavailable();
  const caller = await identify(gate, request, response);
  gate.cors.check(route, request, caller);
  await gate.limiter.countCall(request, response, caller);
  authorize(route, caller);
  const read = await readCall(route, caller, request, remoteAddress(request));
  if (read === undefined) return undefined;
  const once = readIdempotencyKey(request, read);
  const work = () => route.handle(read.call);
  return once === undefined ? await work() : await onceOnly(gate.parts.db, once, work);
}

async function identify({ authenticate, limiter }: Gate, request: Request, response: Response): Promise<Caller> {
  try {
    return await authenticate(request.headers.authorization);
  } catch (error) {
    if (error instanceof ApiProblem) await limiter.countFailure(request, response);
    throw error;
  }
}

const nothingHere: RequestHandler = () => {
  throw new ApiProblem('not-found', 'The API has no such path. /docs lists what there is.');
};
