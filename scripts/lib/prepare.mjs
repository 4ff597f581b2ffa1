import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the compiler reads: a change in any of these makes `dist` old. */
const SOURCES = ['src', 'workers', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

/** Tells how far a command has come, on stderr: stdout belongs to the program. */
export function say(/** @type {string} */ line) {
  process.stderr.write(`${line}\n`);
}

/** Ends this process with one sentence and code 1. */
export function fail(/** @type {string} */ sentence) {
  say(sentence);
  process.exit(1);
}

/** Ends this process unless Node is one that `package.json` accepts. */
export function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [major = 0, minor = 0] = engines.node.replace('>=', '').split('.').map(Number);
  const [ourMajor = 0, ourMinor = 0] = process.versions.node.split('.').map(Number);
  if (ourMajor > major || (ourMajor === major && ourMinor >= minor)) return;
  fail(`Cardwake needs Node ${major}.${minor} or newer; this is ${process.versions.node}. See https://nodejs.org.`);
}

/**
 * Installs the versions that `package-lock.json` names, unless they are there already, however they were installed.
 * `npm ci` would insist that the lock names the binaries of all platforms; some registries do not have them all.
 */
export async function ensureInstalled() {
  if (isInstalled()) return;
  say('Installing dependencies (half a minute, this once) …');
  // Under NODE_ENV=production npm would leave the compiler out.
  const args = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const code = npm ? await run(process.execPath, [npm, ...args], 2) : await run('npm', args, 2);
  if (code !== 0) fail('Installing failed: see above. Is the npm registry reachable?');
}

/** Compiles to `dist` unless that was made from exactly these sources. */
export async function ensureBuilt() {
  const stamp = join(ROOT, 'dist', '.sources');
  const sources = hashOfSources();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
  say('Building …');
  const draft = join(ROOT, 'dist.new');
  rmSync(draft, { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const code = await run(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', draft], 2);
  if (code === 0) {
    writeFileSync(join(draft, '.sources'), sources);
    rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
    renameSync(draft, join(ROOT, 'dist'));
  } else {
    rmSync(draft, { recursive: true, force: true });
    fail('Building failed: see above.');
  }
}

/**
 * Runs a program in the checkout, in our terminal, and resolves to its exit code; a death by signal counts as failure.
 * A signal that would end us is passed on, and ends us when the program has ended of it.
 * @param {string} program
 * @param {string[]} args
 * @param {number} [output] where what it says goes; 2, stderr, keeps stdout for the program that follows
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number>}
 */
export function run(program, args, output = 1, env = process.env) {
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['inherit', output, 2] });
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const forward = (/** @type {NodeJS.Signals} */ signal) => void child.kill(signal);
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve) => {
    const finish = (/** @type {number | null} */ code) => {
      for (const signal of signals) process.off(signal, forward);
      resolve(code ?? 1);
    };
    child.once('error', () => finish(1));
    child.once('exit', finish);
  });
}

function isInstalled() {
  const wanted = packagesIn(join(ROOT, 'package-lock.json'));
  // npm writes this file last: an install that was interrupted leaves none.
  const present = packagesIn(join(ROOT, 'node_modules', '.package-lock.json'));
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    const found = present[path];
    return path === '' || (found ? found.version === version : optional === true || devOptional === true);
  });
}

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, optional?: boolean, devOptional?: boolean }>}
 */
function packagesIn(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};
}

function hashOfSources() {
  const hash = createHash('sha256');
  for (const path of SOURCES.flatMap(filesIn).toSorted()) {
    hash.update(`${path}\0`).update(readFileSync(join(ROOT, path)));
  }
  return hash.digest('hex');
}

/** The paths of a folder's files, or of the one file, from the checkout's folder. */
function filesIn(/** @type {string} */ path) {
  if (statSync(join(ROOT, path)).isFile()) return [path];
  const entries = readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}
