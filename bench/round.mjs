// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../test/support/run.ts';
import { busySeconds, heldTogether, stolenSeconds, usageOf } from './measure/cpu.mjs';

/** @typedef {import('./subjects/subject.mjs').Subject} Subject */
/** @typedef {import('./subjects/subject.mjs').Running} Running */
/** @typedef {import('./subjects/subject.mjs').Load} Load */
/** @typedef {import('./world/feeder.mjs').Flow} Flow */
/** @typedef {import('./world/tally.mjs').Counts} Counts */
/** @typedef {import('./world/tally.mjs').Latencies} Latencies */

/**
 * How long each load is warmed up and measured.
 * @typedef {object} Terms
 * @property {number} cards
 * @property {number} warmUpSeconds
 * @property {Readonly<Record<Load, number>>} seconds 0: not measured
 * @property {string | undefined} profiles
 */

/**
 * What one load showed. CPU is in seconds per 1000 messages, by process; `others` and `stolen` are cores that other
 * programs and the machine's host took meanwhile.
 * @typedef {object} Seen
 * @property {number} messages
 * @property {number} rate
 * @property {number} cpu of all counted processes
 * @property {Readonly<Record<string, number>>} cpuOf
 * @property {number} worldCpu of the feeder and the provider, which `cpu` does not hold
 * @property {number} others
 * @property {number} stolen
 * @property {Latencies} latencies
 */

/**
 * What one round of one subject showed.
 * @typedef {object} Round
 * @property {string} subject
 * @property {Partial<Record<Load, Seen>>} loads
 * @property {Readonly<Record<string, number>>} rss bytes of each process at the end of saturation
 * @property {number} together bytes that its own processes hold together at the end of saturation, Redis left out
 * @property {{ sent: number, taken: number, refused: number, failed: number, lost: number, unreplied: number,
 *   repeated: number, foreign: number, outOfCards: number }} verdict `outOfCards`: 1 when it had nothing more to send
 */

/** @type {Readonly<Record<Exclude<Load, 'saturation'>, number>>} */
const PER_SECOND = { calm: 100, acks: 300 };

/**
 * One round: everything is started anew on a fresh copy of the database, measured, verified and ended.
 * @param {Subject} subject
 * @param {import('./ground/postgres.mjs').BenchPostgres} postgres
 * @param {Terms} terms
 * @returns {Promise<Round>}
 */
export async function runRound(subject, postgres, terms) {
  const folder = await temporaryFolder(`bench-${subject.name}`);
  const running = await subject.start({ postgres, folder, cards: terms.cards, profiles: terms.profiles });
  try {
    /** @type {Partial<Record<Load, Seen>>} */
    const loads = {};
    await running.feeder.call('use', { first: 0, count: terms.cards });
    await warmUp(running, subject.window, Math.min(terms.warmUpSeconds, subject.warmUpSecondsAtMost ?? Infinity));
    let [rss, together] = [memoryOf(running), togetherOf(running)];
    for (const load of subject.loads) {
      if (terms.seconds[load] === 0) continue;
      if (load !== 'saturation' && loads.calm === undefined) await rest(postgres);
      loads[load] = await measure(running, postgres, flowOf(subject, load), terms.seconds[load]);
      if (load === 'saturation') [rss, together] = [memoryOf(running), togetherOf(running)];
    }
    const verdict = await verify(running);
    const outOfCards = Number(verdict.sent === terms.cards);
    return { subject: subject.name, loads, rss, together, verdict: { ...verdict, outOfCards } };
  } finally {
    await running.stop();
  }
}

/**
 * @param {Running} running
 * @param {number} size
 * @param {number} seconds
 */
async function warmUp({ feeder }, size, seconds) {
  await feeder.call('feed', { kind: 'window', size });
  await sleep(seconds * 1000);
  await feeder.call('pause');
  await feeder.call('drain');
}

const REST_MS = 3_000;

/**
 * What the full load put off (vacuum, a checkpoint, garbage, a chain to be sealed) is done before a low load is measured.
 * @param {import('./ground/postgres.mjs').BenchPostgres} postgres
 */
async function rest(postgres) {
  await postgres.settle();
  await sleep(REST_MS);
}

/**
 * @param {Subject} subject
 * @param {Load} load
 * @returns {Flow}
 */
function flowOf({ window }, load) {
  return load === 'saturation' ? { kind: 'window', size: window } : { kind: 'rate', perSecond: PER_SECOND[load] };
}

/** Until the flow is even, after it began. */
const SETTLE_MS = 500;

/**
 * @param {Running} running
 * @param {{ pid: number }} postgres
 * @param {Flow} flow
 * @param {number} seconds
 * @returns {Promise<Seen>}
 */
export async function measure(running, postgres, flow, seconds) {
  const { feeder } = running;
  await feeder.call('feed', flow);
  await sleep(SETTLE_MS);
  const before = await snapshot(running, postgres);
  await sleep(seconds * 1000);
  const after = await snapshot(running, postgres);
  await feeder.call('pause');
  await feeder.call('drain');
  const latencies = await feeder.call('latencies', { from: before.counts.sent, to: after.counts.sent });
  return compare(before, after, running, latencies);
}

/** @typedef {Awaited<ReturnType<typeof snapshot>>} Snapshot */

/**
 * @param {Running} running
 * @param {{ pid: number }} postgres
 */
async function snapshot({ feeder, counted, outside }, postgres) {
  /** @type {Counts} */
  const counts = await feeder.call('counts');
  return {
    at: performance.now(),
    counts,
    counted: usageOf([...counted, { name: 'Postgres', pid: postgres.pid }]),
    outside: usageOf(outside),
    ours: process.cpuUsage(),
    busy: busySeconds(),
    stolen: stolenSeconds(),
  };
}

/**
 * @param {Snapshot} before
 * @param {Snapshot} after
 * @param {Running} running
 * @param {Latencies} latencies
 * @returns {Seen}
 */
function compare(before, after, { hasReplies }, latencies) {
  const what = hasReplies ? 'replied' : 'taken';
  const messages = after.counts[what] - before.counts[what];
  const seconds = (after.at - before.at) / 1000;
  const used = (/** @type {'counted' | 'outside'} */ whose) =>
    [...after[whose]].map(([name, { cpuSeconds }]) => ({
      name,
      cpu: cpuSeconds - (before[whose].get(name)?.cpuSeconds ?? 0),
    }));
  const total = (/** @type {readonly { cpu: number }[]} */ parts) => parts.reduce((sum, { cpu }) => sum + cpu, 0);
  const [counted, outside] = [used('counted'), used('outside')];
  const per1000 = 1000 / messages;
  const ours = (after.ours.user + after.ours.system - before.ours.user - before.ours.system) / 1e6;
  const others = after.busy - before.busy - total(counted) - total(outside) - ours;
  return {
    messages,
    rate: messages / seconds,
    cpu: total(counted) * per1000,
    cpuOf: Object.fromEntries(counted.map(({ name, cpu }) => [name, cpu * per1000])),
    worldCpu: total(outside) * per1000,
    others: Math.max(0, others / seconds),
    stolen: (after.stolen - before.stolen) / seconds,
    latencies,
  };
}

/** Postgres is left out: its processes share most of what each of them seems to have. */
export function memoryOf(/** @type {Running} */ { counted }) {
  return Object.fromEntries([...usageOf(counted)].map(([name, { rssBytes }]) => [name, rssBytes]));
}

/** Bytes that a subject's own processes hold together. */
export function togetherOf(/** @type {Running} */ { counted }) {
  return heldTogether(counted.filter(({ name }) => name !== 'Redis').map(({ pid }) => pid));
}

/**
 * @param {Running} running
 * @returns {Promise<Round['verdict']>}
 */
export async function verify({ feeder, hasReplies, verify }) {
  /** @type {Counts} */
  const { sent, taken, refused, failed, repeated } = await feeder.call('counts');
  const { lost, foreign } = await verify(await feeder.call('taken'));
  const unreplied = hasReplies ? await feeder.call('unreplied') : 0;
  return { sent, taken, refused, failed, lost, unreplied, repeated, foreign, outOfCards: 0 };
}

/** What was wrong, in words; undefined when nothing was lost and nothing came twice. A refusal loses nothing. */
export function faultOf(/** @type {Round['verdict']} */ { lost, unreplied, repeated, foreign, failed, outOfCards }) {
  const faults = { lost, unreplied, repeated, foreign, failed, outOfCards };
  const found = Object.entries(faults).filter(([, count]) => count > 0);
  return found.length === 0 ? undefined : found.map(([name, count]) => `${count} ${name}`).join(', ');
}
