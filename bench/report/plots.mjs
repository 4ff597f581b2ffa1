// @ts-check
import { subjectOf } from '../subjects/all.mjs';
import { METRICS, medianOf, seenOf, subjectsOf } from './figures.mjs';
import { barChart, lineChart } from './svg.mjs';
import { cpuByProcess } from './tables.mjs';

/** @typedef {import('../run-plan.mjs').Results} Results */

/**
 * The plots of a run, by the names of their files; only of what was measured.
 * @param {Results} results
 * @returns {Map<string, string>}
 */
export function plotsOf({ rounds, studies }) {
  const plots = new Map([
    ['rate.svg', barChart('Messages per second at saturation', rateBars(rounds))],
    ['cpu.svg', barChart('CPU seconds per 1000 messages at saturation, by process', cpuBars(rounds))],
    ['reply.svg', barChart('Text to reply at 100/s: p50 and what p99 adds, ms', replyBars(rounds))],
  ]);
  const { memory, overload, backlog } = studies;
  if (memory !== undefined) plots.set('memory.svg', memoryPlot(memory));
  if (overload !== undefined) plots.set('overload.svg', overloadPlot(overload));
  if (backlog !== undefined) plots.set('backlog.svg', backlogPlot(backlog));
  return plots;
}

/**
 * Without the binding alone, twenty times as fast as anything: beside it the others would be dots.
 * @param {Results['rounds']} rounds
 */
function rateBars(rounds) {
  return subjectsOf(rounds).flatMap((subject) => {
    if (subject === 'limit-binding') return [];
    const value = medianOf(rounds, subject, 'saturation', METRICS.rate);
    return value === undefined ? [] : [{ label: subjectOf(subject).title, parts: [{ name: 'rate', value }] }];
  });
}

/** @param {Results['rounds']} rounds */
function cpuBars(rounds) {
  return subjectsOf(rounds).flatMap((subject) => {
    const seen = seenOf(rounds, subject, 'saturation');
    const parts = Object.entries(cpuByProcess(seen)).map(([name, value]) => ({ name: ROLES.get(name) ?? name, value }));
    return seen.length === 0 ? [] : [{ label: subjectOf(subject).title, parts }];
  });
}

/** What the processes of all subjects have in common. */
const ROLES = new Map([
  ['HTTP', 'door'],
  ['API', 'door'],
  ['bearerbox', 'door'],
  ['adder', 'door'],
  ['smsbox', 'worker'],
  ['hops', 'worker'],
  ['binder', 'worker'],
]);

/** @param {Results['rounds']} rounds */
function replyBars(rounds) {
  return subjectsOf(rounds).flatMap((subject) => {
    const p50 = medianOf(rounds, subject, 'calm', METRICS.replyP50);
    const p99 = medianOf(rounds, subject, 'calm', METRICS.replyP99);
    if (p50 === undefined || p99 === undefined) return [];
    const parts = [
      { name: 'p50', value: p50 },
      { name: 'p99', value: p99 - p50 },
    ];
    return [{ label: subjectOf(subject).title, parts }];
  });
}

/** @param {import('../studies/memory.mjs').Memory} memory */
function memoryPlot({ samples }) {
  const line = (/** @type {'http' | 'worker'} */ key, /** @type {string} */ name) => ({
    name,
    points: samples.map((sample) => /** @type {const} */ ([sample.messages, sample[key]])),
  });
  const lines = [line('http', 'HTTP process, MiB'), line('worker', 'worker process, MiB')];
  return lineChart('Memory over a million messages', { x: 'messages', lines });
}

/** @param {import('../studies/backlog.mjs').Backlog} backlog */
function backlogPlot({ samples }) {
  const points = samples.map(({ second, replied }) => /** @type {const} */ ([second, replied]));
  return lineChart('A backlog drained by one worker', { x: 's', lines: [{ name: 'replies accepted', points }] });
}

/** @param {import('../studies/overload.mjs').Overload} overload */
function overloadPlot({ samples }) {
  const line = (/** @type {'sent' | 'replied' | 'refused'} */ key) => ({
    name: `${key} per second`,
    points: samples.map((sample) => /** @type {const} */ ([sample.second, sample[key]])),
  });
  return lineChart('Three times the peak for a minute, then half of it', {
    x: 's',
    lines: [line('sent'), line('replied'), line('refused')],
  });
}
