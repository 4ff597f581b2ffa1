import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL('../../.cache/redis', import.meta.url));

/**
 * The path of a `redis-server` that runs here: the one on PATH, else one unpacked from Debian's or Ubuntu's packages into
 * `.cache/redis`, which needs no root and changes nothing outside the checkout.
 * @param {(line: string) => void} [say] is told what takes long
 * @returns {Promise<string>}
 * @throws Error that says what to install.
 */
export async function findRedisServer(say = () => {}) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const candidate of [...folders.map((folder) => join(folder, 'redis-server')), join(CACHE, 'redis-server')]) {
    if (await runs(resolve(candidate))) return resolve(candidate);
  }
  say('No redis-server on PATH: unpacking the one of the package redis-tools into .cache/redis …');
  try {
    await unpackFromPackages();
  } catch (error) {
    throw new Error(
      'The tests need a real Redis: put redis-server on PATH (Debian: apt-get install redis-server) or set REDIS_URL.\n' +
        `Unpacking it from the package redis-tools failed: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  return join(CACHE, 'redis-server');
}

/** @param {string} program */
async function runs(program) {
  return run(program, ['--version']).then(
    () => true,
    () => false,
  );
}

async function unpackFromPackages() {
  const draft = `${CACHE}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    await downloadInto(draft);
    await makeServer(draft);
    if (!(await runs(join(draft, 'redis-server')))) throw new Error('the unpacked server does not run');
    await rm(CACHE, { recursive: true, force: true });
    // Fails when another run has just put its own there.
    await rename(draft, CACHE).catch(() => {});
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** With the system's package lists if they are there and fresh, else with lists of our own. */
async function downloadInto(/** @type {string} */ folder) {
  try {
    await downloadPackages(folder, []);
  } catch {
    const lists = join(folder, 'apt');
    await mkdir(join(lists, 'lists', 'partial'), { recursive: true });
    await mkdir(join(lists, 'cache', 'archives', 'partial'), { recursive: true });
    const options = [`Dir::State::lists=${lists}/lists`, `Dir::Cache=${lists}/cache`, 'APT::Sandbox::User='];
    const flags = options.flatMap((option) => ['-o', option]);
    await run('apt-get', [...flags, 'update']);
    await downloadPackages(folder, flags);
    await rm(lists, { recursive: true, force: true });
  }
}

async function downloadPackages(/** @type {string} */ folder, /** @type {string[]} */ flags) {
  const wanted = ['redis-tools'];
  // The list grows while we walk it: the libraries that are not installed, then theirs.
  for (const name of wanted) {
    await run('apt-get', [...flags, 'download', name], { cwd: folder });
    const { stdout } = await run('apt-cache', [...flags, 'depends', name]);
    for (const [, library] of stdout.matchAll(/^\s*\|?(?:Pre)?Depends: (lib\S+)/gm)) {
      if (library && !wanted.includes(library) && !(await isInstalled(library))) wanted.push(library);
    }
  }
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.deb')) continue;
    await run('dpkg', ['-x', file, '.'], { cwd: folder });
    await rm(join(folder, file));
  }
}

async function isInstalled(/** @type {string} */ name) {
  return run('dpkg', ['--status', name]).then(
    ({ stdout }) => stdout.includes('\nStatus: install ok installed\n'),
    () => false,
  );
}

async function makeServer(/** @type {string} */ folder) {
  // Debian ships the server as redis-check-rdb: one program that does what its name says.
  await symlink('redis-check-rdb', join(folder, 'usr', 'bin', 'redis-server'));
  const script = `#!/bin/sh
here=\${0%/*}
for folder in "$here"/usr/lib/*-linux-* "$here"/lib/*-linux-*; do
  LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec "$here/usr/bin/redis-server" "$@"
`;
  await writeFile(join(folder, 'redis-server'), script);
  await chmod(join(folder, 'redis-server'), 0o755);
}
