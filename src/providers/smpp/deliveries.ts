import { hash } from 'node:crypto';
import { within } from '../../within.ts';
import type { Received, SessionDoor } from '../provider.ts';
import { unreadable } from '../unreadable.ts';
import { HEADER_BYTES } from './frame.ts';
import type { Redeliveries, Taken } from './redelivery.ts';
import type { Pdu } from './wire.ts';

export interface DeliveryTerms {
  readonly door: SessionDoor;
  readonly redeliveries: Redeliveries;
  /** Reads a deliver_sm or a data_sm; may throw, then it is kept as unreadable. */
  read(pdu: Pdu, id: string): Received;
  /** What an SMSC is answered that shall try again. */
  readonly temporaryStatus: number;
  /** The SMSC waits this long for an answer. */
  readonly timeoutMs: number;
}

/** Deliveries under way on one session at a time; further ones are put off with the temporary status. */
const MAX_UNDER_WAY = 1_000;

/** The way in of one session: deliver_sm and data_sm, from the wire through the door to their answers. */
export class Deliveries {
  readonly #terms: DeliveryTerms;
  readonly #underWay = new Set<Taken>();
  /** Answered, but the SMSC may not have read it; in the order of the answers. */
  readonly #unconfirmed: Taken[] = [];
  readonly #idle: (() => void)[] = [];
  #confirmed = 0;
  #isEnded = false;

  constructor(terms: DeliveryTerms) {
    this.#terms = terms;
  }

  /** Calls `answer` once with 0 when all of it is committed, or with the temporary status. Never rejects. */
  async take(pdu: Pdu, answer: (status: number) => void): Promise<void> {
    const { redeliveries, temporaryStatus } = this.#terms;
    if (this.#underWay.size >= MAX_UNDER_WAY) return answer(temporaryStatus);
    const delivery = redeliveries.begin(digestOf(pdu));
    this.#underWay.add(delivery);
    const isKept = await this.#keep(pdu, delivery.id);
    // Lost with its session: nobody is there to be answered.
    if (!this.#underWay.delete(delivery)) return;
    answer(isKept ? 0 : temporaryStatus);
    // What could not be kept may have been kept all the same, by a commit whose answer was lost.
    if (!isKept) redeliveries.lose(delivery);
    else if (redeliveries.answered(delivery)) this.#unconfirmed.push(delivery);
    if (this.#underWay.size === 0) for (const tell of this.#idle.splice(0)) tell();
  }

  /** A mark in the sequence of answers, to be given to `confirm`. */
  mark(): number {
    return this.#confirmed + this.#unconfirmed.length;
  }

  /** The SMSC has read every answer that was written before the mark: it answered something that was written after it. */
  confirm(mark: number): void {
    const count = mark - this.#confirmed;
    if (count <= 0) return;
    this.#unconfirmed.splice(0, count);
    this.#confirmed = mark;
  }

  /** The session is over: whatever the SMSC has not surely heard of will come again. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const delivery of [...this.#unconfirmed.splice(0), ...this.#underWay]) this.#terms.redeliveries.lose(delivery);
    this.#underWay.clear();
    for (const tell of this.#idle.splice(0)) tell();
  }

  /** Resolves when all that was taken has been answered. */
  drained(): Promise<void> {
    return this.#underWay.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  async #keep(pdu: Pdu, id: string): Promise<boolean> {
    const { door, timeoutMs } = this.#terms;
    try {
      await within(timeoutMs, door.keep([this.#read(pdu, id)], pdu.frame));
      return true;
    } catch {
      return false;
    }
  }

  /** A deliver_sm that nobody can read is kept like an unreadable SMS: refused, it would come again for ever. */
  #read(pdu: Pdu, id: string): Received {
    try {
      return this.#terms.read(pdu, id);
    } catch {
      return unreadable('malformed PDU', pdu.frame, id);
    }
  }
}

/** Of the kind and the body: in the header the sequence number of a repeat is another. */
function digestOf({ command, frame }: Pdu): string {
  return command + hash('sha256', frame.subarray(HEADER_BYTES), 'base64');
}
