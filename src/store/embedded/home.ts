import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, realpath, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** As whom Postgres runs, ready to be spread into `spawn`'s options. Empty: as ourselves. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

/** Where an embedded Postgres keeps its data, and as whom it runs. */
export interface Home {
  /** The real path of the data directory; it need not exist yet, its parent does. */
  readonly directory: string;
  readonly runAs: RunAs;
  /** A folder for a copy of the binaries, should `runAs` not reach the installed ones. */
  readonly binariesCache: string;
}

/**
 * `<dataDir>/postgres`. Postgres refuses to run as root, so under root it runs as the owner of existing data, else as
 * `nobody`; where that user cannot reach `dataDir` (a checkout in a folder of mode 700), `<dataDir>/postgres` is a
 * symbolic link to `/var/lib/cardwake/<hash of dataDir>/postgres`.
 * @throws Error with advice, when the data belongs to a user whom we cannot act as, or who cannot reach it.
 */
export async function findHome(dataDir: string): Promise<Home> {
  const path = join(resolve(dataDir), 'postgres');
  await mkdir(dirname(path), { recursive: true });
  const isRoot = process.getuid?.() === 0;
  const binariesCache = isRoot ? '/var/cache/cardwake' : dirname(path);
  const existing = await realpath(path).catch(() => undefined);
  if (existing !== undefined) return { directory: existing, runAs: await actAsOwner(existing, isRoot), binariesCache };
  if (!isRoot) return { directory: path, runAs: {}, binariesCache };

  const runAs = await findNobody();
  if (await canReach(runAs, dirname(path))) return { directory: await realParent(path), runAs, binariesCache };
  return { directory: await linkElsewhere(path), runAs, binariesCache };
}

async function actAsOwner(directory: string, isRoot: boolean): Promise<RunAs> {
  const { uid, gid } = await stat(directory);
  if (!isRoot) {
    if (uid === process.getuid?.()) return {};
    throw new Error(
      `${directory} belongs to the user with id ${uid}: start as that user or as root, or set DATA_DIR to another folder.`,
    );
  }
  if (uid === 0) throw new Error(`${directory} belongs to root, and Postgres refuses root: give it to another user.`);
  if (await canReach({ uid, gid }, directory)) return { uid, gid };
  throw new Error(
    `${directory} cannot be reached any more by its owner, the user with id ${uid}, as whom Postgres runs: ` +
      'let others pass through the folders above it (chmod o+x).',
  );
}

async function findNobody(): Promise<RunAs> {
  const accounts = await readFile('/etc/passwd', 'utf8');
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(accounts) ?? [];
  if (uid === undefined) {
    throw new Error('Postgres refuses root and there is no user `nobody` here: start as an ordinary user.');
  }
  return { uid: Number(uid), gid: Number(gid) };
}

/** Asked of the system itself, because modes, owners and access lists of every folder above count. */
async function canReach(runAs: RunAs, directory: string): Promise<boolean> {
  return promisify(execFile)('test', ['-x', directory], { ...runAs, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

async function realParent(path: string): Promise<string> {
  return join(await realpath(dirname(path)), 'postgres');
}

async function linkElsewhere(path: string): Promise<string> {
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 16);
  const base = '/var/lib/cardwake';
  const directory = join(base, hash, 'postgres');
  await mkdir(dirname(directory), { recursive: true });
  for (const folder of [base, dirname(directory)]) await chmod(folder, 0o755);
  // A link is left over when its target was removed by hand.
  await rm(path, { force: true });
  await symlink(directory, path);
  return directory;
}
