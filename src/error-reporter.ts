const QUIET_MS = 30_000;

/** One error that is worth a line, and how many of its kind were left out since the last. */
export interface ReportedError {
  readonly error: unknown;
  readonly suppressed: number;
}

/**
 * Thins out the errors of something that is down and fails many times a second: each kind at each place goes to `write`
 * at once, then at most once in 30 seconds with the number of those left out.
 */
export function errorReporter(
  write: (place: string, report: ReportedError) => void,
  now: () => number = Date.now,
): (place: string, error: unknown) => void {
  const seen = new Map<string, { at: number; suppressed: number }>();
  return (place, error) => {
    const kind = `${place} ${kindOf(error)}`;
    const last = seen.get(kind);
    if (last !== undefined && now() - last.at < QUIET_MS) {
      last.suppressed += 1;
      return;
    }
    seen.set(kind, { at: now(), suppressed: 0 });
    write(place, { error, suppressed: last?.suppressed ?? 0 });
  };
}

function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name;
}
