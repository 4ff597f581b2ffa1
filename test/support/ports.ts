import { createServer } from 'node:net';

/**
 * Below 32768 Linux takes no port for an outgoing connection, so that none is taken in between; browsers refuse 10080.
 * Each process begins elsewhere: runs side by side do not meet.
 */
const [FIRST, LAST] = [11_000, 32_000] as const;
let next = FIRST + Math.floor(Math.random() * (LAST - FIRST));

/** A TCP port on 127.0.0.1 on which nobody listened a moment ago; in one process hardly ever the same twice. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = next;
    next = port === LAST ? FIRST : port + 1;
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
