// @ts-check
/**
 * An SMSC with its customers: delivers their SMS over the sessions that are bound, a window on each, and accepts every
 * reply at once. Lean, so that it takes little from what is measured.
 */
import { createServer } from 'node:net';
import { answerParent } from '../ground/child.mjs';
import { cardNumber, indexOfPhone, phoneNumber } from '../ground/numbers.mjs';
import { SHORT_CODE } from './account.mjs';
import { Feeder } from './feeder.mjs';
import { COMMANDS, deliverSm, destinationOf, pduReader, response } from './pdu.mjs';

/** @typedef {(answer: import('./tally.mjs').Answer) => void} Answered */

/** deliver_sm that may be unanswered on one session. */
const WINDOW = 100;

/** @type {Session[]} */
const receivers = [];
/** @type {{ index: number, answered: Answered }[]} */
const waiting = [];
let lastId = 0;

const feeder = new Feeder(
  (index, answered) => {
    waiting.push({ index, answered });
    deliverWaiting();
  },
  { expectsReplies: true },
);

function deliverWaiting() {
  while (waiting.length > 0) {
    const [first, ...others] = receivers;
    if (first === undefined) return;
    const session = others.reduce((best, one) => (one.unanswered < best.unanswered ? one : best), first);
    if (session.unanswered >= WINDOW) return;
    const next = waiting.shift();
    if (next !== undefined) session.deliver(next.index, next.answered);
  }
}

class Session {
  #socket;
  #sequence = 0;
  /** @type {Map<number, Answered>} */
  #answers = new Map();

  constructor(/** @type {import('node:net').Socket} */ socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on(
      'data',
      pduReader((pdu) => this.#take(pdu)),
    );
    socket.on('close', () => {
      const at = receivers.indexOf(this);
      if (at >= 0) receivers.splice(at, 1);
      for (const answered of this.#answers.values()) answered('failed');
    });
  }

  get unanswered() {
    return this.#answers.size;
  }

  /**
   * @param {number} index
   * @param {Answered} answered
   */
  deliver(index, answered) {
    this.#sequence += 1;
    this.#answers.set(this.#sequence, answered);
    const sms = { from: phoneNumber(index), to: SHORT_CODE, text: `Card ${cardNumber(index)}` };
    this.#write(deliverSm(this.#sequence, sms));
  }

  /** What is written in one turn leaves together. */
  #write(/** @type {Buffer} */ bytes) {
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      queueMicrotask(() => this.#socket.uncork());
    }
    this.#socket.write(bytes);
  }

  #take(/** @type {import('./pdu.mjs').Pdu} */ pdu) {
    switch (pdu.command) {
      case COMMANDS.submit_sm: {
        const index = indexOfPhone(destinationOf(pdu.bytes));
        if (index === undefined) throw new Error('A reply to a phone that never texted');
        lastId += 1;
        this.#write(response(pdu, lastId.toString(16)));
        feeder.onReply(index);
        break;
      }
      case COMMANDS.deliver_sm_resp: {
        const answered = this.#answers.get(pdu.sequence);
        this.#answers.delete(pdu.sequence);
        answered?.(pdu.status === 0 ? 'taken' : 'refused');
        deliverWaiting();
        break;
      }
      case COMMANDS.bind_receiver:
      case COMMANDS.bind_transceiver:
        receivers.push(this);
        this.#write(response(pdu, 'bench'));
        deliverWaiting();
        break;
      case COMMANDS.bind_transmitter:
        this.#write(response(pdu, 'bench'));
        break;
      case COMMANDS.enquire_link:
      case COMMANDS.unbind:
        this.#write(response(pdu));
        break;
      default:
    }
  }
}

const server = createServer({ noDelay: true }, (socket) => new Session(socket));
server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  answerParent({ ...feeder.methods, sessions: () => receivers.length }, { port });
});
