import { setFlagsFromString } from 'node:v8';
import { loadSettings, type Settings } from './config.ts';
import { createLogger, type Logger } from './log.ts';

/** How long a process may take from SIGTERM to its exit. Kubernetes kills after 30 s, docker after 10 s unless told. */
const EXIT_WITHIN_MS = 20_000;

/**
 * How much garbage may pile up before V8 collects it all, as a share of what is in use, unless a program says otherwise. By
 * V8's own rule a busy HTTP process grew up to 260 MiB; at this it has no whole collection at full load.
 */
const HEAP_GROWTH_PERCENT = 35;

/**
 * V8 makes objects old at once whose like have mostly survived. An SMS's are under way for longer than a young generation
 * takes to fill, and then garbage: old, only a collection of the whole heap finds them, and until then they keep young
 * ones. Without it the HTTP process needs a sixth less CPU at full load.
 */
const NO_EARLY_AGE = '--no-allocation-site-pretenuring';

/** What a program is given to start with. */
export interface Run {
  readonly settings: Settings;
  readonly log: Logger;
  /**
   * The part that was opened. At the end `close` is called with it, after the parts that were opened later are closed.
   * Once the end has begun this never resolves: the start goes no further, and what it was opening is closed, too.
   */
  readonly open: <Part>(opening: Part | Promise<Part>, close: (part: Part) => Promise<unknown>) => Promise<Part>;
}

/**
 * Runs a program from its configuration to its exit: with 0 after SIGTERM or SIGINT, whenever they come, also in the
 * middle of the start; with 1 when it cannot start, which is told in a sentence, or when its end fails or takes longer
 * than 20 s. Further signals are ignored: a second Ctrl-C cannot break the drain. `heapGrowthPercent`: how much garbage may
 * pile up before V8 collects it all, as a share of what is in use.
 */
export async function run(start: (run: Run) => Promise<void>, heapGrowthPercent = HEAP_GROWTH_PERCENT): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowthPercent}`);
  setFlagsFromString(NO_EARLY_AGE);
  const parts = new Parts();
  let log: Logger | undefined;
  try {
    const settings = loadSettings();
    log = createLogger({ level: settings.logLevel });
    surviveUnhandled(log);
    endOnSignal(parts, log);
    await start({ settings, log, open: (opening, close) => parts.open(opening, close) });
  } catch (error) {
    if (parts.isClosing) return;
    process.stderr.write(`${tell(error)}\n`);
    log?.debug({ error }, 'The start failed');
    await parts.close().catch((fault: unknown) => log?.warn({ error: fault }, 'The end did not go well'));
    process.exit(1);
  }
}

/** What is open, to be closed in the opposite order. */
class Parts {
  isClosing = false;
  readonly #closers: (() => Promise<unknown>)[] = [];

  async open<Part>(opening: Part | Promise<Part>, close: (part: Part) => Promise<unknown>): Promise<Part> {
    const opened = Promise.resolve(opening);
    this.#closers.push(async () => {
      const result = await opened.then(
        (part) => ({ part }),
        () => undefined,
      );
      if (result !== undefined) await close(result.part);
    });
    const part = await opened;
    if (this.isClosing) await new Promise<never>(() => {});
    return part;
  }

  async close(): Promise<void> {
    this.isClosing = true;
    for (const close of this.#closers.toReversed()) await close();
  }
}

function endOnSignal(parts: Parts, log: Logger): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (parts.isClosing) return;
      log.info({ signal }, 'Ending');
      setTimeout(() => exitWith(1, log), EXIT_WITHIN_MS - 500).unref();
      parts.close().then(
        () => exitWith(0, log),
        (error: unknown) => {
          log.error({ error }, 'The end did not go well');
          exitWith(1, log);
        },
      );
    });
  }
}

/** An error that nobody handled is logged as what it is, a bug, and the process goes on. */
function surviveUnhandled(log: Logger): void {
  process.on('unhandledRejection', (error) => log.error({ error }, 'An error was not handled'));
}

function exitWith(code: number, log: Logger): void {
  log.info({ code }, 'Ended');
  process.exit(code);
}

/** Errors of the language itself: nobody wrote their messages for the reader of a terminal. */
const BUGS = [TypeError, RangeError, ReferenceError, SyntaxError];

/** What to tell whoever starts the program; only a bug is told with its place in the program. */
function tell(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (BUGS.some((bug) => error instanceof bug)) return error.stack ?? error.message;
  const { code, port } = error as NodeJS.ErrnoException & { readonly port?: number };
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken by another program: end that one, or choose other ports with PORT and CONSOLE_PORT.`;
  }
  if (code === 'EACCES' && port !== undefined) {
    return `This user may not listen on port ${port}: choose other ports with PORT and CONSOLE_PORT.`;
  }
  return error.cause === undefined ? reasonOf(error) : `${reasonOf(error)}: ${tell(error.cause)}`;
}

/** Node's connection errors may have an empty message and hold the reasons in a list. */
function reasonOf(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return error.message || (first instanceof Error ? first.message : error.name);
}
