import { isIP } from 'node:net';
import express, { type Express, type RequestHandler, type Router } from 'express';
import helmet from 'helmet';
import type { Logger } from '../log.ts';
import { lastErrorHandler, notFound } from './errors.ts';
import { onlyOurHost, onlyOurPages } from './guard.ts';
import { createHome } from './home.ts';

/** What providers reach: the webhooks and nothing else. */
export function createProviderApp(parts: { readonly webhooks: Router; readonly log: Logger }): Express {
  const app = plainExpress();
  app.use(noSniff, parts.webhooks, notFound, lastErrorHandler(parts.log));
  return app;
}

export interface ConsoleParts {
  /** Health and metrics, from `createOps`. */
  readonly ops: Router;
  /** From `createPhone`; absent where no simulator channel is configured. */
  readonly phone?: Router;
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
  app.use(createHome({ hasPhone: parts.phone !== undefined }), notFound, lastErrorHandler(parts.log));
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

/** Nothing but our own files, no inline script or style, no framing. TLS, where there is any, belongs to the proxy. */
const strictHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
  referrerPolicy: { policy: 'no-referrer' },
});

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
