import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A wire to a server on this machine that can be made to swallow everything. */
export interface Proxy {
  readonly port: number;
  /** From now on, connections are accepted and every byte is lost, in both directions. */
  silence(): void;
  /** New connections work again; those that fell silent stay so. */
  heal(): void;
  close(): Promise<void>;
}

/** Both ends of a connection, as the proxy holds them; what it passes on can be seen, and cut, here. */
export type Tap = (client: Socket, target: Socket) => void;

/** Listens on a port of its own and passes everything on to `targetPort`; `tap` is shown each new connection. */
export async function startProxy(targetPort: number, tap: Tap = () => undefined): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let isSilent = false;
  const server = createServer((client) => {
    keep(client, sockets);
    if (isSilent) {
      client.resume();
      return;
    }
    const target = connect(targetPort, '127.0.0.1');
    keep(target, sockets);
    client.pipe(target).pipe(client);
    tap(client, target);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as { port: number }).port,
    silence: () => {
      isSilent = true;
      for (const socket of sockets) socket.unpipe().resume();
    },
    heal: () => {
      isSilent = false;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function keep(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
}
