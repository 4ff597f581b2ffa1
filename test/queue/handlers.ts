import type { Handlers } from '../../src/queue/catalog.ts';

/** Handlers that note what they are given, and then do what the test says. */
export function recordingHandlers(then: Partial<Handlers> = {}) {
  const packs: (readonly string[])[] = [];
  const sent: string[] = [];
  let sentAt: number | undefined;
  const handlers: Handlers = {
    bind: async (pack, context) => {
      packs.push(pack.ids);
      await then.bind?.(pack, context);
    },
    send: async (pack, context) => {
      sentAt = Date.now();
      sent.push(...pack.ids.map((id) => `${context.channel} ${id}`));
      await then.send?.(pack, context);
    },
  };
  return { handlers, packs: () => packs, bound: () => packs.flat(), sent: () => sent, sentAt: () => sentAt };
}

/** The decimal ids from `first` to `last`. */
export function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
}

/** Compares such ids. */
export const byNumber = (a: string, b: string) => Number(a) - Number(b);
