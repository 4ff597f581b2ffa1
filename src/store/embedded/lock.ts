import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectProcess } from './process.ts';

/** A data directory that is ours until `release`, or until this process dies, however it dies. */
export interface DataDirLock {
  readonly release: () => Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly startedAt: string;
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
 * Makes this process the only one of Cardwake's on a data directory; a lock whose owner is dead, or whose pid now is
 * another program's, is taken over.
 * @throws Error that says who runs there.
 */
export async function lockDataDir(
  dataDir: string,
  { address, patienceMs = 3_000 }: LockWish = {},
): Promise<DataDirLock> {
  const deadline = Date.now() + patienceMs;
  const path = join(dataDir, 'cardwake.lock');
  const own: Owner = { pid: process.pid, startedAt: (await inspectProcess(process.pid))?.startedAt ?? '', address };
  const draft = `${path}.${randomUUID()}`;
  await mkdir(dataDir, { recursive: true })
    .then(() => writeFile(draft, JSON.stringify(own)))
    .catch((error: NodeJS.ErrnoException) => {
      throw new Error(`DATA_DIR cannot be written to: ${dataDir} (${error.code})`, { cause: error });
    });
  try {
    while (!(await isLinked(draft, path))) await removeStale(path, deadline);
  } finally {
    await rm(draft, { force: true });
  }
  return { release: () => rm(path, { force: true }) };
}

/** A hard link, unlike a rename, never replaces the lock of somebody who was faster. */
async function isLinked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(path: string, deadline: number): Promise<void> {
  const seen = await readOwner(path);
  if (seen !== undefined && (await isLiving(seen))) return refuseUnlessEnding(seen, deadline);
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch(() => undefined);
  // Between our look and our rename another start may have taken the stale lock over: then what we hold is its lock.
  const taken = await readOwner(aside);
  if (taken !== undefined && (taken.pid !== seen?.pid || taken.startedAt !== seen.startedAt)) await link(aside, path);
  await rm(aside, { force: true });
}

async function isLiving(owner: Owner): Promise<boolean> {
  const living = await inspectProcess(owner.pid);
  return living !== undefined && living.startedAt === owner.startedAt;
}

async function refuseUnlessEnding(owner: Owner, deadline: number): Promise<void> {
  if (Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return;
  }
  const where = owner.address === undefined ? '' : `; its console is ${owner.address}`;
  throw new Error(`Cardwake already runs here as pid ${owner.pid}${where}.`);
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>;
    return typeof owner.pid === 'number' ? ({ startedAt: '', ...owner } as Owner) : undefined;
  } catch {
    return undefined;
  }
}
