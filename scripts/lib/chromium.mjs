import { findProgram } from './debian.mjs';

/**
 * The path of a Chromium that runs here: `CHROMIUM`, else one on PATH, else a headless one that is unpacked from packages.
 * @param {(line: string) => void} [say] is told what takes long
 * @returns {Promise<string>}
 * @throws Error that says what to install.
 */
export async function findChromium(say = () => {}) {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const packageName = 'chromium-headless-shell';
  const path = 'usr/lib/chromium/chromium-headless-shell';
  const browser = { program: 'chromium', packageName, path, alsoNeeded: ['chromium-common'] };
  return await findProgram(browser, say).catch((error) => {
    throw new Error(
      'Put chromium on PATH (Debian: apt-get install chromium) or name one in CHROMIUM.\n' +
        `Unpacking it from the package ${packageName} failed: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  });
}
