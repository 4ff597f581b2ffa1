// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../test/support/run.ts';
import { median } from '../measure/statistics.mjs';
import { memoryOf, togetherOf, verify } from '../round.mjs';
import { subjectOf } from '../subjects/all.mjs';

/**
 * @typedef {object} Memory
 * @property {number} messages
 * @property {number} mebibytes of the HTTP and the worker process together, the most
 * @property {number} growth mebibytes from the first quarter, less its warm-up, to the last
 * @property {number} lost
 * @property {{ messages: number, http: number, worker: number, together: number }[]} samples in mebibytes; what both share
 *   counts once in `together`
 */

const EVERY_MS = 2_000;
/** It stops by itself when the service does not get on. */
const MAX_SECONDS = 1_800;

/**
 * As many messages as there are cards, at saturation.
 * @param {import('./all.mjs').StudyGround} ground
 * @returns {Promise<Memory>}
 */
export async function memory({ postgres, plan, profiles }) {
  const folder = await temporaryFolder('bench-memory');
  const subject = subjectOf('cardwake-http');
  const running = await subject.start({ postgres, folder, cards: plan.cards, profiles });
  try {
    const samples = await collect(running, subject.window, plan.cards);
    await running.feeder.call('drain');
    const { lost, unreplied, taken } = await verify(running);
    const totals = samples.map(({ together }) => together);
    const quarter = Math.ceil(totals.length / 4);
    return {
      messages: taken,
      mebibytes: Math.max(...totals),
      growth: median(totals.slice(-quarter)) - median(totals.slice(Math.floor(quarter / 3), quarter)),
      lost: lost + unreplied,
      samples,
    };
  } finally {
    await running.stop();
  }
}

/**
 * @param {import('../subjects/subject.mjs').Running} running
 * @param {number} window
 * @param {number} count
 */
async function collect(running, window, count) {
  const { feeder } = running;
  await feeder.call('use', { first: 0, count });
  await feeder.call('feed', { kind: 'window', size: window });
  /** @type {Memory['samples']} */
  const samples = [];
  for (let replied = 0; replied < count && samples.length < (MAX_SECONDS * 1000) / EVERY_MS; ) {
    await sleep(EVERY_MS);
    ({ replied } = await feeder.call('counts'));
    const { HTTP = 0, worker = 0 } = memoryOf(running);
    const together = togetherOf(running) / 2 ** 20;
    samples.push({ messages: replied, http: HTTP / 2 ** 20, worker: worker / 2 ** 20, together });
  }
  await feeder.call('pause');
  return samples;
}
