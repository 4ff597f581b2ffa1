import type { Logger } from '../log.ts';

const QUIET_MS = 30_000;

/**
 * Logs errors of connections: each kind once, then at most once in 30 seconds, with the number of those left out. A store
 * that is down fails several connections several times a second.
 */
export function errorReporter(log: Logger, now: () => number = Date.now): (queue: string, error: Error) => void {
  const seen = new Map<string, { at: number; suppressed: number }>();
  return (queue, error) => {
    const kind = `${queue} ${error.name} ${'code' in error ? String(error.code) : ''}`;
    const last = seen.get(kind);
    if (last !== undefined && now() - last.at < QUIET_MS) {
      last.suppressed += 1;
      return;
    }
    seen.set(kind, { at: now(), suppressed: 0 });
    log.warn({ queue, suppressed: last?.suppressed ?? 0, error }, 'Queue store failed');
  };
}
