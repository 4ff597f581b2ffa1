import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPackages } from './debian.mjs';

const run = promisify(execFile);

/**
 * The folder for PERL5LIB that has the module Net::SMPP, unpacked from Debian's package into `.cache/net-smpp`; see
 * `findPackages`. Perl itself has to be there.
 * @param {(line: string) => void} [say] is told what takes long
 * @returns {Promise<string>}
 * @throws Error that says why it could not be unpacked.
 */
export async function findNetSmpp(say = () => {}) {
  const modules = (/** @type {string} */ folder) => join(folder, 'usr', 'share', 'perl5');
  const works = (/** @type {string} */ folder) =>
    run('perl', ['-I', modules(folder), '-MNet::SMPP', '-MJSON::PP', '-e', '1']).then(
      () => true,
      () => false,
    );
  const wanted = { name: 'net-smpp', packages: ['libnet-smpp-perl'], starters: [], works };
  return modules(await findPackages(wanted, say));
}
