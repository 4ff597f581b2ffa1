// @ts-check
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { ROOT } from '../../scripts/lib/prepare.mjs';
import { findRedisServer } from '../../scripts/lib/redis.mjs';

const run = promisify(execFile);

/** @typedef {{ machine: string, versions: string, commit: string, load: string, at: string }} Description */

/**
 * What stands at the head of the results.
 * @param {{ version: () => Promise<string> }} postgres
 * @returns {Promise<Description>}
 */
export async function describeMachine(postgres) {
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const redis = /v=(\S+)/.exec((await run(await findRedisServer(), ['--version'])).stdout)?.[1];
  const packages = ['express', 'bullmq', 'ioredis', 'pg', 'undici', 'twilio', 'smpp'].map(
    (name) => `${name} ${versionOf(name)}`,
  );
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${memory} GiB, Linux ${kernel()}`,
    versions: [
      `Node ${process.versions.node}`,
      `Postgres ${await postgres.version()}`,
      `Redis ${redis}`,
      ...packages,
    ].join(', '),
    commit: await commit(),
    load: loadavg()
      .map((value) => value.toFixed(2))
      .join(' '),
    at: new Date().toISOString().slice(0, 16).replace('T', ' '),
  };
}

function versionOf(/** @type {string} */ name) {
  return JSON.parse(readFileSync(`${ROOT}/node_modules/${name}/package.json`, 'utf8')).version;
}

function kernel() {
  return readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
}

async function commit() {
  const { stdout } = await run('git', ['describe', '--always', '--dirty'], { cwd: ROOT }).catch(() => ({ stdout: '' }));
  return stdout.trim() || 'unknown';
}
