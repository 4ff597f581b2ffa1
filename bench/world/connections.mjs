// @ts-check
import { connect } from 'node:net';
import { now } from '../ground/clock.mjs';

/**
 * An HTTP client that does next to nothing, so that it takes little from what it measures: kept-alive connections, one
 * request on each at a time as providers do it, answers read by their Content-Length.
 * @typedef {(status: number, givenAt: number) => void} OnStatus status 0 when there was no answer; `givenAt` when a connection took
 *   the request, 0 when none did
 */

/** A provider waits so long for an answer; nor does a message wait longer for a connection. */
const TIMEOUT_MS = 15_000;

/** @typedef {{ bytes: string, onStatus: OnStatus, since: number, givenAt: number }} Exchange times of the shared clock */

/**
 * @param {{ ports: readonly number[], maxConnections: number }} target on 127.0.0.1; connections are spread over the ports,
 * as a balancer would
 * @returns {(bytes: string, onStatus: OnStatus) => void} sends the bytes of one request
 */
export function openConnections({ ports, maxConnections }) {
  /** @type {Connection[]} */
  const idle = [];
  /** @type {Set<Connection>} */
  const all = new Set();
  /** @type {Exchange[]} */
  const waiting = [];
  let firstWaiting = 0;
  let opened = 0;

  const release = (/** @type {Connection} */ connection) => {
    const next = waiting[firstWaiting];
    if (next === undefined) {
      idle.push(connection);
      return;
    }
    firstWaiting += 1;
    if (firstWaiting === waiting.length) waiting.length = firstWaiting = 0;
    connection.begin(next);
  };
  const open = () => {
    const port = ports[opened % ports.length] ?? 0;
    opened += 1;
    const connection = new Connection(port, release, () => {
      all.delete(connection);
      const at = idle.indexOf(connection);
      if (at >= 0) idle.splice(at, 1);
      if (waiting[firstWaiting] !== undefined && all.size < maxConnections) release(open());
    });
    all.add(connection);
    return connection;
  };
  setInterval(() => {
    for (const connection of all) connection.giveUpOld();
    for (let next = waiting[firstWaiting]; next && isLong(next.since); next = waiting[firstWaiting]) {
      firstWaiting += 1;
      next.onStatus(0, 0);
    }
  }, 500);
  return (bytes, onStatus) => {
    const exchange = { bytes, onStatus, since: now(), givenAt: 0 };
    const connection = idle.pop() ?? (all.size < maxConnections ? open() : undefined);
    if (connection === undefined) waiting.push(exchange);
    else connection.begin(exchange);
  };
}

function isLong(/** @type {number} */ since) {
  return now() - since > TIMEOUT_MS;
}

class Connection {
  #socket;
  #release;
  #pending = '';
  /** @type {Exchange | undefined} */
  #current;

  /**
   * @param {number} port
   * @param {(connection: Connection) => void} release
   * @param {() => void} onClose
   */
  constructor(port, release, onClose) {
    this.#release = release;
    this.#socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1');
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk) => this.#read(String(chunk)));
    this.#socket.on('close', () => {
      onClose();
      this.#end(0);
    });
  }

  begin(/** @type {Exchange} */ exchange) {
    this.#current = exchange;
    exchange.givenAt = now();
    this.#socket.write(exchange.bytes, 'latin1');
  }

  giveUpOld() {
    if (this.#current !== undefined && isLong(this.#current.givenAt)) this.#socket.destroy();
  }

  #read(/** @type {string} */ chunk) {
    this.#pending += chunk;
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#pending.slice(0, end);
    const isLast = /^connection: *close/im.test(head);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? (isLast ? 0 : NaN));
    if (Number.isNaN(length)) throw new Error(`An answer without Content-Length:\n${head}`);
    if (this.#pending.length < end + 4 + length) return;
    this.#pending = '';
    const status = Number(head.slice(9, 12));
    if (isLast) {
      this.#socket.end();
      this.#end(status);
    } else {
      this.#end(status);
      this.#release(this);
    }
  }

  #end(/** @type {number} */ status) {
    const current = this.#current;
    this.#current = undefined;
    current?.onStatus(status, current.givenAt);
  }
}
