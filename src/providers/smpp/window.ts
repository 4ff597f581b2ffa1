import type { Pdu } from './wire.ts';

/**
 * What came of a request, told by what may be done next.
 * - `answered`: a response, or a generic_nack, with its sequence number came.
 * - `never-left`: not one byte of it was written.
 * - `unanswered`: it was written and no answer came. Whether it was acted upon cannot be known.
 */
export type Answer =
  | { readonly kind: 'answered'; readonly pdu: Pdu }
  | { readonly kind: 'never-left'; readonly code: string }
  | { readonly kind: 'unanswered'; readonly code: string };

/** One request to be written. */
export interface Request {
  readonly command: string;
  /** The PDU's bytes under the sequence number that it gets. */
  encode(sequence: number): Buffer;
  /** Honoured until the request is written. */
  readonly signal?: AbortSignal;
  /** How long a place in the window is waited for at the most, where that is less than the window's own patience. */
  readonly maxWaitMs?: number;
  /** The same for the answer. */
  readonly maxAnswerMs?: number;
  /** Called when the answer comes after it was given up as `unanswered`, on the same connection. */
  onLateAnswer?(pdu: Pdu): void;
}

export interface WindowOptions {
  /** Requests whose answers are awaited at a time. */
  readonly size: number;
  /** How long an answer, and a place in the window, is waited for. */
  readonly timeoutMs: number;
  /** 1 unless told otherwise. */
  readonly firstSequence?: number;
  write(bytes: Buffer): void;
}

/** The last sequence number; after it comes 1 again. SMPP 3.4 §3.2. */
export const LAST_SEQUENCE = 0x7fff_ffff;

/** Of how many requests that were given up a late answer is still recognised. */
const MAX_LATE = 1_000;

interface Awaited {
  readonly request: Request;
  readonly isSubmitted: boolean;
  readonly deadline: NodeJS.Timeout;
  readonly resolve: (answer: Answer) => void;
}

interface Waiting {
  readonly request: Request;
  readonly deadline: NodeJS.Timeout;
  readonly recall: () => void;
  readonly resolve: (answer: Answer) => void;
}

/**
 * The requests of one connection that wait for their answers, or for their turn. Sequence numbers are given out in turn;
 * when they begin again every answer to the last round has long been given or given up.
 */
export class Window {
  readonly #options: WindowOptions;
  readonly #awaited = new Map<number, Awaited>();
  readonly #late = new Map<number, Request>();
  readonly #queue = new Set<Waiting>();
  readonly #idle: (() => void)[] = [];
  #next: number;
  #submitted = 0;
  #shutBy: string | undefined;
  #failedBy: string | undefined;

  constructor(options: WindowOptions) {
    this.#options = options;
    this.#next = options.firstSequence ?? 1;
  }

  /** Submitted requests whose answers are awaited. */
  get inFlight(): number {
    return this.#submitted;
  }

  /** Submitted requests that wait for a place. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Waits for a place and writes. Never rejects. */
  submit(request: Request): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.#shutBy !== undefined) resolve({ kind: 'never-left', code: this.#shutBy });
      else if (request.signal?.aborted) resolve({ kind: 'never-left', code: 'aborted' });
      else if (this.#submitted < this.#options.size && this.#queue.size === 0) this.#put(request, true, resolve);
      else this.#wait(request, resolve);
    });
  }

  /** Writes at once, beside the window: for binding, enquiring and unbinding. Never rejects. */
  control(request: Request): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.#failedBy !== undefined) resolve({ kind: 'never-left', code: this.#failedBy });
      else this.#put(request, false, resolve);
    });
  }

  /** Gives a response to the request that it belongs to; false when there is none, or it was asked something else. */
  settle(pdu: Pdu): boolean {
    const { sequence } = pdu;
    const awaited = this.#awaited.get(sequence);
    const request = awaited?.request ?? this.#late.get(sequence);
    if (request === undefined || !isAnswerTo(request, pdu)) return false;
    if (awaited !== undefined) this.#end(sequence, awaited, { kind: 'answered', pdu });
    else {
      this.#late.delete(sequence);
      request.onLateAnswer?.(pdu);
    }
    return true;
  }

  /** Takes no more: what was not written is `never-left`, what was written still awaits its answer. */
  shut(code: string): void {
    this.#shutBy ??= code;
    for (const waiting of this.#queue) this.#giveUp(waiting, code);
  }

  /** Shuts, and gives up what was written as `unanswered`. */
  fail(code: string): void {
    this.shut(code);
    this.#failedBy ??= code;
    this.#late.clear();
    for (const [sequence, awaited] of this.#awaited) this.#end(sequence, awaited, { kind: 'unanswered', code });
  }

  /** Resolves when no submitted request awaits an answer. */
  drained(): Promise<void> {
    return this.#submitted === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** From `write` on the request may have left. What cannot even be put into bytes has not. */
  #put(request: Request, isSubmitted: boolean, resolve: (answer: Answer) => void): void {
    const sequence = this.#takeSequence();
    const bytes = encoded(request, sequence);
    if (bytes === undefined) {
      resolve({ kind: 'never-left', code: 'not-encodable' });
      return;
    }
    const deadline = setTimeout(() => this.#expire(sequence), this.#patience(request.maxAnswerMs));
    this.#late.delete(sequence);
    this.#awaited.set(sequence, { request, isSubmitted, deadline, resolve });
    if (isSubmitted) this.#submitted += 1;
    this.#options.write(bytes);
  }

  #takeSequence(): number {
    const sequence = this.#next;
    this.#next = sequence === LAST_SEQUENCE ? 1 : sequence + 1;
    return sequence;
  }

  #expire(sequence: number): void {
    const awaited = this.#awaited.get(sequence);
    if (awaited === undefined) return;
    if (awaited.request.onLateAnswer !== undefined) this.#rememberLate(sequence, awaited.request);
    this.#end(sequence, awaited, { kind: 'unanswered', code: 'response-timeout' });
  }

  #rememberLate(sequence: number, request: Request): void {
    this.#late.set(sequence, request);
    const [oldest] = this.#late.keys();
    if (this.#late.size > MAX_LATE && oldest !== undefined) this.#late.delete(oldest);
  }

  #end(sequence: number, { isSubmitted, deadline, resolve }: Awaited, answer: Answer): void {
    clearTimeout(deadline);
    this.#awaited.delete(sequence);
    resolve(answer);
    if (!isSubmitted) return;
    this.#submitted -= 1;
    if (this.#submitted === 0) for (const tell of this.#idle.splice(0)) tell();
    this.#beginWaiting();
  }

  #wait(request: Request, resolve: (answer: Answer) => void): void {
    const waiting: Waiting = {
      request,
      resolve,
      deadline: setTimeout(() => this.#giveUp(waiting, 'window-full'), this.#patience(request.maxWaitMs)),
      recall: () => this.#giveUp(waiting, 'aborted'),
    };
    request.signal?.addEventListener('abort', waiting.recall);
    this.#queue.add(waiting);
  }

  #patience(maxMs: number | undefined): number {
    return Math.min(maxMs ?? Number.POSITIVE_INFINITY, this.#options.timeoutMs);
  }

  #beginWaiting(): void {
    for (const waiting of this.#queue) {
      if (this.#submitted >= this.#options.size || this.#shutBy !== undefined) return;
      this.#leaveQueue(waiting);
      this.#put(waiting.request, true, waiting.resolve);
    }
  }

  #giveUp(waiting: Waiting, code: string): void {
    this.#leaveQueue(waiting);
    waiting.resolve({ kind: 'never-left', code });
  }

  #leaveQueue(waiting: Waiting): void {
    this.#queue.delete(waiting);
    clearTimeout(waiting.deadline);
    waiting.request.signal?.removeEventListener('abort', waiting.recall);
  }
}

function encoded(request: Request, sequence: number): Buffer | undefined {
  try {
    return request.encode(sequence);
  } catch {
    return undefined;
  }
}

function isAnswerTo(request: Request, { command }: Pdu): boolean {
  return command === `${request.command}_resp` || command === 'generic_nack';
}
