// @ts-check
import { cardNumber, phoneNumber } from '../ground/numbers.mjs';

/** @typedef {import('../ground/postgres.mjs').BenchPostgres} BenchPostgres */
/** @typedef {import('../ground/postgres.mjs').BenchDatabase} BenchDatabase */
/** @typedef {import('../ground/processes.mjs').Script} Script */
/** @typedef {import('../ground/processes.mjs').Started} Started */

/**
 * What a subject is started on.
 * @typedef {object} Ground
 * @property {BenchPostgres} postgres
 * @property {string} folder the round's own
 * @property {number} cards in the registry
 * @property {string | undefined} profiles takes V8 CPU profiles of our processes
 */

/**
 * Under what it is measured. `saturation`: as much as it can do. `calm`: 100/s, where most chains live. `acks`: 300/s, for
 * the wait until the acknowledgement.
 * @typedef {'saturation' | 'calm' | 'acks'} Load
 */

/**
 * One of those that are compared.
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} title
 * @property {readonly Load[]} loads
 * @property {number} window messages under way at saturation
 * @property {number} [warmUpSecondsAtMost] less than the plan’s
 * @property {(ground: Ground) => Promise<Running>} start
 */

/**
 * One that runs.
 * @typedef {object} Running
 * @property {Script} feeder
 * @property {boolean} hasReplies
 * @property {readonly Started[]} counted whose CPU and memory are its cost; Postgres is counted besides
 * @property {readonly Started[]} outside the world around it: whose are not
 * @property {BenchDatabase} [database] its own, for who asks more of it than `verify`
 * @property {(taken: Uint8Array) => Promise<Found>} verify
 * @property {() => Promise<void>} stop
 */

/**
 * What the database says of the messages that were taken.
 * @typedef {{ lost: number, foreign: number }} Found
 */

const CHUNK = 50_000;

/**
 * Looks for the row of every message that was taken. `lost` have none; `foreign` rows belong to no message that was sent.
 * @param {BenchDatabase} database
 * @param {Uint8Array} taken
 * @param {number} before rows that were there before
 * @param {{ table: string, match: string }} where `match` compares a row `it` with `card` and `phone`, without a plus
 * @returns {Promise<Found>}
 */
async function findRows({ pool }, taken, before, { table, match }) {
  const indexes = [...taken.keys()].filter((index) => taken[index] === 1);
  const count = async (/** @type {number[]} */ some) => {
    const query = `SELECT count(*)::int AS count FROM unnest($1::text[], $2::text[]) AS e (card, phone)
      JOIN ${table} AS it ON ${match}`;
    const { rows } = await pool.query(query, [some.map(cardNumber), some.map(phoneNumber)]);
    return rows[0].count;
  };
  let found = 0;
  for (let at = 0; at < indexes.length; at += CHUNK) found += await count(indexes.slice(at, at + CHUNK));
  const all = (await pool.query(`SELECT count(*)::int AS count FROM ${table}`)).rows[0].count;
  return { lost: indexes.length - found, foreign: Math.max(0, all - before - taken.length) };
}

/**
 * Every message that was taken must have bound its card to its phone, and nothing else may be bound.
 * @param {BenchDatabase} database
 * @param {Uint8Array} taken
 */
export function verifyBindings(database, taken) {
  const match = `it.card = e.card AND it.phone = '+' || e.phone`;
  return findRows(database, taken, database.boundBefore, { table: 'bindings', match });
}

/**
 * Every message that was taken must stand in the inbox.
 * @param {BenchDatabase} database
 * @param {Uint8Array} taken
 */
export function verifyInbox(database, taken) {
  const match = `it.body = 'Card ' || e.card AND it.sender = '+' || e.phone`;
  return findRows(database, taken, 0, { table: 'inbox', match });
}

/**
 * Ends the parts in order, each even when another fails.
 * @param {readonly (() => Promise<unknown>)[]} endings
 */
export async function endAll(endings) {
  const results = [];
  for (const end of endings) results.push(...(await Promise.allSettled([end()])));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
