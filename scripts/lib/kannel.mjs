import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPackages } from './debian.mjs';

const run = promisify(execFile);

/**
 * The programs of Kannel, by their paths.
 * @typedef {object} Kannel
 * @property {string} bearerbox speaks with SMSCs
 * @property {string} smsbox speaks HTTP
 * @property {string} fakesmsc speaks to bearerbox as an SMSC of Kannel's own protocol `fake`
 * @property {string} driveSmpp an SMSC that Kannel is tested with: sends many SMS and answers every submit_sm
 */

/** @type {Record<keyof Kannel, string>} */
const PATHS = {
  bearerbox: 'usr/sbin/bearerbox',
  smsbox: 'usr/sbin/smsbox',
  fakesmsc: 'usr/lib/kannel/test/fakesmsc',
  driveSmpp: 'usr/lib/kannel/test/drive_smpp',
};

/**
 * Kannel as Debian has it, unpacked into `.cache/kannel`; see `findPackages`.
 * @param {(line: string) => void} [say] is told what takes long
 * @returns {Promise<Kannel>}
 * @throws Error that says why it could not be unpacked.
 */
export async function findKannel(say = () => {}) {
  const starters = Object.entries(PATHS).map(([program, path]) => ({ program, path }));
  const works = (/** @type {string} */ folder) =>
    run(join(folder, 'bearerbox'), ['--version']).then(
      () => true,
      () => false,
    );
  const folder = await findPackages({ name: 'kannel', packages: ['kannel', 'kannel-extras'], starters, works }, say);
  return {
    bearerbox: join(folder, 'bearerbox'),
    smsbox: join(folder, 'smsbox'),
    fakesmsc: join(folder, 'fakesmsc'),
    driveSmpp: join(folder, 'driveSmpp'),
  };
}
