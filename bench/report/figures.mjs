// @ts-check
import { median } from '../measure/statistics.mjs';

/** @typedef {import('../round.mjs').Round} Round */
/** @typedef {import('../round.mjs').Seen} Seen */
/** @typedef {import('../subjects/subject.mjs').Load} Load */

/** @typedef {(seen: Seen) => number} Metric */

/** @satisfies {Record<string, Metric>} */
export const METRICS = {
  rate: ({ rate }) => rate,
  cpu: ({ cpu }) => cpu,
  answerP50: ({ latencies }) => latencies.answer.p50,
  answerP99: ({ latencies }) => latencies.answer.p99,
  replyP50: ({ latencies }) => latencies.reply.p50,
  replyP99: ({ latencies }) => latencies.reply.p99,
};

/**
 * What a load showed in each round of a subject, in the order of the rounds.
 * @param {readonly Round[]} rounds
 * @param {string} subject
 * @param {Load} load
 * @returns {Seen[]}
 */
export function seenOf(rounds, subject, load) {
  return rounds.filter((round) => round.subject === subject).flatMap(({ loads }) => loads[load] ?? []);
}

/**
 * The median of a metric over the rounds; undefined when it was not measured.
 * @param {readonly Round[]} rounds
 * @param {string} subject
 * @param {Load} load
 * @param {Metric} metric
 */
export function medianOf(rounds, subject, load, metric) {
  const seen = seenOf(rounds, subject, load);
  return seen.length === 0 ? undefined : median(seen.map(metric));
}

/**
 * The median of the ratios inside each round: what changed on the machine between rounds met both alike.
 * @param {readonly Round[]} rounds
 * @param {{ of: string, to: string, load: Load, metric: Metric }} ratio
 */
export function ratioOf(rounds, { of, to, load, metric }) {
  const [ours, theirs] = [seenOf(rounds, of, load), seenOf(rounds, to, load)];
  const pairs = Math.min(ours.length, theirs.length);
  if (pairs === 0) return undefined;
  const ratios = ours.slice(0, pairs).map((seen, round) => {
    const other = theirs[round];
    return other === undefined ? NaN : metric(seen) / metric(other);
  });
  return median(ratios);
}

/** The subjects of the rounds, in their order. */
export function subjectsOf(/** @type {readonly Round[]} */ rounds) {
  return [...new Set(rounds.map(({ subject }) => subject))];
}
