import { findProgram } from './debian.mjs';

/**
 * The path of a `redis-server` that runs here; see `findProgram`.
 * @param {(line: string) => void} [say] is told what takes long
 * @returns {Promise<string>}
 * @throws Error that says what to install.
 */
export async function findRedisServer(say = () => {}) {
  const server = {
    program: 'redis-server',
    packageName: 'redis-tools',
    path: 'usr/bin/redis-server',
    sameAs: 'redis-check-rdb',
  };
  return await findProgram(server, say).catch((error) => {
    throw new Error(
      'The tests need a real Redis: put redis-server on PATH (Debian: apt-get install redis-server) or set REDIS_URL.\n' +
        `Unpacking it from the package redis-tools failed: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  });
}
