import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { messagesFor } from './express-messages.ts';

/**
 * A caller who sends slowly is cut off within ten seconds. An idle connection outlives the minute that load balancers
 * keep theirs, so that it is never we who close it under a request.
 */
const TIMEOUTS = {
  headersTimeout: 8000,
  requestTimeout: 9000,
  connectionsCheckingInterval: 500,
  keepAliveTimeout: 65_000,
} as const;

const MAX_CONNECTIONS = 5000;

/** A listening server. */
export interface Listening {
  /** The port in use, also when 0 was asked for. */
  readonly port: number;
  readonly server: Server;
  /** Takes no new connection, lets requests in flight end for at most `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

/** Serves `app`; resolves when connections are accepted, rejects when the port is taken. */
export async function listen(app: RequestListener, port: number, host?: string): Promise<Listening> {
  const requests = countRequests(app);
  const server = createServer({ ...TIMEOUTS, ...messagesFor(app) }, requests.listener);
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: (graceMs) => closeGracefully(server, requests, graceMs),
  };
}

interface Requests {
  readonly listener: RequestListener;
  /** From now on every answer asks its caller to leave; `whenIdle` is called each time that none is in flight. */
  leave(whenIdle: () => void): void;
}

function countRequests(app: RequestListener): Requests {
  const inFlight = new Set<ServerResponse>();
  let onIdle: (() => void) | undefined;
  return {
    listener: (request, response) => {
      inFlight.add(response);
      if (onIdle !== undefined) response.setHeader('connection', 'close');
      response.once('close', () => {
        inFlight.delete(response);
        if (inFlight.size === 0) onIdle?.();
      });
      app(request, response);
    },
    leave: (whenIdle) => {
      onIdle = whenIdle;
      for (const response of inFlight) if (!response.headersSent) response.setHeader('connection', 'close');
      if (inFlight.size === 0) whenIdle();
    },
  };
}

async function closeGracefully(server: Server, requests: Requests, graceMs: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise<void>((resolve) => {
    // http's own close() ends idle connections first, and leaves those that never sent a request for ever.
    NetServer.prototype.close.call(server, () => resolve());
    requests.leave(() => server.closeAllConnections());
  });
  clearTimeout(cut);
}
