// @ts-check
/**
 * The straightforward design, its workers: four statements bind a card, one job sends the reply through the twilio client.
 */
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import parsePhone from 'libphonenumber-js/max';
import { Liquid } from 'liquidjs';
import pg from 'pg';
import twilio from 'twilio';
import { answerParent } from '../ground/child.mjs';
import { ACCOUNT_SID, AUTH_TOKEN } from '../world/account.mjs';

const { REDIS_URL = '', DATABASE_URL, PROVIDER_URL = '' } = process.env;
const concurrency = Number(process.argv[2]);
const connect = () => new Redis(REDIS_URL, { maxRetriesPerRequest: null });
const replies = new Queue('reply', { connection: connect() });
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 20 });
const welcome = new Liquid().parse(
  'Welcome to {{ program }}! Card {{ card }} is now yours. Show it at the till to earn and spend points.',
);
const liquid = new Liquid();

/** The client's own HTTP, but to the provider of the benchmark. */
const httpClient = new twilio.RequestClient();
const request = httpClient.request.bind(httpClient);
httpClient.request = (options) =>
  request({ ...options, uri: options.uri.replace('https://api.twilio.com', PROVIDER_URL) });
const client = twilio(ACCOUNT_SID, AUTH_TOKEN, { httpClient });

const activate = new Worker(
  'sms',
  async ({ id, data: { from, to, text } }) => {
    const phone = parsePhone(from);
    const card = /\d{16}/.exec(text)?.[0];
    if (!phone?.isValid() || card === undefined) return;
    const found = await pool.query('SELECT status FROM cards WHERE number = $1', [card]);
    const bound = await pool.query('SELECT card, phone FROM bindings WHERE card = $1 OR phone = $2', [
      card,
      phone.number,
    ]);
    if (found.rows[0]?.status !== 'issued' || bound.rows.length > 0) return;
    await pool.query('INSERT INTO bindings (card, phone) VALUES ($1, $2)', [card, phone.number]);
    await pool.query(`UPDATE cards SET status = 'active' WHERE number = $1`, [card]);
    const body = await liquid.render(welcome, { program: 'Club', card: `•••• ${card.slice(-4)}` });
    await replies.add(
      'reply',
      { from: to, to: from, body },
      { jobId: `reply-${id}`, attempts: 5, removeOnComplete: 1_000 },
    );
  },
  { connection: connect(), concurrency },
);
const send = new Worker('reply', async ({ data }) => void (await client.messages.create(data)), {
  connection: connect(),
  concurrency,
});

await Promise.all([activate.waitUntilReady(), send.waitUntilReady()]);
answerParent({});
