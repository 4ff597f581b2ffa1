// @ts-check
import { connect, createServer } from 'node:net';
import { now } from '../ground/clock.mjs';

/** A reply is told as its message's index and the time at which it was there. */
const RECORD_BYTES = 12;

/** What is told travels together for so long: telling must cost nothing beside what is measured. */
const FLUSH_MS = 2;

/**
 * Listens for replies that another process tells.
 * @param {(index: number, at: number) => void} onReply
 * @returns {Promise<number>} the port
 */
export async function listenForReplies(onReply) {
  const server = createServer((socket) => {
    /** @type {Buffer} */
    let pending = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const whole = bytes.length - (bytes.length % RECORD_BYTES);
      for (let at = 0; at < whole; at += RECORD_BYTES) onReply(bytes.readUInt32LE(at), bytes.readDoubleLE(at + 4));
      pending = bytes.subarray(whole);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
}

/**
 * Tells replies to whoever listens at the port.
 * @param {number} port
 * @returns {(index: number) => void}
 */
export function tellReplies(port) {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  /** @type {Buffer[]} */
  let records = [];
  const flush = () => {
    socket.write(Buffer.concat(records));
    records = [];
  };
  return (index) => {
    const record = Buffer.allocUnsafe(RECORD_BYTES);
    record.writeUInt32LE(index, 0);
    record.writeDoubleLE(now(), 4);
    records.push(record);
    if (records.length === 1) setTimeout(flush, FLUSH_MS);
  };
}
