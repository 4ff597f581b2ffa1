import type { Line } from '../src/lines.ts';
import type { Received, SendOutcome } from '../src/providers/provider.ts';
import type { MobileTerminated } from '../src/sms/message.ts';

/** How what a provider tells is kept: `Intake.keep`. */
type Keep = (channel: string, received: readonly Received[], raw: Buffer) => Promise<void>;

/** The lines to send over, and what is still to be told of what was sent. */
export interface RehearsalLines {
  readonly lines: ReadonlyMap<string, Line>;
  /** Resolves when every receipt has been told. */
  readonly drain: () => Promise<void>;
}

/** As much as Postgres is asked to note at once; of replies beyond that no receipt comes, as from a real network. */
const MAX_TELLING = 1_000;

/**
 * The same lines; but on a channel in rehearsal each reply that was not sent is told to be `sent` and then `delivered`, on
 * the way that a provider's receipts take. One that cannot be kept is not repeated.
 */
export function tellRehearsals(lines: ReadonlyMap<string, Line>, keep: Keep): RehearsalLines {
  const telling = new Set<Promise<void>>();
  const withReceipts = (line: Line): Line => ({
    ...line,
    provider: {
      ...line.provider,
      async send(message, signal) {
        const outcome = await line.provider.send(message, signal);
        if (outcome.kind === 'accepted' && telling.size < MAX_TELLING) {
          const told = tell(keep, line.channel.key, message, outcome).catch(() => undefined);
          telling.add(told);
          void told.finally(() => telling.delete(told));
        }
        return outcome;
      },
    },
  });
  return {
    lines: new Map([...lines].map(([key, line]) => [key, line.channel.isRehearsal ? withReceipts(line) : line])),
    async drain() {
      await Promise.all(telling);
    },
  };
}

async function tell(
  keep: Keep,
  channel: string,
  { replyId }: MobileTerminated,
  { providerMessageId }: Extract<SendOutcome, { kind: 'accepted' }>,
): Promise<void> {
  for (const status of ['sent', 'delivered'] as const) {
    await keep(channel, [{ kind: 'receipt', receipt: { replyId, providerMessageId, status, isOptOut: false } }], EMPTY);
  }
}

const EMPTY = Buffer.alloc(0);
