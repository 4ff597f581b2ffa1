import { loadSettings, type Settings } from '../config.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { findEmbeddedPostgres } from '../store/embedded/postgres.ts';

/** A failure that the user can do something about: its message is all that is printed. Exit code 1. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
}

/** What every sub-command gets: the settings and the database when first asked for, and where to print. */
export interface CliContext {
  /** @throws ConfigError that lists every mistake; `file` stands in for `CARDWAKE_CONFIG`. */
  readonly settings: (file?: string) => Settings;
  /** The one pool of this run; it is closed when the command ends. */
  readonly database: () => Promise<Database>;
  /** Writes one line to the standard output. */
  readonly print: (line: string) => void;
  /** Writes one line to the standard error output: progress and failures. */
  readonly complain: (line: string) => void;
}

/** A context and the function that closes what it opened. */
export interface OpenCliContext extends CliContext {
  readonly close: () => Promise<void>;
}

/** The context of a real run. Nothing is read or opened before it is asked for. */
export function openCliContext(): OpenCliContext {
  let settings: Settings | undefined;
  let opening: Promise<Database> | undefined;
  const context: CliContext = {
    settings: (file) => {
      if (file !== undefined) return loadSettings(undefined, { file });
      settings ??= loadSettings();
      return settings;
    },
    database: () => {
      opening ??= databaseUrl(context.settings()).then((url) => open(url, context.settings()));
      return opening;
    },
    print: (line) => console.log(line),
    complain: (line) => console.error(line),
  };
  return { ...context, close: async () => (await opening?.catch(() => undefined))?.destroy() };
}

/** `DATABASE_URL`, or the embedded Postgres of the service that runs on the same data folder. */
async function databaseUrl({ databaseUrl: configured, dataDir }: Settings): Promise<string> {
  const url = configured ?? (await findEmbeddedPostgres(dataDir));
  if (url !== undefined) return url;
  throw new CliFailure(
    'There is no database: start Cardwake with `npm start` and leave it running, or set DATABASE_URL.',
  );
}

function open(url: string, { pepper }: Settings): Database {
  return openDatabase({
    url,
    pepper,
    poolSize: 4,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 600_000,
    // The statement that needs the connection fails with the same error and tells it.
    onIdleError: () => undefined,
  });
}
