import { type Backoff, backoffMs } from '../../flow/backoff.ts';
import { pause } from '../../flow/pause.ts';
import type { SessionState } from '../provider.ts';
import type { BindGate, BindResult } from './bind-gate.ts';
import { type BindKind, connectTo } from './connect.ts';
import type { SmppOptions } from './options.ts';
import { Session, type SessionTerms } from './session.ts';
import { isRefusedPassword } from './statuses.ts';
import { statusName } from './wire.ts';

export interface SupervisionTerms {
  readonly options: SmppOptions;
  readonly gate: BindGate;
  readonly backoff: Backoff;
  readonly random: () => number;
  /** What a new session works with. */
  newSession(kind: BindKind): SessionTerms;
  /** Told of each change of a session's state. */
  onChange(state: SessionState): void;
}

/** How the sessions are told to end; see `Sessions.run`. */
export interface Ending {
  readonly part: AbortSignal;
  readonly cut: AbortSignal;
}

/** How long what is under way may take when we part. */
const GRACE_MS = 5_000;

/** How long an unbind may take when we are cut off: well within half a second. */
const CUT_UNBIND_MS = 300;

/** One place for a session: it is filled again whenever it is empty, until the end. */
export class Line {
  readonly name: string;
  readonly kind: BindKind;
  readonly #terms: SupervisionTerms;
  #session: Session | undefined;
  #state: SessionState['state'] = 'closed';
  #since = new Date();
  #reason: string | undefined;

  /** `index` from 1. */
  constructor(kind: BindKind, index: number, terms: SupervisionTerms) {
    this.kind = kind;
    this.name = `${kind}-${index}`;
    this.#terms = terms;
  }

  /** The session, while it is bound. */
  get bound(): Session | undefined {
    return this.#state === 'bound' ? this.#session : undefined;
  }

  state(): SessionState {
    const { inFlight = 0, strayResponses = 0 } = this.#session ?? {};
    return {
      name: this.name,
      state: this.#state,
      since: this.#since,
      inFlight,
      ...(strayResponses > 0 && { strayResponses }),
      ...(this.#reason !== undefined && { reason: this.#reason }),
    };
  }

  /** Binds again and again, one attempt at a time, until it is told to end; then closes. Never rejects. */
  async run(ending: Ending): Promise<void> {
    const { gate, backoff, random } = this.#terms;
    const signal = AbortSignal.any([ending.part, ending.cut]);
    for (let failures = 0; !signal.aborted; ) {
      const result = await gate.pass(() => this.#bind(signal), signal);
      if (result === undefined) break;
      const heldMs = result === 'bound' ? await this.#hold(ending) : 0;
      // A session that is thrown out soon after each bind is no success either.
      failures = heldMs >= backoff.maxMs ? 1 : failures + 1;
      if (signal.aborted) break;
      this.#enter('waiting', this.#reason);
      await pause(backoffMs(failures, backoff, random), signal);
    }
    this.#enter('closed');
  }

  async #bind(signal: AbortSignal): Promise<BindResult> {
    this.#enter('connecting', this.#reason);
    const connected = await connectTo(this.#terms.options, signal);
    if (connected.kind === 'failed') return this.#fail(connected.reason);
    this.#enter('binding', this.#reason);
    const session = new Session(connected.socket, this.#terms.newSession(this.kind));
    const abort = () => void session.close(0);
    signal.addEventListener('abort', abort);
    const bound = await session.bind();
    signal.removeEventListener('abort', abort);
    if (bound.kind === 'lost') return this.#fail(bound.reason);
    if (bound.kind === 'refused') {
      this.#fail(`bind refused: ${statusName(bound.status)}`);
      return isRefusedPassword(bound.status) ? 'refused-password' : 'failed';
    }
    this.#session = session;
    this.#enter('bound');
    return 'bound';
  }

  /** Waits for the end of the bound session; resolves with how long it held, in ms. */
  async #hold({ part, cut }: Ending): Promise<number> {
    const session = this.#session;
    if (session === undefined) return 0;
    const began = performance.now();
    const close = () => {
      this.#enter('unbinding');
      void (cut.aborted ? session.close(0, CUT_UNBIND_MS) : session.close(GRACE_MS));
    };
    if (part.aborted || cut.aborted) close();
    part.addEventListener('abort', close);
    cut.addEventListener('abort', close);
    this.#reason = await session.ended;
    part.removeEventListener('abort', close);
    cut.removeEventListener('abort', close);
    this.#session = undefined;
    return performance.now() - began;
  }

  #fail(reason: string): 'failed' {
    this.#reason = reason;
    return 'failed';
  }

  #enter(state: SessionState['state'], reason?: string): void {
    this.#state = state;
    this.#since = new Date();
    this.#reason = reason;
    this.#terms.onChange(this.state());
  }
}
