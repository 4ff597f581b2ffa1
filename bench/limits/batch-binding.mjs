// @ts-check
/** Batch binding alone: a hundred cards locked with one read and bound with one write, a transaction for each hundred. */
import pg from 'pg';
import { answerParent } from '../ground/child.mjs';
import { cardNumber, phoneNumber } from '../ground/numbers.mjs';
import { Feeder } from '../world/feeder.mjs';

/** @typedef {{ index: number, answered: (answer: import('../world/tally.mjs').Answer) => void }} Waiting */

const BATCH = 100;
const IN_FLIGHT = 4;
/** The last messages do not fill a batch. */
const LAST_ONES_MS = 50;
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: IN_FLIGHT });
const LOCK = { name: 'lock', text: 'SELECT number FROM cards WHERE number = ANY ($1) ORDER BY number FOR UPDATE' };
const BIND = {
  name: 'bind',
  text: 'INSERT INTO bindings (card, phone) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING',
};

/** @type {Waiting[]} */
let waiting = [];
const feeder = new Feeder(
  (index, answered) => {
    waiting.push({ index, answered });
    if (waiting.length === 1) setTimeout(bindWaiting, LAST_ONES_MS);
    if (waiting.length === BATCH) bindWaiting();
  },
  { expectsReplies: false },
);

function bindWaiting() {
  const batch = waiting;
  waiting = [];
  if (batch.length === 0) return;
  const answerAll = (/** @type {import('../world/tally.mjs').Answer} */ answer) => {
    for (const one of batch) one.answered(answer);
  };
  bind(batch.map((one) => one.index)).then(
    () => answerAll('taken'),
    () => answerAll('failed'),
  );
}

async function bind(/** @type {number[]} */ indexes) {
  const cards = indexes.map(cardNumber);
  const phones = indexes.map((index) => `+${phoneNumber(index)}`);
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query({ ...LOCK, values: [cards] });
    await client.query({ ...BIND, values: [cards, phones] });
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

answerParent(feeder.methods);
