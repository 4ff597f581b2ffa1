import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));

/**
 * A program in a package of Debian or Ubuntu.
 * @typedef {object} Starter
 * @property {string} program its name on PATH
 * @property {string} path where the package has it, such as `usr/bin/x`
 * @property {string} [sameAs] the name beside it under which the package has it, when it does what it is called by
 */

/**
 * A program that comes from a package.
 * @typedef {Starter & { packageName: string, alsoNeeded?: readonly string[] }} Packaged `alsoNeeded`: packages besides
 * libraries that it does not run without
 */

/**
 * Packages that are unpacked into a folder of their own.
 * @typedef {object} Unpacked
 * @property {string} name the folder's, in `.cache`
 * @property {readonly string[]} packages they come with the libraries that they need and that are not installed
 * @property {readonly Starter[]} starters programs that are started by a script of their name in the folder
 * @property {(folder: string) => Promise<boolean>} works whether what is in the folder does what it is wanted for
 */

/**
 * The path of a program that runs here: the one on PATH, else one unpacked with its libraries into `.cache/<program>`,
 * which needs no root and changes nothing outside the checkout.
 * @param {Packaged} wanted
 * @param {(line: string) => void} say is told what takes long
 * @returns {Promise<string>}
 * @throws Error that says why it could not be unpacked.
 */
export async function findProgram(wanted, say) {
  const { program, packageName, alsoNeeded = [] } = wanted;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const candidate = resolve(folder, program);
    if (await runs(candidate)) return candidate;
  }
  const works = (/** @type {string} */ folder) => runs(join(folder, program));
  const packages = [packageName, ...alsoNeeded];
  return join(await findPackages({ name: program, packages, starters: [wanted], works }, say), program);
}

/**
 * The folder `.cache/<name>` with the files of packages; unpacked now if they are not there or do not work.
 * @param {Unpacked} wanted
 * @param {(line: string) => void} say is told what takes long
 * @returns {Promise<string>}
 * @throws Error that says why they could not be unpacked.
 */
export async function findPackages(wanted, say) {
  const { name, packages, works } = wanted;
  const cache = join(CACHE, name);
  if (await works(cache)) return cache;
  say(`Unpacking ${packages.join(' and ')} into .cache/${name} …`);
  await unpack(wanted, cache);
  return cache;
}

/** @param {string} program */
async function runs(program) {
  return run(program, ['--version']).then(
    () => true,
    () => false,
  );
}

/**
 * @param {Unpacked} wanted
 * @param {string} cache
 */
async function unpack({ packages, starters, works }, cache) {
  const draft = `${cache}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    await downloadInto(draft, packages);
    for (const starter of starters) await writeStarter(draft, starter);
    if (!(await works(draft))) throw new Error('what was unpacked does not run');
    await rm(cache, { recursive: true, force: true });
    // Fails when another run has just put its own there.
    await rename(draft, cache).catch(() => {});
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * With the system's package lists if they are there and fresh, else with lists of our own.
 * @param {string} folder
 * @param {readonly string[]} names
 */
async function downloadInto(folder, names) {
  try {
    await downloadPackages(folder, names, []);
  } catch {
    const lists = join(folder, 'apt');
    await mkdir(join(lists, 'lists', 'partial'), { recursive: true });
    await mkdir(join(lists, 'cache', 'archives', 'partial'), { recursive: true });
    const options = [`Dir::State::lists=${lists}/lists`, `Dir::Cache=${lists}/cache`, 'APT::Sandbox::User='];
    const flags = options.flatMap((option) => ['-o', option]);
    await run('apt-get', [...flags, 'update']);
    await downloadPackages(folder, names, flags);
    await rm(lists, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @param {readonly string[]} names
 * @param {string[]} flags
 */
async function downloadPackages(folder, names, flags) {
  const wanted = [...names];
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

/**
 * @param {string} folder
 * @param {Starter} starter
 */
async function writeStarter(folder, { program, path, sameAs }) {
  if (sameAs !== undefined) await symlink(sameAs, join(folder, path));
  const script = `#!/bin/sh
here=\${0%/*}
for folder in "$here"/usr/lib/*-linux-* "$here"/usr/lib/*-linux-*/* "$here"/lib/*-linux-*; do
  LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH
exec "$here/${path}" "$@"
`;
  await writeFile(join(folder, program), script);
  await chmod(join(folder, program), 0o755);
}
