import type { Request, Response } from 'express';
import { ipKeyGenerator, type RateLimitRequestHandler, rateLimit } from 'express-rate-limit';
import { ApiProblem } from './problems.ts';
import type { Caller } from './route.ts';

/** Calls in a minute. Each process counts for itself, in memory: with N of them a caller may make up to N times as many. */
export interface RateLimits {
  /** GETs of one API key. */
  readonly reads: number;
  /** Everything else of one API key. */
  readonly writes: number;
  /** Calls of one address without a valid key. */
  readonly failures: number;
}

/** A chain's whole traffic may come by one key: 300 looks at a card and 20 changes in a second. */
export const RATE_LIMITS: RateLimits = { reads: 18_000, writes: 1_200, failures: 20 };

/** Counts calls; each function throws the problem `rate-limited` for one too many and sets the `RateLimit` headers. */
export interface RateLimiter {
  countCall(request: Request, response: Response, caller: Caller): Promise<void>;
  /**
   * Of calls that failed to say who they are. A valid key is never held up by them: other tills stand behind the same
   * address as the one whose key has ended.
   */
  countFailure(request: Request, response: Response): Promise<void>;
}

const WINDOW_MS = 60_000;

/** Counters of this process's own. */
export function createRateLimiter(limits: RateLimits): RateLimiter {
  const callers = new WeakMap<Request, Caller>();
  const byKey = (request: Request) => callers.get(request)?.prefix ?? '';
  const reads = limiter('reads', limits.reads, byKey);
  const writes = limiter('writes', limits.writes, byKey);
  const failures = limiter('failures', limits.failures, (request) => ipKeyGenerator(request.ip ?? ''));
  return {
    countCall: (request, response, caller) => {
      callers.set(request, caller);
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      return pass(isRead ? reads : writes, request, response);
    },
    countFailure: (request, response) => pass(failures, request, response),
  };
}

function limiter(
  identifier: string,
  limit: number,
  keyGenerator: (request: Request) => string,
): RateLimitRequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit,
    identifier,
    keyGenerator,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // It sets Retry-After before it calls this.
    handler: (_request, _response, next) => {
      next(new ApiProblem('rate-limited', 'Wait as long as Retry-After says.'));
    },
    // Their advice is about settings that are made elsewhere, and goes to the console.
    validate: false,
  });
}

function pass(limit: RateLimitRequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void limit(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
  });
}
