// @ts-check
/**
 * The provider's side of our sends: accepts every message at once, as Twilio's API answers it, and tells which reply it was.
 * Written on bare sockets, so that it takes little from what is measured.
 */
import { createServer } from 'node:net';
import { answerParent } from '../ground/child.mjs';
import { indexOfPhone } from '../ground/numbers.mjs';
import { ACCOUNT_SID } from './account.mjs';
import { tellReplies } from './replies.mjs';

const tell = tellReplies(Number(process.argv[2]));
let lastId = 0;

const server = createServer({ noDelay: true }, (socket) => {
  let pending = '';
  socket.setEncoding('latin1');
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    pending += chunk;
    for (let body = takeRequest(); body !== undefined; body = takeRequest()) socket.write(answer(body));
  });

  /** The body of the next whole request. */
  function takeRequest() {
    const end = pending.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const head = pending.slice(0, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? NaN);
    if (!head.startsWith('POST ') || Number.isNaN(length)) throw new Error(`Not what Twilio is sent:\n${head}`);
    if (pending.length < end + 4 + length) return undefined;
    const body = pending.slice(end + 4, end + 4 + length);
    pending = pending.slice(end + 4 + length);
    return body;
  }
});

function answer(/** @type {string} */ form) {
  const phone = /(?:^|&)To=%2B(\d+)/.exec(form)?.[1] ?? '';
  const index = indexOfPhone(phone);
  if (index === undefined) throw new Error('A reply to a phone that never texted');
  tell(index);
  lastId += 1;
  const sid = `SM${lastId.toString(16).padStart(32, 'f')}`;
  const body = JSON.stringify({ sid, account_sid: ACCOUNT_SID, status: 'queued', to: `+${phone}`, error_code: null });
  return `HTTP/1.1 201 CREATED\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  answerParent({}, { origin: `http://127.0.0.1:${port}` });
});
