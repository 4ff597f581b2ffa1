// @ts-check
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Whose CPU and memory are counted; with all that it has started.
 * @typedef {{ name: string, pid: number }} Watched
 */

/**
 * @typedef {object} Usage
 * @property {number} cpuSeconds
 * @property {number} rssBytes
 */

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/**
 * What each process and its children used since they began; children that are gone count for their parent.
 * @param {readonly Watched[]} watched
 * @returns {Map<string, Usage>}
 */
export function usageOf(watched) {
  const all = readAll();
  return new Map(watched.map(({ name, pid }) => [name, usageOfTree(all, pid)]));
}

/**
 * Bytes that processes hold together: what each has alone, and once what they share, such as the binary of Node.
 * @param {readonly number[]} pids
 */
export function heldTogether(pids) {
  const all = pids.map((pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const sum = (/** @type {RegExp} */ of) =>
      [...rollup.matchAll(of)].reduce((total, { groups }) => total + Number(groups?.kB) * 1024, 0);
    return { own: sum(/^Private_\w+:\s+(?<kB>\d+)/gm), shared: sum(/^Shared_\w+:\s+(?<kB>\d+)/gm) };
  });
  return all.reduce((total, { own }) => total + own, Math.max(0, ...all.map(({ shared }) => shared)));
}

/** CPU seconds that the whole machine has spent on anything since it began. */
export function busySeconds() {
  const [, ...numbers] = (/^cpu\s.*$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[0] ?? '').split(/\s+/).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = numbers;
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** CPU seconds that this machine waited for because its host was busy. */
export function stolenSeconds() {
  const numbers = (/^cpu\s.*$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[0] ?? '').split(/\s+/).map(Number);
  return (numbers[8] ?? 0) / TICKS_PER_SECOND;
}

/** @typedef {{ parent: number, cpuSeconds: number, rssBytes: number }} Process */

/** @returns {Map<number, Process>} */
function readAll() {
  const all = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      all.set(Number(entry), readStat(readFileSync(`/proc/${entry}/stat`, 'utf8')));
    } catch {
      // It has ended meanwhile.
    }
  }
  return all;
}

/** proc(5): the name in parentheses may hold anything; after it come state, parent, …, utime, stime, cutime, cstime. */
function readStat(/** @type {string} */ stat) {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + (fields[at] ?? 0), 0);
  return {
    parent: fields[1] ?? 0,
    cpuSeconds: ticks / TICKS_PER_SECOND,
    rssBytes: (fields[21] ?? 0) * PAGE_BYTES,
  };
}

/**
 * @param {Map<number, Process>} all
 * @param {number} root
 * @returns {Usage}
 */
function usageOfTree(all, root) {
  const own = all.get(root) ?? { cpuSeconds: 0, rssBytes: 0 };
  const sum = { cpuSeconds: own.cpuSeconds, rssBytes: own.rssBytes };
  for (const [pid, { parent }] of all) {
    if (parent !== root) continue;
    const child = usageOfTree(all, pid);
    sum.cpuSeconds += child.cpuSeconds;
    sum.rssBytes += child.rssBytes;
  }
  return sum;
}
