import type { Decided } from '../src/store/decided.ts';
import type { ClaimedReply } from '../src/store/replies.ts';
import type { Places, SendNow } from './send-now.ts';

/** The places that one pack has taken for replies that go at once. */
export class PackPlaces {
  readonly #sendNow: Pick<SendNow, 'take'>;
  readonly #taken: { readonly channel: string; readonly places: Places }[] = [];

  constructor(sendNow: Pick<SendNow, 'take'>) {
    this.#sendNow = sendNow;
  }

  /** Takes places for the replies of decisions; says of one reply after the other, by its channel, whether it has one. */
  async for(decided: readonly Decided[]): Promise<(channel: string) => boolean> {
    const wanted = new Map<string, number>();
    for (const { channel, decision } of decided) {
      if (decision.replies.length > 0) wanted.set(channel, (wanted.get(channel) ?? 0) + decision.replies.length);
    }
    const left = new Map<string, number>();
    for (const [channel, count] of wanted) {
      const places = await this.#sendNow.take(channel, count);
      this.#taken.push({ channel, places });
      left.set(channel, places.count);
    }
    return (channel) => {
      const count = left.get(channel) ?? 0;
      left.set(channel, count - 1);
      return count > 0;
    };
  }

  /** Sends what is committed by now; the places that are left are given back. */
  send(replies: readonly { readonly channel: string; readonly claimed: ClaimedReply }[]): void {
    const waiting = [...replies];
    for (const { channel, places } of this.#taken.splice(0)) {
      const mine = waiting.filter((reply) => reply.channel === channel).slice(0, places.count);
      for (const reply of mine) waiting.splice(waiting.indexOf(reply), 1);
      places.send(mine.map(({ claimed }) => claimed));
    }
  }

  /** Gives back what is still taken. */
  giveBack(): void {
    for (const { places } of this.#taken.splice(0)) places.giveBack();
  }
}
