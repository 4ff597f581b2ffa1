import type { Logger } from './log.ts';

/** How long a process may take from SIGTERM to its exit. Kubernetes kills after 30 s, docker after 10 s unless told. */
export const EXIT_WITHIN_MS = 20_000;

/**
 * Runs `end` once at the first SIGTERM or SIGINT and exits with 0 when it is through, with 1 when it fails or takes
 * longer than 20 s. Further signals are ignored: a second Ctrl-C cannot break the drain.
 */
export function endOnSignal(end: () => Promise<void>, log: Logger): void {
  let isEnding = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isEnding) return;
      isEnding = true;
      log.info({ signal }, 'Ending');
      setTimeout(() => exitWith(1, log), EXIT_WITHIN_MS - 500).unref();
      end().then(
        () => exitWith(0, log),
        (error: unknown) => {
          log.error({ error }, 'The end did not go well');
          exitWith(1, log);
        },
      );
    });
  }
}

/** An error that nobody handled is logged and counted as what it is, a bug, and the process goes on. */
export function surviveUnhandled(log: Logger): void {
  process.on('unhandledRejection', (error) => log.error({ error }, 'An error was not handled'));
}

function exitWith(code: number, log: Logger): void {
  log.info({ code }, 'Ended');
  process.exit(code);
}
