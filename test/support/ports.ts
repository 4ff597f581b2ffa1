import { createServer } from 'node:net';

const given = new Set<number>();

/** A TCP port on 127.0.0.1 on which nobody listened a moment ago; in one process never the same twice. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  if (given.has(port)) return freePort();
  given.add(port);
  return port;
}
