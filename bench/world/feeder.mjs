// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../ground/clock.mjs';
import { Tally } from './tally.mjs';

/** @typedef {import('./tally.mjs').Answer} Answer */

/**
 * How messages come. `window`: a new one as soon as fewer than `size` are under way, which is as fast as they are worked
 * off. `rate`: at even times, whether or not earlier ones are done.
 * @typedef {{ kind: 'window', size: number } | { kind: 'rate', perSecond: number }} Flow
 */

/**
 * Told what was answered, and when the message was on its way: later than it was due when every connection was taken.
 * @typedef {(answer: Answer, givenAt?: number) => void} Answered
 */

/**
 * Hands one message over, of phone and card `number`, and tells later what was answered.
 * @typedef {(number: number, answered: Answered) => void} Send
 */

/** Without any progress for so long, what is still under way is given up. */
const PATIENCE_MS = 15_000;

/** Feeds a subject and keeps count. Its methods are called by the process that started this one. */
export class Feeder {
  #send;
  #expectsReplies;
  #tally = new Tally();
  /** @type {Flow | undefined} */
  #flow;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  /** When the flow began, and how many messages it has brought since. */
  #began = 0;
  #begun = 0;
  #first = 0;
  #limit = Infinity;

  /**
   * @param {Send} send
   * @param {{ expectsReplies: boolean }} options without replies a message is done when it is acknowledged
   */
  constructor(send, { expectsReplies }) {
    this.#send = send;
    this.#expectsReplies = expectsReplies;
  }

  onReply(/** @type {number} */ number, at = now()) {
    this.#tally.reply(number - this.#first, at);
    this.#fill();
  }

  /** @returns {import('../ground/child.mjs').Methods} */
  get methods() {
    return {
      use: (numbers) => this.#use(numbers),
      expect: (count) => this.#expect(count),
      feed: (flow) => this.#feed(flow),
      pause: () => this.#pause(),
      drain: () => this.#drain(),
      counts: () => ({ ...this.#tally.counts }),
      taken: () => this.#tally.taken(),
      unreplied: () => this.#tally.unreplied(),
      latencies: (range) => this.#tally.latencies(range),
      seconds: (from) => this.#tally.seconds(from),
    };
  }

  /** Which cards and phones there are for the messages to come. */
  #use(/** @type {{ first: number, count: number }} */ { first, count }) {
    this.#first = first;
    this.#limit = count;
  }

  /** So many messages were taken without us, one after the other: from now on their replies are counted. */
  #expect(/** @type {number} */ count) {
    for (let left = count; left > 0; left -= 1) this.#tally.answer(this.#tally.send(now()), 'taken', now());
  }

  #feed(/** @type {Flow} */ flow) {
    this.#pause();
    this.#flow = flow;
    this.#began = now();
    this.#begun = 0;
    if (flow.kind === 'rate') this.#tick();
    else this.#fill();
    return this.#began;
  }

  #pause() {
    clearTimeout(this.#timer);
    this.#flow = undefined;
  }

  /** Resolves when nothing is under way, or nothing has moved for long. */
  async #drain() {
    let left = this.#underWay();
    let lastMove = now();
    while (left > 0 && now() - lastMove < PATIENCE_MS) {
      await sleep(20);
      const stillLeft = this.#underWay();
      if (stillLeft !== left) lastMove = now();
      left = stillLeft;
    }
  }

  #underWay() {
    const { sent, taken, replied, givenUp } = this.#tally.counts;
    return sent - (this.#expectsReplies ? replied : taken) - givenUp;
  }

  /** Sends what the window has room for. */
  #fill() {
    if (this.#flow?.kind !== 'window') return;
    for (let room = this.#flow.size - this.#underWay(); room > 0; room -= 1) this.#sendOne(now());
  }

  /** Sends what is due and comes back when the next is. */
  #tick() {
    if (this.#flow?.kind !== 'rate') return;
    const intervalMs = 1000 / this.#flow.perSecond;
    const due = () => this.#began + this.#begun * intervalMs;
    for (; due() <= now(); this.#begun += 1) this.#sendOne(due());
    this.#timer = setTimeout(() => this.#tick(), due() - now());
  }

  #sendOne(/** @type {number} */ dueAt) {
    if (this.#tally.counts.sent === this.#limit) return;
    const index = this.#tally.send(dueAt);
    this.#send(this.#first + index, (answer, givenAt) => {
      this.#tally.answer(index, answer, now(), givenAt);
      this.#fill();
    });
  }
}
