import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PduFields } from 'smpp';
import { type BindKind, errorCode } from './connect.ts';
import type { Deliveries } from './deliveries.ts';
import { frameReader } from './frame.ts';
import { type Answer, type Request, Window } from './window.ts';
import { type Pdu, readPdu, statusName, statusOf, writeRequest, writeResponse } from './wire.ts';

export interface SessionTerms {
  readonly kind: BindKind;
  /** The fields of the bind. */
  readonly bind: PduFields;
  /** submit_sm whose answers are awaited at a time. */
  readonly window: number;
  readonly responseTimeoutMs: number;
  readonly enquireLinkMs: number;
  readonly temporaryStatus: number;
  readonly firstSequence?: number;
  /** The way in; absent: what is delivered is put off with the temporary status. */
  readonly deliveries?: Deliveries;
}

/** A submit_sm, or another request of ours. */
export interface SessionRequest {
  readonly command: string;
  readonly fields: PduFields;
  /** Honoured until the request is written. */
  readonly signal?: AbortSignal;
  /** How long it waits to be written at the most, where that is less than `responseTimeoutMs`. */
  readonly maxWaitMs?: number;
  /** How long its answer is waited for at the most, where that is less than `responseTimeoutMs`. */
  readonly maxAnswerMs?: number;
  /** Called right before the request is written. */
  onWritten?(): void;
  /** Called when the answer comes after it was given up. */
  onLateAnswer?(pdu: Pdu): void;
}

/** How binding ended. */
export type Bound =
  | { readonly kind: 'bound' }
  /** The SMSC's answer. */
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'lost'; readonly reason: string };

/** Unread bytes that may lie between us and a peer that does not read. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** How long an unbind may take before the socket is closed without it. */
const UNBIND_TIMEOUT_MS = 2_000;

/**
 * One connection to an SMSC, from its bind to its end. Whatever the peer sends, it answers, ends the session or is ignored;
 * nothing throws, and nothing is awaited without a time limit.
 */
export class Session {
  readonly #socket: Socket;
  readonly #terms: SessionTerms;
  readonly #window: Window;
  readonly #reader = frameReader();
  readonly #enquiries: NodeJS.Timeout;
  /** Runs while a PDU has begun and is not whole. */
  #patience: NodeJS.Timeout | undefined;
  /** Resolves with the reason once the session is over. Never rejects. */
  readonly ended: Promise<string>;
  #tellEnd: (reason: string) => void = () => undefined;
  #reason = '';
  #state: 'open' | 'bound' | 'closing' | 'ended' = 'open';
  #isEnquiring = false;
  #strayResponses = 0;

  constructor(socket: Socket, terms: SessionTerms) {
    this.#socket = socket;
    this.#terms = terms;
    this.ended = new Promise((resolve) => {
      this.#tellEnd = resolve;
    });
    this.#window = new Window({
      size: terms.window,
      timeoutMs: terms.responseTimeoutMs,
      ...(terms.firstSequence !== undefined && { firstSequence: terms.firstSequence }),
      write: (bytes) => this.#write(bytes),
    });
    this.#enquiries = setInterval(() => void this.#enquire(), terms.enquireLinkMs);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#end(errorCode(error)));
    socket.on('close', () => this.#end('closed by the SMSC'));
    if (socket.destroyed) this.#end('closed by the SMSC');
  }

  get inFlight(): number {
    return this.#window.inFlight;
  }

  /** What is in flight and what waits: the fewer, the sooner a further request is answered. */
  get load(): number {
    return this.#window.inFlight + this.#window.waiting;
  }

  /** Responses that belonged to none of our requests. */
  get strayResponses(): number {
    return this.#strayResponses;
  }

  /** Binds. When that fails the session ends. */
  async bind(): Promise<Bound> {
    const answer = await this.#control(`bind_${this.#terms.kind}`, this.#terms.bind);
    if (answer.kind !== 'answered') return this.#lost(answer.code);
    if (answer.pdu.status !== 0) {
      this.#end(statusName(answer.pdu.status));
      return { kind: 'refused', status: answer.pdu.status };
    }
    // A generic_nack without an error, or an end in the very moment of the answer.
    return this.#state === 'bound' ? { kind: 'bound' } : this.#lost('no bind');
  }

  /** Waits for a place in the window and writes. Never rejects. */
  submit(request: SessionRequest): Promise<Answer> {
    return this.#request(request, (written) => this.#window.submit(written));
  }

  /**
   * Takes no more, waits up to `graceMs` for what is under way and up to `unbindMs` for the answer to its unbind, and
   * closes. Called again, it closes at once. Never rejects.
   */
  async close(graceMs: number, unbindMs = UNBIND_TIMEOUT_MS): Promise<void> {
    if (this.#state === 'bound') {
      this.#state = 'closing';
      this.#window.shut('closing');
      await this.#unlessEnded(graceMs, Promise.all([this.#window.drained(), this.#terms.deliveries?.drained()]));
      await this.#unlessEnded(unbindMs, this.#control('unbind', {}));
    }
    this.#end('closed by us');
  }

  async #unlessEnded(ms: number, work: Promise<unknown>): Promise<void> {
    const timer = new AbortController();
    await Promise.race([work, this.ended, sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }

  #control(command: string, fields: PduFields, maxAnswerMs?: number): Promise<Answer> {
    const request = { command, fields, ...(maxAnswerMs !== undefined && { maxAnswerMs }) };
    return this.#request(request, (written) => this.#window.control(written));
  }

  /** An answer proves that the SMSC has read all that was written before the request: our earlier answers too. */
  async #request(request: SessionRequest, send: (written: Request) => Promise<Answer>): Promise<Answer> {
    const { command, fields, signal, maxWaitMs, maxAnswerMs } = request;
    const { deliveries } = this.#terms;
    let mark = 0;
    const encode = (sequence: number) => {
      const bytes = writeRequest(command, sequence, fields);
      mark = deliveries?.mark() ?? 0;
      request.onWritten?.();
      return bytes;
    };
    const answer = await send({
      command,
      encode,
      ...(signal !== undefined && { signal }),
      ...(maxWaitMs !== undefined && { maxWaitMs }),
      ...(maxAnswerMs !== undefined && { maxAnswerMs }),
      onLateAnswer: (pdu) => request.onLateAnswer?.(pdu),
    });
    if (answer.kind === 'answered') deliveries?.confirm(mark);
    return answer;
  }

  /** One at a time, and none is waited for beyond the next: so a dead peer is noticed within two intervals. */
  async #enquire(): Promise<void> {
    if (this.#state !== 'bound' || this.#isEnquiring) return;
    this.#isEnquiring = true;
    const answer = await this.#control('enquire_link', {}, this.#terms.enquireLinkMs);
    this.#isEnquiring = false;
    if (answer.kind === 'unanswered') this.#end('enquire_link unanswered');
  }

  #read(chunk: Buffer): void {
    const { frames, isPartial, fault } = this.#reader.push(chunk);
    for (const frame of frames) this.#take(readPdu(frame));
    if (fault !== undefined) this.#breakOff(fault);
    if (!isPartial || frames.length > 0) {
      clearTimeout(this.#patience);
      this.#patience = undefined;
    }
    if (isPartial && this.#state !== 'ended') {
      this.#patience ??= setTimeout(() => this.#breakOff('a PDU cut off'), this.#terms.responseTimeoutMs);
    }
  }

  #take(pdu: Pdu): void {
    if (this.#state === 'ended') return;
    if (pdu.isResponse) this.#takeResponse(pdu);
    else if (pdu.command === 'deliver_sm' || pdu.command === 'data_sm') this.#takeDelivery(pdu);
    else if (pdu.command === 'enquire_link') this.#answer(pdu, 0);
    else if (pdu.command === 'unbind') {
      this.#answer(pdu, 0);
      this.#end('unbound by the SMSC');
    } else if (!UNANSWERED.has(pdu.command)) this.#answer(pdu, statusOf('ESME_RINVCMDID'));
  }

  /** Bound at once, not after a turn of the event loop: a deliver_sm may stand behind the answer in the same chunk. */
  #takeResponse(pdu: Pdu): void {
    if (!this.#window.settle(pdu)) {
      this.#strayResponses += 1;
      return;
    }
    const isBind = pdu.command === `bind_${this.#terms.kind}_resp`;
    if (isBind && pdu.status === 0 && this.#state === 'open') this.#state = 'bound';
  }

  /** While we close nothing more is taken, and not answered either: unanswered it comes again with the next bind. */
  #takeDelivery(pdu: Pdu): void {
    if (this.#state === 'closing') return;
    const { deliveries, temporaryStatus } = this.#terms;
    if (this.#state !== 'bound') this.#answer(pdu, statusOf('ESME_RINVBNDSTS'));
    else if (deliveries === undefined) this.#answer(pdu, temporaryStatus);
    else void deliveries.take(pdu, (status) => this.#answer(pdu, status));
  }

  #answer(pdu: Pdu, status: number): void {
    this.#write(writeResponse(pdu, status));
  }

  #write(bytes: Buffer): void {
    if (this.#state === 'ended') return;
    // What is written in one turn of the event loop leaves in one system call: each costs as much as making ten PDUs.
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      setImmediate(() => this.#socket.uncork());
    }
    this.#socket.write(bytes);
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.#end('the SMSC does not read');
  }

  /** The stream has lost its beat: say so, and begin anew on another connection. SMPP 3.4 §4.3. */
  #breakOff(fault: string): void {
    this.#write(writeResponse({ command: 'unknown', sequence: 0 }, statusOf('ESME_RINVCMDLEN')));
    this.#end(fault);
  }

  #lost(reason: string): Bound {
    this.#end(reason);
    return { kind: 'lost', reason: this.#reason };
  }

  #end(reason: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearInterval(this.#enquiries);
    clearTimeout(this.#patience);
    // A last word leaves before the end.
    if (this.#socket.writableCorked > 0) this.#socket.uncork();
    this.#socket.destroy();
    this.#window.fail('session-lost');
    this.#terms.deliveries?.end();
    this.#reason = reason;
    this.#tellEnd(reason);
  }
}

/** Requests that have no answer. SMPP 3.4 §4.1.7 and §4.12. */
const UNANSWERED: ReadonlySet<string> = new Set(['outbind', 'alert_notification']);
