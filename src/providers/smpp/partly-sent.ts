import type { MobileTerminated } from '../../sms/message.ts';
import type { SubmitFields } from './submit.ts';

/** A long SMS of which some parts have been taken, or may have been. */
export interface Begun {
  readonly parts: readonly SubmitFields[];
  /** How many have surely been taken, from the first. */
  readonly done: number;
}

/** More than these are not remembered: the oldest are forgotten, and sent from their first part when they come again. */
const MAX_REMEMBERED = 1_000;

/** Long SMS that were interrupted, so that what comes again is only what was not surely taken. By reply. */
export class PartlySent {
  readonly #begun = new Map<string, Begun & { readonly message: MobileTerminated }>();

  /** What is known of this SMS; forgotten thereby. Undefined when it has become another: then it begins anew. */
  take({ replyId, from, to, text }: MobileTerminated): Begun | undefined {
    const begun = this.#begun.get(replyId);
    this.#begun.delete(replyId);
    const { message } = begun ?? {};
    return message?.text === text && message.from === from && message.to === to ? begun : undefined;
  }

  keep(message: MobileTerminated, { parts, done }: Begun): void {
    this.#begun.set(message.replyId, { message, parts, done });
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > MAX_REMEMBERED && oldest !== undefined) this.#begun.delete(oldest);
  }

  /** The part behind those of `begun` was taken, as has been learnt late: unless it has gone on since, it does from there. */
  advance({ replyId }: MobileTerminated, { parts, done }: Begun): void {
    const kept = this.#begun.get(replyId);
    if (kept === undefined || kept.parts !== parts || kept.done !== done) return;
    if (done + 1 < parts.length) this.#begun.set(replyId, { ...kept, done: done + 1 });
    else this.#begun.delete(replyId);
  }
}
