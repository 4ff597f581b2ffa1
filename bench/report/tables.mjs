// @ts-check
import { median } from '../measure/statistics.mjs';
import { faultOf } from '../round.mjs';
import { subjectOf } from '../subjects/all.mjs';
import { METRICS, medianOf, seenOf, subjectsOf } from './figures.mjs';

/** @typedef {import('../round.mjs').Round} Round */
/** @typedef {import('../round.mjs').Seen} Seen */
/** @typedef {import('../subjects/subject.mjs').Load} Load */

/** Three digits that count; a dash for what was not measured, which JSON gives back as null. */
export function figure(/** @type {number | null | undefined} */ value) {
  if (value === undefined || value === null || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return 'never';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return String(Number(value.toPrecision(3)));
}

/**
 * A table of Markdown, aligned so that it reads well in a terminal, too. The first column is text, the others figures.
 * @param {readonly string[]} heads
 * @param {readonly (readonly string[])[]} rows
 */
export function table(heads, rows) {
  const widths = heads.map((head, at) => Math.max(3, head.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return `${[line(heads), line(rule), ...rows.map(line)].join('\n')}\n`;
}

/** What one round showed, in a line. */
export function roundLine(/** @type {Round} */ { subject, loads, verdict }) {
  const parts = Object.entries(loads).map(
    ([load, { rate, cpu, others }]) =>
      `${load} ${figure(rate)}/s ${figure(cpu)} CPU s per 1000${others > 0.2 ? ` (others ${figure(others)} cores)` : ''}`,
  );
  const refused = verdict.refused > 0 ? [`${verdict.refused} refused`] : [];
  return [subject.padEnd(22), ...parts, ...refused, faultOf(verdict) ?? 'all verified'].join('  ');
}

/** The tables of what was seen under each load. */
export function loadTables(/** @type {readonly Round[]} */ rounds) {
  return `${saturationTable(rounds)}\n${latencyTable(rounds, 'calm', 100)}\n${latencyTable(rounds, 'acks', 300)}`;
}

/** Rate, CPU by process, memory and what else the machine did, at saturation. */
export function saturationTable(/** @type {readonly Round[]} */ rounds) {
  const heads = ['at saturation', 'messages/s', 'CPU s per 1000', 'of which', 'MiB', 'world', 'others, cores'];
  const rows = measured(rounds, 'saturation').map(({ subject, seen }) => [
    subjectOf(subject).title,
    figure(median(seen.map(METRICS.rate))),
    figure(median(seen.map(METRICS.cpu))),
    Object.entries(cpuByProcess(seen))
      .map(([name, cpu]) => `${name} ${figure(cpu)}`)
      .join(', '),
    Object.entries(memoryByProcess(rounds, subject))
      .map(([name, bytes]) => `${name} ${Math.round(bytes / 2 ** 20)}`)
      .join(', '),
    figure(median(seen.map(({ worldCpu }) => worldCpu))),
    figure(median(seen.map(({ others }) => others))),
  ]);
  return table(heads, rows);
}

/**
 * @param {readonly Round[]} rounds
 * @param {Load} load
 * @param {number} perSecond
 */
export function latencyTable(rounds, load, perSecond) {
  const rows = measured(rounds, load).map(({ subject, seen }) => {
    const value = (/** @type {(seen: Seen) => number} */ metric) => figure(medianOf(rounds, subject, load, metric));
    return [
      subjectOf(subject).title,
      value(METRICS.rate),
      value(METRICS.cpu),
      `${value(METRICS.answerP50)} / ${value(METRICS.answerP99)}`,
      `${value(METRICS.replyP50)} / ${value(METRICS.replyP99)}`,
      figure(median(seen.map(({ others }) => others))),
    ];
  });
  if (rows.length === 0) return '';
  const heads = [
    `at ${perSecond}/s`,
    'messages/s',
    'CPU s per 1000',
    'acknowledged ms p50 / p99',
    'text to reply ms p50 / p99',
    'others, cores',
  ];
  return table(heads, rows);
}

/** The median CPU of each process. */
export function cpuByProcess(/** @type {readonly Seen[]} */ seen) {
  const names = Object.keys(seen[0]?.cpuOf ?? {});
  return Object.fromEntries(names.map((name) => [name, median(seen.map(({ cpuOf }) => cpuOf[name] ?? NaN))]));
}

/**
 * The median memory of each process at the end of saturation, in bytes.
 * @param {readonly Round[]} rounds
 * @param {string} subject
 */
function memoryByProcess(rounds, subject) {
  const own = rounds.filter((round) => round.subject === subject);
  const names = Object.keys(own[0]?.rss ?? {});
  return Object.fromEntries(names.map((name) => [name, median(own.map(({ rss }) => rss[name] ?? NaN))]));
}

/** What was verified, over all rounds. */
export function verdictTable(/** @type {readonly Round[]} */ rounds) {
  const heads = ['verified', 'rounds', 'messages', 'lost', 'without a reply', 'replies twice', 'refused', 'unanswered'];
  const rows = subjectsOf(rounds).map((subject) => {
    const own = rounds.filter((round) => round.subject === subject).map(({ verdict }) => verdict);
    const sum = (/** @type {keyof Round['verdict']} */ what) =>
      figure(own.reduce((total, verdict) => total + verdict[what], 0));
    const faults = ['taken', 'lost', 'unreplied', 'repeated', 'refused', 'failed'];
    const sums = faults.map((what) => sum(/** @type {keyof Round['verdict']} */ (what)));
    return [subjectOf(subject).title, String(own.length), ...sums];
  });
  return table(heads, rows);
}

/**
 * @param {readonly Round[]} rounds
 * @param {Load} load
 */
function measured(rounds, load) {
  return subjectsOf(rounds)
    .map((subject) => ({ subject, seen: seenOf(rounds, subject, load) }))
    .filter(({ seen }) => seen.length > 0);
}
