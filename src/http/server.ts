import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { Slots } from '../flow/slots.ts';
import { type Address, end, openDoors } from './doors.ts';
import { messagesFor } from './express-messages.ts';
import { onceATurn } from './once-a-turn.ts';

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

/** Of all doors together. */
const MAX_CONNECTIONS = 5000;

/** A listening server. */
export interface Listening {
  /** The port in use, also when 0 was asked for. */
  readonly port: number;
  readonly server: Server;
  /** Takes no new connection, lets requests in flight end for at most `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

/** How to listen. */
export interface Terms {
  readonly doors?: number;
  readonly maxConnections?: number;
  readonly onConnection?: (open: number) => void;
  readonly isAnswered?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/**
 * Serves `app`; resolves when connections are accepted, rejects when the port is taken. `doors`: sockets to listen with, for
 * a port where thousands may come at once; see `openDoors`. Of more than `maxConnections` at a time the newest are cut.
 * `onConnection` is told of each, and how many are open with it. What `isAnswered` has answered does not come to `app`.
 */
export async function listen(
  app: RequestListener,
  at: Address,
  { doors = 1, maxConnections = MAX_CONNECTIONS, onConnection, isAnswered = () => false }: Terms = {},
): Promise<Listening> {
  const requests = countRequests((request, response) => {
    if (!isAnswered(request, response)) app(request, response);
  });
  const server = createServer({ ...TIMEOUTS, ...messagesFor(app) }, requests.listener);
  boundConnections(server, maxConnections, onConnection);
  const open = await openDoors(server, at, doors);
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: (graceMs) => closeGracefully(server, open, requests, graceMs),
  };
}

/** Node's own bound is one of each door. */
function boundConnections(server: Server, max: number, onConnection: Terms['onConnection']): void {
  let open = 0;
  server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
    onConnection?.(open);
    if (open > max) socket.destroy();
  });
}

interface Requests {
  readonly listener: RequestListener;
  /** From now on every answer asks its caller to leave; `whenIdle` is called each time that none is in flight. */
  leave(whenIdle: () => void): void;
}

function countRequests(app: RequestListener): Requests {
  const inFlight = new Slots<ServerResponse>();
  let onIdle: (() => void) | undefined;
  const hear = onceATurn();
  return {
    listener: (request, response) => {
      hear(request, response);
      const place = inFlight.enter(response);
      if (onIdle !== undefined) response.setHeader('connection', 'close');
      response.once('close', () => {
        inFlight.leave(place);
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
