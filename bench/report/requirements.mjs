// @ts-check

import { median } from '../measure/statistics.mjs';
import { METRICS, medianOf, ratioOf } from './figures.mjs';
import { figure, table } from './tables.mjs';

/** @typedef {import('../run-plan.mjs').Results} Results */
/** @typedef {import('../subjects/subject.mjs').Load} Load */
/** @typedef {keyof typeof METRICS} MetricName */

/**
 * A figure that Cardwake has to reach, and what it would like to.
 * @typedef {object} Requirement
 * @property {string} what
 * @property {'at least' | 'at most'} is
 * @property {number | undefined} must
 * @property {number | undefined} goal
 * @property {(results: Results) => number | undefined} seen undefined: not measured in this run
 */

/**
 * @param {string} of
 * @param {string} to
 * @param {Load} load
 * @param {MetricName} metric
 * @returns {Requirement['seen']}
 */
const ratio =
  (of, to, load, metric) =>
  ({ rounds }) =>
    ratioOf(rounds, { of, to, load, metric: METRICS[metric] });

/**
 * @param {string} subject
 * @returns {Requirement['seen']}
 */
const cpu =
  (subject) =>
  ({ rounds }) =>
    medianOf(rounds, subject, 'saturation', METRICS.cpu);

/**
 * @param {string} name
 * @param {string} key
 * @returns {Requirement['seen']}
 */
const study =
  (name, key) =>
  ({ studies }) =>
    studies[name]?.[key];

/**
 * @param {string} what
 * @param {Requirement['is']} is
 * @param {number | undefined} must
 * @param {number | undefined} goal
 * @param {Requirement['seen']} seen
 * @returns {Requirement}
 */
const row = (what, is, must, goal, seen) => ({ what, is, must, goal, seen });

const [HTTP, SMPP] = ['cardwake-http', 'cardwake-smpp'];

/** Ratios are medians of the ratios inside each round. */
const REQUIREMENTS = [
  row('HTTP vs naive at 50: rate', 'at least', 5, 8, ratio(HTTP, 'naive-50', 'saturation', 'rate')),
  row('HTTP vs naive at 50: CPU', 'at most', 0.15, 0.1, ratio(HTTP, 'naive-50', 'saturation', 'cpu')),
  row('HTTP vs naive by default: rate', 'at least', 12, 20, ratio(HTTP, 'naive', 'saturation', 'rate')),
  row('HTTP, whole, vs two bare hops: rate', 'at least', 0.9, 1.4, ratio(HTTP, 'limit-chain', 'saturation', 'rate')),
  row('SMPP vs Kannel without store: rate', 'at least', 2.5, 4, ratio(SMPP, 'kannel', 'saturation', 'rate')),
  row('SMPP vs Kannel without store: CPU', 'at most', 0.35, 0.22, ratio(SMPP, 'kannel', 'saturation', 'cpu')),
  row(
    'SMPP, AOF always, vs Kannel with spool: rate',
    'at least',
    2.5,
    4.5,
    ratio('cardwake-smpp-always', 'kannel-spool', 'saturation', 'rate'),
  ),
  row('HTTP vs Kannel over SMPP: rate', 'at least', 1.3, 2, ratio(HTTP, 'kannel', 'saturation', 'rate')),
  row('HTTP: CPU s per 1000', 'at most', 0.7, 0.5, cpu(HTTP)),
  row('SMPP: CPU s per 1000', 'at most', 0.42, 0.3, cpu(SMPP)),
  row('100/s, HTTP vs naive at 50: CPU', 'at most', 0.8, 0.5, ratio(HTTP, 'naive-50', 'calm', 'cpu')),
  row('100/s, SMPP vs Kannel: text to reply p50', 'at most', 0.4, 0.2, ratio(SMPP, 'kannel', 'calm', 'replyP50')),
  row('100/s, HTTP vs Kannel: text to reply p50', 'at most', 0.4, 0.2, ratio(HTTP, 'kannel', 'calm', 'replyP50')),
  row('300/s vs the bare door: acknowledged p50', 'at most', 2, 1.3, ratio(HTTP, 'limit-door', 'acks', 'answerP50')),
  row('300/s vs the bare door: acknowledged p99', 'at most', 2, 1.3, ratio(HTTP, 'limit-door', 'acks', 'answerP99')),
  row('overload 3x, 60 s: messages lost', 'at most', 0, 0, study('overload', 'lost')),
  row('overload: refusal p99, ms on the wire', 'at most', 1_000, undefined, study('overload', 'refusalP99Ms')),
  row('overload: calls without an answer', 'at most', 0, undefined, study('overload', 'unanswered')),
  row('overload: slowest refusal, ms on the wire', 'at most', 1_000, undefined, study('overload', 'slowestRefusalMs')),
  row('overload: goodput, share of the peak', 'at least', undefined, 0.8, study('overload', 'goodput')),
  row('overload: recovered after, s', 'at most', undefined, 30, study('overload', 'recoveredSeconds')),
  row('HTTP + worker, MiB', 'at most', 300, 220, mebibytes),
  row('… growth over 1 000 000 messages, MiB', 'at most', 20, 0, study('memory', 'growth')),
  row('10^4 to 10^7 cards: Postgres CPU', 'at most', 1.5, 1.2, study('scale', 'ratio')),
  row(
    'queue in Postgres vs Redis: rate',
    'at least',
    0.3,
    0.7,
    ratio('cardwake-http-pgqueue', HTTP, 'saturation', 'rate'),
  ),
  row('import of cards vs bare COPY: rate', 'at least', 0.5, 0.8, study('import', 'ratio')),
];

/**
 * The most of the memory study where there was one, else what the rounds ended with.
 * @param {Results} results
 */
function mebibytes({ rounds, studies }) {
  if (studies.memory !== undefined) return studies.memory.mebibytes;
  const own = rounds.filter(({ subject }) => subject === HTTP);
  return own.length === 0 ? undefined : median(own.map(({ together }) => together)) / 2 ** 20;
}

/** What was to be reached and what was seen, in a table. */
export function requirementsTable(/** @type {Results} */ results) {
  const rows = REQUIREMENTS.map(({ what, is, must, goal, seen }) => {
    const value = seen(results);
    const limit = (/** @type {number | undefined} */ bound) =>
      bound === undefined ? '–' : `${SIGNS[is]} ${figure(bound)}`;
    return [what, limit(must), limit(goal), figure(value), judge(value, { is, must, goal })];
  });
  return table(['what it must reach', 'must', 'goal', 'seen', 'met'], rows);
}

const SIGNS = { 'at least': '≥', 'at most': '≤' };

/**
 * @param {number | null | undefined} value JSON gives NaN back as null
 * @param {Pick<Requirement, 'is' | 'must' | 'goal'>} bounds
 */
function judge(value, { is, must, goal }) {
  if (value === undefined || value === null || Number.isNaN(value)) return 'not measured';
  const reaches = (/** @type {number | undefined} */ bound) =>
    bound !== undefined && (is === 'at least' ? value >= bound : value <= bound);
  if (must !== undefined && !reaches(must)) return 'NO';
  if (goal === undefined) return 'yes';
  return reaches(goal) ? 'goal' : must === undefined ? 'NO' : 'yes';
}
