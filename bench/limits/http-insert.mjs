// @ts-check
/** The bare door: `node:http` and one insert for each SMS, acknowledged after its commit; no signature, no reading. */
import { createServer } from 'node:http';
import { parse } from 'node:querystring';
import pg from 'pg';
import { answerParent } from '../ground/child.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const INSERT = {
  name: 'insert',
  text: 'INSERT INTO inbox (sid, sender, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
};
const ANSWER = '<Response/>';

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    const { MessageSid: sid, From: from, Body: text } = parse(body);
    pool.query({ ...INSERT, values: [sid, from, text] }).then(
      () => response.writeHead(200, { 'content-type': 'text/xml', 'content-length': ANSWER.length }).end(ANSWER),
      () => response.writeHead(503, { 'content-length': 0 }).end(),
    );
  });
});

server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  answerParent({}, { url: `http://127.0.0.1:${port}/` });
});
