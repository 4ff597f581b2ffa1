// @ts-check
import { percentile } from '../measure/statistics.mjs';

/**
 * What became of a message that was handed over. `taken`: acknowledged, so it must not be lost. `refused`: told to come
 * again. `failed`: no answer, so nobody knows.
 * @typedef {'taken' | 'refused' | 'failed'} Answer
 */

/**
 * `givenUp`: refused or failed, and without a reply; one that was given up too early may still be kept and answered.
 * @typedef {{ sent: number, taken: number, refused: number, failed: number, givenUp: number, replied: number, repeated: number }} Counts
 */

/** @typedef {{ p50: number, p99: number, max: number, count: number }} Times */

/**
 * `refusalOnceGiven`: from when a connection had taken the message; the others from when it was due.
 * @typedef {{ answer: Times, refusal: Times, refusalOnceGiven: Times, reply: Times }} Latencies
 */

/** @typedef {{ second: number, sent: number, taken: number, refused: number, replied: number, slowestMs: number }} Second */

const STATES = { taken: 1, refused: 2, failed: 3 };

/** Everything that is known of each message, by its index; times in ms of the shared clock, 0 for never. */
export class Tally {
  /** @type {Counts} */
  counts = { sent: 0, taken: 0, refused: 0, failed: 0, givenUp: 0, replied: 0, repeated: 0 };
  #sentAt = new Float64Array(1 << 16);
  #givenAt = new Float64Array(1 << 16);
  #answeredAt = new Float64Array(1 << 16);
  #repliedAt = new Float64Array(1 << 16);
  #states = new Uint8Array(1 << 16);

  /** The index of a new message that is due at `at`. */
  send(/** @type {number} */ at) {
    const index = this.counts.sent;
    if (index === this.#states.length) this.#grow();
    this.#sentAt[index] = at;
    this.counts.sent += 1;
    return index;
  }

  /**
   * @param {number} index
   * @param {Answer} answer
   * @param {number} at
   * @param {number} [givenAt] when it was on its way; when it was due unless told
   */
  answer(index, answer, at, givenAt) {
    this.#givenAt[index] = givenAt ?? this.#sentAt[index] ?? 0;
    this.#answeredAt[index] = at;
    this.#states[index] = STATES[answer];
    this.counts[answer] += 1;
    if (answer !== 'taken' && this.#repliedAt[index] === 0) this.counts.givenUp += 1;
  }

  /** False when the message had its reply before. */
  reply(/** @type {number} */ index, /** @type {number} */ at) {
    if (this.#repliedAt[index] !== 0) {
      this.counts.repeated += 1;
      return false;
    }
    if (at < (this.#sentAt[index] ?? 0)) throw new Error(`The reply to message ${index} came before it was sent`);
    this.#repliedAt[index] = at;
    this.counts.replied += 1;
    if (this.#states[index] === STATES.refused || this.#states[index] === STATES.failed) this.counts.givenUp -= 1;
    return true;
  }

  /** For each message sent, whether it was taken. */
  taken() {
    return this.#states.subarray(0, this.counts.sent).map((state) => Number(state === STATES.taken));
  }

  /** How many messages were taken and have no reply. */
  unreplied() {
    let count = 0;
    for (let index = 0; index < this.counts.sent; index += 1) {
      if (this.#states[index] === STATES.taken && this.#repliedAt[index] === 0) count += 1;
    }
    return count;
  }

  /**
   * Of the messages from one index up to another.
   * @param {{ from: number, to: number }} range
   * @returns {Latencies}
   */
  latencies({ from, to }) {
    const waits = (
      /** @type {Float64Array} */ endedAt,
      /** @type {(state: number) => boolean} */ isMeant,
      beganAt = this.#sentAt,
    ) => {
      const found = [];
      for (let index = from; index < to; index += 1) {
        const end = endedAt[index] ?? 0;
        if (end !== 0 && isMeant(this.#states[index] ?? 0)) found.push(end - (beganAt[index] ?? 0));
      }
      return timesOf(Float64Array.from(found).toSorted());
    };
    return {
      answer: waits(this.#answeredAt, (state) => state === STATES.taken),
      refusal: waits(this.#answeredAt, (state) => state === STATES.refused),
      refusalOnceGiven: waits(this.#answeredAt, (state) => state === STATES.refused, this.#givenAt),
      reply: waits(this.#repliedAt, () => true),
    };
  }

  /**
   * What happened in each second since `from`.
   * @param {number} from
   * @returns {Second[]}
   */
  seconds(from) {
    /** @type {Second[]} */
    const seconds = [];
    const at = (/** @type {number} */ time) => {
      const second = Math.floor((time - from) / 1000);
      for (let next = seconds.length; next <= second; next += 1) {
        seconds.push({ second: next, sent: 0, taken: 0, refused: 0, replied: 0, slowestMs: 0 });
      }
      return seconds[second];
    };
    for (let index = 0; index < this.counts.sent; index += 1) this.#count(index, at);
    return seconds;
  }

  /**
   * @param {number} index
   * @param {(time: number) => Second | undefined} at undefined of a time before the first second
   */
  #count(index, at) {
    const [sent = 0, answered = 0, replied = 0] = [
      this.#sentAt[index],
      this.#answeredAt[index],
      this.#repliedAt[index],
    ];
    const [begun, answer, reply] = [at(sent), answered && at(answered), replied && at(replied)];
    if (begun) begun.sent += 1;
    if (reply) reply.replied += 1;
    if (!answer) return;
    if (this.#states[index] === STATES.taken) answer.taken += 1;
    if (this.#states[index] === STATES.refused) answer.refused += 1;
    answer.slowestMs = Math.max(answer.slowestMs, answered - sent);
  }

  #grow() {
    const length = this.#states.length * 2;
    const longer = (/** @type {Float64Array} */ old) => {
      const grown = new Float64Array(length);
      grown.set(old);
      return grown;
    };
    const states = new Uint8Array(length);
    states.set(this.#states);
    this.#states = states;
    this.#sentAt = longer(this.#sentAt);
    this.#givenAt = longer(this.#givenAt);
    this.#answeredAt = longer(this.#answeredAt);
    this.#repliedAt = longer(this.#repliedAt);
  }
}

/**
 * @param {Float64Array} sorted
 * @returns {Times}
 */
function timesOf(sorted) {
  return {
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1) ?? NaN,
    count: sorted.length,
  };
}
