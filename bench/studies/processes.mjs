// @ts-check
import { temporaryFolder } from '../../test/support/run.ts';
import { median } from '../measure/statistics.mjs';
import { measure, verify } from '../round.mjs';
import { cardwakeHttp } from '../subjects/cardwake.mjs';

/**
 * @typedef {object} Processes
 * @property {{ processes: number, rate: number, cpu: number }[]} samples by number of HTTP and of worker processes: SMS per
 *   second and CPU seconds per 1000, medians of the rounds
 * @property {number} messages that were taken in all rounds
 * @property {number} cpuRatio of the most processes to one of each
 * @property {number} lost
 * @property {number} doubled
 */

const COUNTS = [1, 2, 4];
/** At most; a run of fewer rounds has fewer. */
const ROUNDS = 3;
/** Long: eight processes that are all cold share the cores. */
const WARM_UP_SECONDS = 8;
const SECONDS = 8;

/**
 * More and more HTTP and worker processes over one Postgres and one Redis. They share the cores of this machine, so their
 * rate cannot rise with their number: what is shown is what an SMS costs more then, and that none is lost or done twice.
 * @param {import('./all.mjs').StudyGround} ground
 * @returns {Promise<Processes>}
 */
export async function processes(ground) {
  /** @type {Map<number, { rate: number, cpu: number }[]>} */
  const seen = new Map(COUNTS.map((count) => [count, []]));
  const sum = { messages: 0, lost: 0, doubled: 0 };
  for (let round = 0; round < Math.min(ROUNDS, ground.plan.rounds); round += 1) {
    for (const count of COUNTS) {
      const { rate, cpu, verdict } = await measureWith(ground, count);
      seen.get(count)?.push({ rate, cpu });
      sum.messages += verdict.taken;
      sum.lost += verdict.lost + verdict.unreplied;
      sum.doubled += verdict.repeated + verdict.foreign;
    }
  }
  const samples = [...seen].map(([count, rounds]) => ({
    processes: count,
    rate: median(rounds.map(({ rate }) => rate)),
    cpu: median(rounds.map(({ cpu }) => cpu)),
  }));
  return { samples, cpuRatio: (samples.at(-1)?.cpu ?? NaN) / (samples[0]?.cpu ?? NaN), ...sum };
}

/**
 * @param {import('./all.mjs').StudyGround} ground
 * @param {number} count
 */
async function measureWith({ postgres, plan, profiles }, count) {
  const folder = await temporaryFolder('bench-processes');
  const subject = cardwakeHttp('processes', 'everysec', { processes: count });
  const running = await subject.start({ postgres, folder, cards: plan.cards, profiles });
  const flow = /** @type {const} */ ({ kind: 'window', size: subject.window });
  try {
    await running.feeder.call('use', { first: 0, count: plan.cards });
    await measure(running, postgres, flow, WARM_UP_SECONDS);
    const { rate, cpu } = await measure(running, postgres, flow, SECONDS);
    return { rate, cpu, verdict: await verify(running) };
  } finally {
    await running.stop();
  }
}
