import { isIP } from 'node:net';
import type { Request, Response } from 'express';
import { ipKeyGenerator, type RateLimitRequestHandler, rateLimit } from 'express-rate-limit';
import { remoteAddress } from '../remote-address.ts';
import { ApiProblem } from './problems.ts';
import type { Caller } from './route.ts';

/**
 * Calls in a minute. Each process counts for itself, in memory: with N of them a caller may make up to N times as many.
 * What is absent is the caller's programme's own limit.
 */
export interface RateLimits {
  /** GETs of one API key. */
  readonly reads?: number;
  /** Everything else of one API key. */
  readonly writes?: number;
  /** Changes of one address with the key of a web page: all its visitors have that key, and none may hold up the others. */
  readonly visitors?: number;
  /** Calls of one address without a valid key. */
  readonly failures?: number;
}

const FAILURES = 20;

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
export function createRateLimiter(limits: RateLimits = {}): RateLimiter {
  const callers = new WeakMap<Request, Caller>();
  const programOf = (request: Request) => callers.get(request)?.program.limits;
  const byKey = (request: Request) => callers.get(request)?.prefix ?? '';
  const byAddress = (request: Request) => addressKey(remoteAddress(request));
  const reads = limiter('reads', (request) => limits.reads ?? programOf(request)?.readsPerMinute ?? 0, byKey);
  const writes = limiter('writes', (request) => limits.writes ?? programOf(request)?.changesPerMinute ?? 0, byKey);
  const visitors = limiter(
    'visitors',
    (request) => limits.visitors ?? programOf(request)?.changesPerVisitor ?? 0,
    (request) => `${byKey(request)} ${byAddress(request)}`,
  );
  const failures = limiter('failures', () => limits.failures ?? FAILURES, byAddress);
  return {
    async countCall(request, response, caller) {
      callers.set(request, caller);
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (!isRead && isOfWebPage(caller)) await pass(visitors, request, response);
      await pass(isRead ? reads : writes, request, response);
    },
    countFailure: (request, response) => pass(failures, request, response),
  };
}

/**
 * Whether it is a key as a web page has it, which everybody can read. What it calls and whether an `Origin` comes with it
 * is of no account: a program leaves that away, and would use up the limit of the key that all visitors share.
 */
function isOfWebPage({ scopes, shop }: Caller): boolean {
  return shop === undefined && scopes.size === 1 && scopes.has('activations:enrol');
}

/** What is no address counts as one: however a proxy spells its callers, nobody is without a limit. */
function addressKey(address: string): string {
  return isIP(address) === 0 ? '' : ipKeyGenerator(address);
}

function limiter(
  identifier: string,
  limit: (request: Request) => number,
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
