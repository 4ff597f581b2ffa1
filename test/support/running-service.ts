import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { loadSettings, type Settings } from '../../src/config.ts';
import { serve } from '../../src/http/serve.ts';
import { createLogger } from '../../src/log.ts';
import { openService } from '../../src/service.ts';
import type { Database } from '../../src/store/database.ts';
import { work } from '../../workers/work.ts';
import { createTestDatabase } from './postgres.ts';
import { createTestRedis } from './redis.ts';
import { temporaryFolder } from './run.ts';

export interface RunOptions {
  /** The configuration file's text. */
  readonly config: string;
  /** Where the queue lives. */
  readonly queue: 'redis' | 'postgres';
  /** Instead of a Redis of the run's. */
  readonly redisUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where providers call; any free one unless given. */
  readonly port?: number;
}

/** The whole of Cardwake in this process, on a database of its own. */
export interface RunningService {
  readonly settings: Settings;
  readonly db: Database;
  readonly databaseUrl: string;
  readonly redisUrl: string | undefined;
  /** Where providers call, `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** Where people look. */
  readonly consoleOrigin: string;
  /** Every log line so far. */
  readonly logLines: readonly string[];
  /** Lets time pass for decisions. */
  passTime(ms: number): void;
  /** Ends it in the order in which a process does, and drops the database. */
  stop(): Promise<void>;
}

/** Starts everything that `npm start` starts, from a configuration file, on free ports. */
export async function runService(options: RunOptions): Promise<RunningService> {
  const database = await createTestDatabase();
  const redisUrl = options.queue === 'redis' ? (options.redisUrl ?? (await createTestRedis()).url) : undefined;
  const folder = await temporaryFolder('service');
  const file = join(folder, 'cardwake.yaml');
  await writeFile(file, options.config);
  const settings = loadSettings({
    ...options.env,
    CARDWAKE_CONFIG: file,
    DATABASE_URL: database.url,
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    PORT: String(options.port ?? 0),
    CONSOLE_PORT: '0',
    DATA_DIR: folder,
  });
  const logLines: string[] = [];
  let passedMs = 0;
  const now = () => new Date(Date.now() + passedMs);
  const service = openService(
    settings,
    database.url,
    createLogger({ level: 'debug', destination: lines(logLines) }),
    now,
  );
  const serving = await serve(service);
  const working = await work(service);
  return {
    settings,
    db: working.db,
    databaseUrl: database.url,
    redisUrl,
    origin: `http://127.0.0.1:${serving.port}`,
    consoleOrigin: `http://127.0.0.1:${serving.consolePort}`,
    logLines,
    passTime: (ms) => {
      passedMs += ms;
    },
    async stop() {
      await serving.close(5_000);
      await working.close(5_000);
      await service.close();
      await database.drop();
    },
  };
}

function lines(into: string[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      into.push(chunk.toString('utf8').trimEnd());
      done();
    },
  });
}
