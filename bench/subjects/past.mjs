// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../test/support/run.ts';
import { cardNumber, phoneNumber } from '../ground/numbers.mjs';
import { cardwakeHttp } from './cardwake.mjs';

/** @typedef {import('../ground/postgres.mjs').Live} Live */

const WINDOW = 1_000;
/** Fewer until the processes are warm: an SMS that is refused would be missing in the past. */
const FIRST = { window: 50, messages: 1_000 };

/**
 * Our own past is lived through by Cardwake itself, so that every table has what it would have; a plain schema has no more
 * past than its bindings.
 * @type {Live}
 */
export async function live(database, { schema, first, count }) {
  if (schema === 'plain') return bind(database, first, count);
  const postgres = {
    pid: 0,
    version: () => Promise.resolve(''),
    forget: () => Promise.reject(new Error('This is none')),
    clone: () => Promise.resolve(database),
    settle: () => Promise.resolve(),
  };
  const folder = await temporaryFolder('bench-past');
  // Plans that are made for empty tables would read all of them again and again as they grow.
  const name = new URL(database.url).pathname.slice(1);
  await database.pool.query(`ALTER DATABASE ${name} SET enable_seqscan = off`);
  const { feeder, stop } = await cardwakeHttp('past', 'everysec').start({
    postgres,
    folder,
    cards: 0,
    profiles: undefined,
  });
  await feeder.call('use', { first, count });
  const sendTo = async (/** @type {number} */ sent, /** @type {number} */ size) => {
    await feeder.call('feed', { kind: 'window', size });
    while ((await feeder.call('counts')).sent < sent) await sleep(50);
  };
  await sendTo(Math.min(FIRST.messages, count), FIRST.window);
  await sendTo(count, WINDOW);
  await feeder.call('drain');
  const { replied } = await feeder.call('counts');
  await stop();
  if (replied < count) throw new Error(`Of the past only ${replied} of ${count} messages were answered: run it again`);
  await database.pool.query(`ALTER DATABASE ${name} RESET enable_seqscan`);
}

/**
 * @param {import('../ground/postgres.mjs').BenchDatabase} database
 * @param {number} first
 * @param {number} count
 */
async function bind({ pool }, first, count) {
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  const phones = numbers.map((number) => `+${phoneNumber(number)}`);
  const insert = 'INSERT INTO bindings (card, phone) SELECT * FROM unnest($1::text[], $2::text[])';
  await pool.query(insert, [numbers.map(cardNumber), phones]);
}
