// @ts-check
import { temporaryFolder } from '../../test/support/run.ts';
import { median } from '../measure/statistics.mjs';
import { measure, verify } from '../round.mjs';
import { subjectOf } from '../subjects/all.mjs';

/**
 * @typedef {object} Scale
 * @property {{ cards: number, postgresCpu: number }[]} samples seconds per 1000, median of the rounds
 * @property {number} ratio of the largest registry to the smallest
 * @property {number} lost
 */

const SIZES = [10_000, 1_000_000, 10_000_000];
const ROUNDS = 3;
/** Few enough for the smallest registry. */
const FLOW = /** @type {const} */ ({ kind: 'rate', perSecond: 800 });
const WARM_UP_SECONDS = 2;
const SECONDS = 6;

/**
 * What an activation costs Postgres with ever more cards, at the same rate.
 * @param {import('./all.mjs').StudyGround} ground
 * @returns {Promise<Scale>}
 */
export async function scale(ground) {
  /** @type {Map<number, number[]>} */
  const seen = new Map(SIZES.map((cards) => [cards, []]));
  let lost = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const cards of SIZES) {
      const one = await measureWith(ground, cards);
      seen.get(cards)?.push(one.postgresCpu);
      lost += one.lost;
    }
  }
  for (const cards of SIZES) if (cards !== ground.plan.cards) await ground.postgres.forget('cardwake', cards);
  const samples = [...seen].map(([cards, values]) => ({ cards, postgresCpu: median(values) }));
  return { samples, ratio: (samples.at(-1)?.postgresCpu ?? NaN) / (samples[0]?.postgresCpu ?? NaN), lost };
}

/**
 * @param {import('./all.mjs').StudyGround} ground
 * @param {number} cards
 */
async function measureWith({ postgres, profiles }, cards) {
  const folder = await temporaryFolder('bench-scale');
  const running = await subjectOf('cardwake-http').start({ postgres, folder, cards, profiles });
  try {
    await running.feeder.call('use', { first: 0, count: cards });
    await measure(running, postgres, FLOW, WARM_UP_SECONDS);
    const { cpuOf } = await measure(running, postgres, FLOW, SECONDS);
    const { lost, unreplied } = await verify(running);
    return { postgresCpu: cpuOf.Postgres ?? NaN, lost: lost + unreplied };
  } finally {
    await running.stop();
  }
}
