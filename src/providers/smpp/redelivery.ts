/** One deliver_sm that was taken: its id is the idempotency key of the SMS in it. */
export interface Taken {
  readonly id: string;
  /** Of the content: what a repeat has in common with it, whatever its sequence number. */
  readonly digest: string;
}

export interface RedeliveryOptions {
  readonly newId: () => string;
  /** Ms of a clock that never jumps. */
  readonly now: () => number;
}

/** A delivery that was answered after more than this may be sent once more by an SMSC that had given up on the first. */
export const SLOW_ANSWER_MS = 5_000;

/** For so long after it was lost a delivery is expected to come again. SMSCs wait from seconds to half an hour. */
export const REMEMBER_MS = 30 * 60_000;

/** More than these are not remembered: the oldest are forgotten. */
const MAX_LOST = 10_000;

interface Lost {
  readonly delivery: Taken;
  readonly until: number;
}

/**
 * Gives ids to deliveries, because SMPP has none for an SMS to us. A delivery is known again by its content, but only
 * while there is a reason to expect it again: it is under way, it was answered late, it got a temporary status, or its
 * session ended before the SMSC had surely read our answer. Then the repeat gets the same id, and the store knows it;
 * otherwise two SMS of the same words are two SMS.
 */
export class Redeliveries {
  readonly #options: RedeliveryOptions;
  readonly #underWay = new Map<Taken, number>();
  readonly #underWayByDigest = new ByDigest();
  readonly #lost = new Map<Taken, Lost>();
  readonly #lostByDigest = new ByDigest();

  constructor(options: RedeliveryOptions) {
    this.#options = options;
  }

  /** How many are expected again. */
  get expected(): number {
    return this.#lost.size;
  }

  /** The delivery with the id of the one that it repeats, or with a new one. */
  begin(digest: string): Taken {
    const now = this.#options.now();
    const repeated = this.#expected(digest, now) ?? this.#underWayByDigest.first(digest);
    const delivery: Taken = { id: repeated?.id ?? this.#options.newId(), digest };
    this.#underWay.set(delivery, now);
    this.#underWayByDigest.add(delivery);
    return delivery;
  }

  /** Its answer was written in time. True when it was; false when it took so long that it may come again. */
  answered(delivery: Taken): boolean {
    const began = this.#underWay.get(delivery) ?? 0;
    const isInTime = this.#options.now() - began < SLOW_ANSWER_MS;
    if (isInTime) this.#finish(delivery);
    else this.lose(delivery);
    return isInTime;
  }

  /** It will probably come again. */
  lose(delivery: Taken): void {
    const now = this.#options.now();
    this.#finish(delivery);
    this.#forgetOld(now);
    this.#lost.set(delivery, { delivery, until: now + REMEMBER_MS });
    this.#lostByDigest.add(delivery);
  }

  /** Takes the first that is expected: its id is used once. */
  #expected(digest: string, now: number): Taken | undefined {
    this.#forgetOld(now);
    const delivery = this.#lostByDigest.first(digest);
    if (delivery !== undefined) this.#forget(delivery);
    return delivery;
  }

  /** They are in the order of time. */
  #forgetOld(now: number): void {
    for (const { delivery, until } of this.#lost.values()) {
      if (until > now && this.#lost.size < MAX_LOST) return;
      this.#forget(delivery);
    }
  }

  #forget(delivery: Taken): void {
    this.#lost.delete(delivery);
    this.#lostByDigest.remove(delivery);
  }

  #finish(delivery: Taken): void {
    this.#underWay.delete(delivery);
    this.#underWayByDigest.remove(delivery);
  }
}

/** Deliveries by their content, the oldest first. */
class ByDigest {
  readonly #deliveries = new Map<string, Set<Taken>>();

  first(digest: string): Taken | undefined {
    return this.#deliveries.get(digest)?.values().next().value;
  }

  add(delivery: Taken): void {
    const alike = this.#deliveries.get(delivery.digest) ?? new Set();
    this.#deliveries.set(delivery.digest, alike.add(delivery));
  }

  remove(delivery: Taken): void {
    const alike = this.#deliveries.get(delivery.digest);
    alike?.delete(delivery);
    if (alike?.size === 0) this.#deliveries.delete(delivery.digest);
  }
}
