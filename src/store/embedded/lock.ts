import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A data directory that is ours until `release`, or until this process dies, however it dies. */
export interface DataDirLock {
  readonly release: () => Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly address?: string;
}

/** How the wish for a lock is told. */
export interface LockWish {
  /** What a second start is told to look at. */
  readonly address?: string;
  /** How long to wait for an owner that may be about to end. Default: 3,000. */
  readonly patienceMs?: number;
}

/**
 * Makes this process the only one of Cardwake's on a data directory.
 *
 * The lock is a name that is listened on in Linux' abstract socket namespace: the kernel gives it to one process and
 * takes it back when that process dies, so no lock can be stale and none has to be taken over. The file beside the data
 * only tells others who the owner is.
 * @throws Error that says who runs there, or that the directory cannot be written to.
 */
export async function lockDataDir(
  dataDir: string,
  { address, patienceMs = 3_000 }: LockWish = {},
): Promise<DataDirLock> {
  const deadline = Date.now() + patienceMs;
  const path = join(dataDir, 'cardwake.lock');
  await mkdir(dataDir, { recursive: true }).catch((error: unknown) => refuseToWrite(dataDir, error));
  const name = `\0cardwake-${createHash('sha256')
    .update(await realpath(dataDir))
    .digest('hex')}`;
  let server = await listenOn(name);
  while (server === undefined) {
    if (Date.now() >= deadline) throw new Error(await describeOwner(path));
    await sleep(50);
    server = await listenOn(name);
  }
  const held = server;
  const own: Owner = { pid: process.pid, ...(address !== undefined && { address }) };
  try {
    await writeFile(path, JSON.stringify(own)).catch((error: unknown) => refuseToWrite(dataDir, error));
  } catch (error) {
    held.close();
    throw error;
  }
  return {
    release: async () => {
      await rm(path, { force: true });
      await new Promise((resolve) => held.close(resolve));
    },
  };
}

/** Undefined when another listens there. The socket does not keep the process alive. */
async function listenOn(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).unref();
  try {
    server.listen(name);
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

async function describeOwner(path: string): Promise<string> {
  const owner = await readFile(path, 'utf8')
    .then((text) => JSON.parse(text) as Partial<Owner>)
    .catch((): Partial<Owner> => ({}));
  const who = owner.pid === undefined ? '' : ` as pid ${owner.pid}`;
  const where = owner.address === undefined ? '' : `; its console is ${owner.address}`;
  return `Cardwake already runs here${who}${where}.`;
}

function refuseToWrite(dataDir: string, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  throw new Error(`DATA_DIR cannot be written to: ${dataDir} (${code})`, { cause: error });
}
