// @ts-check
/** What Kannel asks about each SMS: a plain server that binds the card with one statement and answers the reply's text. */
import { createServer } from 'node:http';
import { parse } from 'node:querystring';
import pg from 'pg';
import { answerParent } from '../ground/child.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });

const BIND = {
  name: 'bind',
  text: `INSERT INTO bindings (card, phone) SELECT number, $2 FROM cards WHERE number = $1 AND status = 'issued'
    ON CONFLICT DO NOTHING`,
};

const server = createServer((request, response) => {
  const query = parse(request.url?.split('?')[1] ?? '');
  void answer(response, String(query.from), String(query.text));
});

/**
 * @param {import('node:http').ServerResponse} response
 * @param {string} from
 * @param {string} text
 */
async function answer(response, from, text) {
  const card = /\d{16}/.exec(text)?.[0];
  const phone = `+${from.replace(/^\+/, '')}`;
  try {
    const { rowCount } = await pool.query({ ...BIND, values: [card, phone] });
    const reply =
      rowCount === 1
        ? `Welcome to Club! Card **** ${card?.slice(-4)} is now yours. Show it at the till to earn and spend points.`
        : 'This card cannot be activated. Please call +74950000000.';
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': reply.length }).end(reply);
  } catch (error) {
    console.error(error);
    response.writeHead(503, { 'content-length': 0 }).end();
  }
}

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  answerParent({}, { port });
});
