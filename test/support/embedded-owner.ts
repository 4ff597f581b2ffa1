/** A program that owns an embedded Postgres until it is killed: `node --import tsx embedded-owner.ts <dataDir>`. */
import { createLogger } from '../../src/log.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded/postgres.ts';

const server = await startEmbeddedPostgres({
  dataDir: process.argv[2] as string,
  log: createLogger({ level: 'silent' }),
  isDurable: false,
  address: 'http://127.0.0.1:3001',
});
process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.pid })}\n`);
setInterval(() => undefined, 60_000);
