import type { Server as HttpServer } from 'node:http';
import { type AddressInfo, type ListenOptions, Server } from 'node:net';

/** Where to listen; `port` 0 is any that is free. */
export interface Address {
  readonly port: number;
  readonly host?: string | undefined;
}

/** http.Server's own. */
const LIKE_HTTP = { allowHalfOpen: true, noDelay: true } as const;

/**
 * Lets a server listen with so many sockets on one port, and answers them all, the server first. Rejects when somebody
 * else has the port.
 *
 * Node accepts one connection of each listening socket in a turn of its event loop. In an overload a turn takes a tenth
 * of a second, and two thousand new connections waited for up to 15 s; most gave up. Linux spreads connections evenly over
 * sockets that share a port (`reusePort`, Node 22.12). Elsewhere there is one socket.
 */
export async function openDoors(server: HttpServer, at: Address, count: number): Promise<readonly Server[]> {
  if (count === 1 || !(await canShare())) {
    await begin(server, at);
    return [server];
  }
  // Only those who all say so share a port; without this a second service would quietly take half of the first one's calls.
  if (at.port !== 0) await end(await begin(new Server(), at));
  await begin(server, { ...at, reusePort: true });
  const { port, address: host } = server.address() as AddressInfo;
  const others = Array.from({ length: count - 1 }, () => {
    const door = new Server(LIKE_HTTP, (socket) => server.emit('connection', socket));
    return begin(door, { port, host, reusePort: true });
  });
  return [server, ...(await Promise.all(others))];
}

/** Whether two sockets of this machine and this Node may listen on one port. */
async function canShare(): Promise<boolean> {
  const [one, other] = [new Server(), new Server()];
  try {
    const host = '127.0.0.1';
    await begin(one, { port: 0, host, reusePort: true });
    await begin(other, { port: (one.address() as AddressInfo).port, host, reusePort: true });
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all([one, other].filter(({ listening }) => listening).map(end));
  }
}

/** `reusePort` is younger than the oldest Node that we run on, and than its types. */
interface Terms extends ListenOptions {
  readonly reusePort?: boolean;
}

function begin<S extends Server>(server: S, terms: Terms): Promise<S> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(terms, () => {
      server.removeListener('error', reject);
      resolve(server);
    });
  });
}

/** Listens no more; resolves when the connections that came in here have ended. */
export function end(server: Server): Promise<void> {
  // http's own close() ends idle connections first, and leaves those that never sent a request for ever.
  return new Promise((resolve) => Server.prototype.close.call(server, () => resolve()));
}
