/** How many submit_sm are written in a second: the more of this second, counted by the clock, and the one before it. */
export class WriteRate {
  #second = 0;
  #count = 0;
  #before = 0;

  /** One is written now; in ms of a clock that never jumps. */
  count(now: number): void {
    this.#turnTo(now);
    this.#count += 1;
  }

  perSecond(now: number): number {
    this.#turnTo(now);
    return Math.max(this.#count, this.#before);
  }

  #turnTo(now: number): void {
    const second = Math.floor(now / 1_000);
    if (second === this.#second) return;
    this.#before = second === this.#second + 1 ? this.#count : 0;
    this.#count = 0;
    this.#second = second;
  }
}
