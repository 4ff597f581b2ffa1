// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../test/support/run.ts';
import { measure, verify } from '../round.mjs';
import { cardwakeHttp } from '../subjects/cardwake.mjs';

/** @typedef {import('../world/tally.mjs').Second} Second */

/**
 * @typedef {object} Overload
 * @property {number} peak messages per second at saturation
 * @property {number} offered per second
 * @property {number} goodput replies per second during the overload, as a share of the peak
 * @property {number} refusalP99Ms from when a connection had taken the message
 * @property {number} slowestRefusalMs the same, the slowest of all
 * @property {number} slowestRefusalSinceDueMs with its wait for one of the customer's connections
 * @property {number} answerP99Ms of what was kept, from when it was due
 * @property {number} slowestAnswerMs the same, the slowest of all
 * @property {number} refused
 * @property {number} unanswered calls that had no answer at all while a provider waits for one
 * @property {number} lost of what was acknowledged: not bound, or without a reply
 * @property {number} recoveredSeconds until no more waits than comes in a second
 * @property {Second[]} samples
 */

const TIMES = 3;
const SECONDS = 60;
const AFTER_SECONDS = 40;
/** A provider opens as many as it needs. */
const CONNECTIONS = 2_000;
/** Messages under way while the peak is looked for: as many as may wait at the door, so that none is refused yet. */
const PEAK_WINDOW = 400;

/**
 * Three times the peak for a minute, then half of it.
 * @param {import('./all.mjs').StudyGround} ground
 * @returns {Promise<Overload>}
 */
export async function overload({ postgres, plan, profiles }) {
  const folder = await temporaryFolder('bench-overload');
  const subject = cardwakeHttp('overload', 'everysec', { connections: CONNECTIONS });
  const running = await subject.start({ postgres, folder, cards: plan.cards, profiles });
  const { feeder } = running;
  try {
    await feeder.call('use', { first: 0, count: plan.cards });
    await measure(running, postgres, { kind: 'window', size: PEAK_WINDOW }, 3);
    const { rate: peak } = await measure(running, postgres, { kind: 'window', size: PEAK_WINDOW }, 5);
    const offered = peak * TIMES;
    const from = (await feeder.call('counts')).sent;
    const began = await feeder.call('feed', { kind: 'rate', perSecond: offered });
    await sleep(SECONDS * 1000);
    const to = (await feeder.call('counts')).sent;
    await feeder.call('feed', { kind: 'rate', perSecond: peak / 2 });
    await sleep(AFTER_SECONDS * 1000);
    await feeder.call('pause');
    await feeder.call('drain');
    /** @type {Second[]} */
    const samples = await feeder.call('seconds', began);
    /** @type {import('../world/tally.mjs').Latencies} */
    const { refusal, refusalOnceGiven, answer } = await feeder.call('latencies', { from, to });
    const { lost, unreplied, refused, failed } = await verify(running);
    const replied = samples.slice(0, SECONDS).reduce((sum, second) => sum + second.replied, 0);
    return {
      peak,
      offered,
      goodput: replied / SECONDS / peak,
      refusalP99Ms: refusal.count === 0 ? 0 : refusalOnceGiven.p99,
      slowestRefusalMs: refusal.count === 0 ? 0 : refusalOnceGiven.max,
      slowestRefusalSinceDueMs: refusal.count === 0 ? 0 : refusal.max,
      answerP99Ms: answer.p99,
      slowestAnswerMs: answer.max,
      refused,
      unanswered: failed,
      lost: lost + unreplied,
      recoveredSeconds: recovery(samples, peak / 2),
      samples,
    };
  } finally {
    await running.stop();
  }
}

/**
 * Seconds after the overload until no more waited for its reply than came in a second.
 * @param {readonly Second[]} samples
 * @param {number} perSecond
 */
function recovery(samples, perSecond) {
  let waiting = 0;
  for (const { second, taken, replied } of samples) {
    waiting += taken - replied;
    if (second >= SECONDS && waiting <= perSecond) return second - SECONDS;
  }
  return Infinity;
}
