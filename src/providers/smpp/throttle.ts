/**
 * The pace of a channel: its own limit, and under it what the SMSC has imposed, by AIMD: halved when it says that we are
 * too fast, raised a little with each SMS that it takes, and forgotten once it stands at twice what was too fast, or at
 * the limit. All times in ms of one clock.
 */
export interface Pace {
  /** submit_sm per second that may ever be written. */
  readonly limitPerSecond: number;
  /** What the SMSC has imposed; absent: nothing. */
  readonly perSecond?: number;
  /** What was too much when it was halved for the first time. */
  readonly peakPerSecond: number;
  /** When the next may be written. */
  readonly nextAt: number;
  /** Up to when places have been promised to those who were turned away. */
  readonly promisedUntil: number;
  readonly slowedAt: number;
}

/** May be written after so many ms, or come back after so many. */
export type Turn =
  | { readonly kind: 'go'; readonly waitMs: number }
  | { readonly kind: 'later'; readonly waitMs: number };

/** The pace of a channel on which nothing is imposed. */
export function paceOf(limitPerSecond: number): Pace {
  return { limitPerSecond, peakPerSecond: 0, nextAt: 0, promisedUntil: 0, slowedAt: Number.NEGATIVE_INFINITY };
}

/** An SMSC that refuses everything is asked this often. */
export const SLOWEST_PER_SECOND = 1;

/** Whoever would wait longer for an imposed pace comes back instead of holding a job. */
const MAX_WAIT_MS = 1_000;

/**
 * Places that lie within so many ms of each other are used together, at the time of the first. With a timer and a system call
 * for each submit_sm, an SMS over SMPP cost a fifth more at full load.
 */
const TOGETHER_MS = 10;

/** Nobody comes back sooner. */
const MIN_LATER_MS = 1_000;

/** Whoever is turned away comes back within this time at the latest, because the pace may have risen by then. */
const MAX_LATER_MS = 30_000;

/** Refusals within this time are answers to one burst: they halve the pace once. */
const BURST_MS = 1_000;

/** In a second of SMS that are all taken the pace rises by this part of the peak, but at least by one a second. */
const RISE = 0.05;

/**
 * Takes the next place, if it comes within `patienceMs`. At the channel's own limit whoever can wait does: to be turned
 * away again and again, for parts that are many and expected, would cost more than the wait.
 */
export function takeTurn(pace: Pace, now: number, patienceMs: number): readonly [Pace, Turn] {
  const { limitPerSecond, perSecond = limitPerSecond } = pace;
  const stepMs = 1_000 / Math.min(perSecond, limitPerSecond);
  const at = Math.max(pace.nextAt, now);
  const waitMs = at - now;
  if (waitMs <= (pace.perSecond === undefined ? patienceMs : Math.min(patienceMs, MAX_WAIT_MS))) {
    return [
      { ...pace, nextAt: at + stepMs },
      { kind: 'go', waitMs: stepMs < TOGETHER_MS ? waitMs - (waitMs % TOGETHER_MS) : waitMs },
    ];
  }
  const promised = Math.max(pace.promisedUntil, at) + stepMs;
  const promisedUntil = promised - now > MAX_LATER_MS ? at : promised;
  return [
    { ...pace, promisedUntil },
    { kind: 'later', waitMs: Math.max(Math.ceil(promisedUntil - now), MIN_LATER_MS) },
  ];
}

/** After ESME_RTHROTTLED or ESME_RMSGQFUL. `recentPerSecond`: how many were written in the last second. */
export function slowDown(pace: Pace, now: number, recentPerSecond: number): Pace {
  if (now - pace.slowedAt < BURST_MS) return pace;
  const tooMuch = pace.perSecond ?? Math.max(recentPerSecond, SLOWEST_PER_SECOND);
  const peakPerSecond = pace.perSecond === undefined ? tooMuch : pace.peakPerSecond;
  const perSecond = Math.max(tooMuch / 2, SLOWEST_PER_SECOND);
  return { ...pace, perSecond, peakPerSecond, nextAt: now + 1_000 / perSecond, slowedAt: now };
}

/** After an SMS was taken. */
export function speedUp(pace: Pace): Pace {
  if (pace.perSecond === undefined) return pace;
  const perSecond = pace.perSecond + Math.max(1, pace.peakPerSecond * RISE) / pace.perSecond;
  const { limitPerSecond, nextAt, slowedAt } = pace;
  const isOver = perSecond >= Math.min(2 * pace.peakPerSecond, limitPerSecond);
  return isOver ? { ...paceOf(limitPerSecond), nextAt, slowedAt } : { ...pace, perSecond };
}

/** How long whoever was throttled now waits: its place behind all who wait, and a second at least. */
export function retryAfterMs(pace: Pace, now: number): number {
  return Math.min(Math.max(Math.ceil(Math.max(pace.nextAt, pace.promisedUntil) - now), MIN_LATER_MS), MAX_LATER_MS);
}
