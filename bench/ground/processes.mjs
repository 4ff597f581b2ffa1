// @ts-check
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../scripts/lib/prepare.mjs';
import { atRunEnd, endWithRun } from '../../test/support/run.ts';
import { usageOf } from '../measure/cpu.mjs';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/**
 * A process that we started and that we alone end.
 * @typedef {object} Started
 * @property {string} name
 * @property {number} pid
 * @property {() => Promise<void>} stop SIGTERM, after 25 s SIGKILL; resolves when it is gone
 */

/**
 * One of the benchmark's own scripts.
 * @typedef {Started & { info: any, call: (method: string, argument?: unknown) => Promise<any> }} Script
 */

const READY_WITHIN_MS = 40_000;

/**
 * @typedef {object} Start
 * @property {string} name told in the results
 * @property {string} folder takes what it writes
 * @property {readonly string[]} [args]
 * @property {Readonly<Record<string, string | undefined>>} [env] and nothing else but PATH and HOME
 */

/**
 * Starts a script that calls `answerParent`; resolves when it is ready.
 * @param {string} path from `bench/`
 * @param {Start} start
 * @returns {Promise<Script>}
 */
export async function startScript(path, { name, folder, args = [], env = {} }) {
  const log = join(folder, `${name}.log`);
  const output = openSync(log, 'a');
  const child = fork(join(ROOT, 'bench', path), args, {
    cwd: ROOT,
    env: environment(env),
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', output, output, 'ipc'],
  });
  const started = await watch(child, name);
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  const calls = new Map();
  let lastId = 0;
  const info = await new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`${name} ended:\n${tail(log)}`)));
    child.on('message', (/** @type {any} */ message) => {
      if ('ready' in message) return resolve(message.ready);
      const call = calls.get(message.id);
      calls.delete(message.id);
      if (message.error === undefined) call?.resolve(message.result);
      else call?.reject(new Error(`${name}: ${message.error}`));
    });
  });
  child.once('exit', () => {
    for (const { reject } of calls.values()) reject(new Error(`${name} ended:\n${tail(log)}`));
  });
  const call = (/** @type {string} */ method, /** @type {unknown} */ argument) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      calls.set(lastId, { resolve, reject });
      child.send({ id: lastId, method, argument });
    });
  return { ...started, info, call };
}

/**
 * Starts any program and waits until `isReady`.
 * @param {string} program
 * @param {Start & { isReady: () => Promise<boolean>, cwd?: string }} start
 * @returns {Promise<Started>}
 */
export async function startProgram(program, { name, folder, args = [], env = {}, isReady, cwd = ROOT }) {
  const log = join(folder, `${name}.log`);
  const output = openSync(log, 'a');
  const child = spawn(program, [...args], { cwd, env: environment(env), stdio: ['ignore', output, output] });
  const started = await watch(child, name);
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended:\n${tail(log)}`);
    if (Date.now() > deadline) throw new Error(`${name} was not ready in time:\n${tail(log)}`);
    await sleep(50);
  }
  return started;
}

const LOOK_EVERY_MS = 100;

/**
 * Runs a program to its end; answers the most memory that it was seen with.
 * @param {string} program
 * @param {Start} start
 * @returns {Promise<{ peakBytes: number }>}
 */
export async function runProgram(program, { name, folder, args = [], env = {} }) {
  const log = join(folder, `${name}.log`);
  const output = openSync(log, 'a');
  const child = spawn(program, [...args], { cwd: ROOT, env: environment(env), stdio: ['ignore', output, output] });
  const { pid } = await watch(child, name);
  let peakBytes = 0;
  const looking = setInterval(() => {
    peakBytes = Math.max(peakBytes, usageOf([{ name, pid }]).get(name)?.rssBytes ?? 0);
  }, LOOK_EVERY_MS);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  clearInterval(looking);
  if (child.exitCode !== 0) throw new Error(`${name} (${pid}) failed:\n${tail(log)}`);
  return { peakBytes };
}

/** @param {Readonly<Record<string, string | undefined>>} env */
function environment(env) {
  return { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', ...env };
}

/**
 * @param {ChildProcess} child
 * @param {string} name
 * @returns {Promise<Started>}
 */
async function watch(child, name) {
  await once(child, 'spawn');
  const pid = /** @type {number} */ (child.pid);
  const hasEnded = endWithRun(pid);
  child.once('exit', hasEnded);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    // Through the child's handle: a pid may be another's by now.
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), 25_000);
    await once(child, 'exit');
    clearTimeout(killing);
  };
  atRunEnd(stop);
  return { name, pid, stop };
}

function tail(/** @type {string} */ log) {
  return readFileSync(log, 'utf8').trim().split('\n').slice(-15).join('\n');
}
