import { isIP } from 'node:net';
import express, { type Express, type RequestHandler, type Router } from 'express';
import type { Logger } from '../log.ts';
import type { ChannelBoard } from './channel-board.ts';
import { lastErrorHandler, notFound } from './errors.ts';
import { onlyOurHost, onlyOurPages } from './guard.ts';
import { createHome } from './home.ts';
import { trustProxies } from './remote-address.ts';
import { strictHeaders } from './strict-headers.ts';

export interface PublicParts {
  readonly webhooks: Router;
  /** From `createApi`, with the pages about it. */
  readonly api?: Router;
  /** Proxies in front of us, as addresses and networks: what they say of a caller's address is believed. */
  readonly trustedProxies?: readonly string[];
  readonly log: Logger;
}

/** What machines of others reach: the webhooks for providers, the API for tills, web shops and back offices. */
export function createPublicApp(parts: PublicParts): Express {
  const app = plainExpress();
  if (parts.trustedProxies !== undefined) trustProxies(app, parts.trustedProxies);
  app.use(noSniff, parts.webhooks);
  if (parts.api !== undefined) app.use(parts.api);
  app.use(notFound, lastErrorHandler(parts.log));
  return app;
}

export interface ConsoleParts {
  /** Health and metrics, from `createOps`. */
  readonly ops: Router;
  /** From `createPhone`; absent where no channel may be spoken as. */
  readonly phone?: Router;
  /** What the home page shows of the channels; absent in a process that only works. */
  readonly channels?: ChannelBoard;
  /** The host that the console listens on; a name is accepted in the Host header. */
  readonly host: string;
  readonly log: Logger;
}

/**
 * What people, health checks and Prometheus reach. On loopback every request must name us by `localhost` or an IP
 * address; opened wider, health and metrics answer under any name, as orchestrators choose their own.
 */
export function createConsoleApp(parts: ConsoleParts): Express {
  const app = plainExpress();
  const ours = onlyOurHost([parts.host]);
  app.use(strictHeaders, noStore);
  if (isLoopback(parts.host)) app.use(ours);
  app.use(parts.ops, ours, onlyOurPages);
  if (parts.phone !== undefined) app.use('/phone', parts.phone);
  app.use(
    createHome({ hasPhone: parts.phone !== undefined, channels: parts.channels }),
    notFound,
    lastErrorHandler(parts.log),
  );
  return app;
}

function plainExpress(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.set('trust proxy', false);
  app.set('case sensitive routing', true);
  return app;
}

const noSniff: RequestHandler = (_request, response, next) => {
  response.setHeader('x-content-type-options', 'nosniff');
  next();
};

const noStore: RequestHandler = (_request, response, next) => {
  response.setHeader('cache-control', 'no-store');
  next();
};

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
