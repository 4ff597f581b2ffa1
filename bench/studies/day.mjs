// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../test/support/run.ts';
import { sidOf } from '../ground/numbers.mjs';
import { cardwakeHttp } from '../subjects/cardwake.mjs';
import { hoursOf, isPostedTwice, longestDay, outcomeOf } from '../world/day.mjs';

/** @typedef {import('../subjects/subject.mjs').Running} Running */
/** @typedef {{ hour: number, messages: number, perSecond: number }} Hour as it is in life */
/** @typedef {{ outcome: string, messages: number }} Ended */

/**
 * @typedef {object} DayStudy
 * @property {number} messages
 * @property {number} seconds
 * @property {number} perSecond
 * @property {number} timesFaster than the day itself
 * @property {number} peakPerSecond of the day's busiest hour in life
 * @property {number} postedTwice SMS that were acknowledged and posted again
 * @property {number} postedAgain posts that were refused or not answered, so that the provider came back
 * @property {number} lost not in the inbox, or without a reply
 * @property {number} wrong ended otherwise than they should
 * @property {number} doubled rows or replies too many
 * @property {Ended[]} outcomes
 * @property {Hour[]} samples
 */

const MESSAGES = 400_000;
const MAX_SECONDS = 1_200;
const CHUNK = 50_000;

/**
 * A chain's whole day through the HTTP door as fast as it goes, in its order.
 * @param {import('./all.mjs').StudyGround} ground
 * @returns {Promise<DayStudy>}
 */
export async function day({ postgres, plan, profiles }) {
  const messages = Math.min(plan.count ?? MESSAGES, longestDay(plan));
  const folder = await temporaryFolder('bench-day');
  const subject = cardwakeHttp('day', 'everysec', { customers: 'world/day-texter.mjs' });
  const running = await subject.start({ postgres, folder, cards: plan.cards, profiles });
  const { feeder } = running;
  try {
    const rowsBefore = await countRows(running);
    await feeder.call('begin', { cards: plan.cards, past: plan.past });
    await feeder.call('use', { first: 0, count: messages });
    const began = performance.now();
    await feeder.call('feed', { kind: 'window', size: subject.window });
    const deadline = began + MAX_SECONDS * 1000;
    while ((await feeder.call('counts')).sent < messages && performance.now() < deadline) await sleep(200);
    await feeder.call('pause');
    await feeder.call('drain');
    const seconds = (performance.now() - began) / 1000;
    const verdict = await verifyDay(running, rowsBefore);
    const hours = hoursOf(messages).map((count, hour) => ({ hour, messages: count, perSecond: count / 3_600 }));
    return {
      messages,
      seconds,
      perSecond: messages / seconds,
      timesFaster: 86_400 / seconds,
      peakPerSecond: Math.max(...hours.map(({ perSecond }) => perSecond)),
      ...verdict,
      samples: hours,
    };
  } finally {
    await running.stop();
  }
}

/**
 * @param {Running} running
 * @param {number} rowsBefore
 */
async function verifyDay(running, rowsBefore) {
  const { feeder } = running;
  /** @type {Uint8Array} */
  const taken = await feeder.call('taken');
  const numbers = [...taken.keys()].filter((n) => taken[n] === 1);
  const { twice, postedAgain, strays } = await toldAll(feeder, numbers.filter(isPostedTwice).length);
  const { found, right } = await compareOutcomes(running, numbers);
  const { repeated } = await feeder.call('counts');
  const rows = (await countRows(running)) - rowsBefore;
  return {
    postedTwice: twice,
    postedAgain,
    lost: taken.length - found + (await feeder.call('unreplied')),
    wrong: found - right,
    doubled: Math.max(0, rows - taken.length) + repeated + strays,
    outcomes: [...new Set(numbers.map(outcomeOf))].map((outcome) => ({
      outcome,
      messages: numbers.filter((n) => outcomeOf(n) === outcome).length,
    })),
  };
}

/**
 * What the customers' script tells, once all second posts are acknowledged or ten seconds have passed.
 * @param {import('../ground/processes.mjs').Script} feeder
 * @param {number} twice
 */
async function toldAll(feeder, twice) {
  for (let tries = 0; ; tries += 1) {
    const told = await feeder.call('told');
    if (told.twice >= twice || tries === 50) return told;
    await sleep(200);
  }
}

/**
 * How many of the messages are in the inbox, and how many ended as they should.
 * @param {Running} running
 * @param {readonly number[]} numbers
 */
async function compareOutcomes({ database }, numbers) {
  const compared = { found: 0, right: 0 };
  for (let at = 0; at < numbers.length; at += CHUNK) {
    const some = numbers.slice(at, at + CHUNK);
    const answer = await database?.pool.query(
      `SELECT count(*)::int AS found, count(*) FILTER (WHERE it.outcome = e.outcome)::int AS right
        FROM unnest($1::text[], $2::text[]) AS e (sid, outcome)
        JOIN inbox AS it ON it.channel = 'bench' AND it.provider_message_id = e.sid`,
      [some.map(sidOf), some.map(outcomeOf)],
    );
    compared.found += answer?.rows[0].found ?? 0;
    compared.right += answer?.rows[0].right ?? 0;
  }
  return compared;
}

/** @returns {Promise<number>} */
async function countRows(/** @type {Running} */ { database }) {
  return (await database?.pool.query('SELECT count(*)::int AS count FROM inbox'))?.rows[0].count ?? NaN;
}
