// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../test/support/run.ts';
import { cardNumber, phoneNumber, sidOf } from '../ground/numbers.mjs';
import { memoryOf, verify } from '../round.mjs';
import { cardwakeHttp } from '../subjects/cardwake.mjs';
import { ADDRESS } from '../world/account.mjs';

/**
 * @typedef {object} Backlog
 * @property {number} messages
 * @property {number} seconds from the start of the processes until the last reply was accepted
 * @property {number} perSecond
 * @property {number} mebibytes of the worker process, the most
 * @property {number} lost not bound, or without a reply
 * @property {number} doubled
 * @property {{ second: number, replied: number, worker: number }[]} samples replies so far, and mebibytes
 */

const EVERY_MS = 2_000;
/** It stops by itself when nothing moves. */
const STANDSTILL_SECONDS = 60;
const CHUNK = 20_000;

/**
 * SMS that were acknowledged while no worker ran, an empty Redis, and a worker that is started then.
 * @param {import('./all.mjs').StudyGround} ground
 * @returns {Promise<Backlog>}
 */
export async function backlog({ postgres, plan, profiles }) {
  const messages = Math.min(plan.count ?? plan.cards, plan.cards);
  const folder = await temporaryFolder('bench-backlog');
  const subject = cardwakeHttp('backlog', 'everysec', { before: (database) => receive(database, messages) });
  const running = await subject.start({ postgres, folder, cards: plan.cards, profiles });
  const { feeder } = running;
  try {
    await feeder.call('expect', messages);
    const samples = await collect(running, messages);
    const seconds = samples.at(-1)?.second ?? NaN;
    const { lost, unreplied, repeated, foreign } = await verify(running);
    return {
      messages,
      seconds,
      perSecond: messages / seconds,
      mebibytes: Math.max(...samples.map(({ worker }) => worker)),
      lost: lost + unreplied,
      doubled: repeated + foreign,
      samples,
    };
  } finally {
    await running.stop();
  }
}

/**
 * @param {import('../subjects/subject.mjs').Running} running
 * @param {number} messages
 */
async function collect(running, messages) {
  const began = performance.now();
  /** @type {Backlog['samples']} */
  const samples = [];
  let replied = 0;
  for (let still = 0; replied < messages && still * EVERY_MS < STANDSTILL_SECONDS * 1000; ) {
    await sleep(EVERY_MS);
    const before = replied;
    ({ replied } = await running.feeder.call('counts'));
    still = replied === before ? still + 1 : 0;
    const { worker = 0 } = memoryOf(running);
    samples.push({ second: (performance.now() - began) / 1000, replied, worker: worker / 2 ** 20 });
  }
  return samples;
}

/**
 * Puts SMS of as many phones and free cards into the inbox, as the HTTP process would have left them.
 * @param {import('../ground/postgres.mjs').BenchDatabase} database
 * @param {number} messages
 */
async function receive({ pool }, messages) {
  for (let first = 0; first < messages; first += CHUNK) {
    const numbers = Array.from({ length: Math.min(CHUNK, messages - first) }, (_, index) => first + index);
    await pool.query(
      `INSERT INTO inbox (channel, provider_message_id, program, sender, sender_raw, country, recipient, text, script, intent)
        SELECT 'bench', sid, 'club', '+' || phone, '+' || phone, 'RU', $4, 'Card ' || card, 'latin',
          jsonb_build_object('kind', 'card', 'card', card)
        FROM unnest($1::text[], $2::text[], $3::text[]) AS e (sid, phone, card)`,
      [numbers.map(sidOf), numbers.map(phoneNumber), numbers.map(cardNumber), ADDRESS],
    );
  }
  await pool.query('ANALYZE inbox');
}
