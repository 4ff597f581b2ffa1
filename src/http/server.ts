import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { type Address, end, openDoors } from './doors.ts';
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

/**
 * Serves `app`; resolves when connections are accepted, rejects when the port is taken. `doors`: sockets to listen with, for
 * a port where thousands may come at once; see `openDoors`.
 */
export async function listen(app: RequestListener, at: Address, { doors = 1 } = {}): Promise<Listening> {
  const requests = countRequests(app);
  const server = createServer({ ...TIMEOUTS, ...messagesFor(app) }, requests.listener);
  const open = await openDoors(server, at, doors);
  // Callers spread evenly over the doors.
  for (const door of open) door.maxConnections = Math.ceil(MAX_CONNECTIONS / open.length);
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: (graceMs) => closeGracefully(server, open, requests, graceMs),
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

async function closeGracefully(
  server: Server,
  doors: readonly NetServer[],
  requests: Requests,
  graceMs: number,
): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  const ended = Promise.all(doors.map(end));
  requests.leave(() => server.closeAllConnections());
  await ended;
  clearTimeout(cut);
}
