import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../src/flow/backoff.ts';
import { everySoOften } from '../src/flow/every-so-often.ts';
import { pause } from '../src/flow/pause.ts';
import type { Line } from '../src/lines.ts';
import type { Logger } from '../src/log.ts';
import type { Metrics } from '../src/metrics.ts';
import type { LookupOutcome, Provider, UnansweredSend } from '../src/providers/provider.ts';
import { LOOKUP_RETRY, SEND_RETRY } from '../src/queue/catalog.ts';
import type { Enqueuer } from '../src/queue/enqueue.ts';
import type { Database } from '../src/store/database.ts';
import {
  channelsToLookUp,
  claimLookup,
  type DueLookup,
  isAnotherReply,
  lookUpLater,
  sendAbsent,
} from '../src/store/lookups.ts';
import { applyReceipts } from '../src/store/receipts.ts';
import type { UnansweredPolicy } from '../src/store/reply-sweep.ts';
import { reserveSends } from '../src/store/send-rate.ts';
import type { Circuit } from './circuit.ts';

/** What look-ups are made with. */
export interface LookupNeighbours {
  readonly db: Database;
  readonly lines: ReadonlyMap<string, Line>;
  readonly circuits: ReadonlyMap<string, Pick<Circuit, 'retryAfterMs'>>;
  readonly enqueue: Pick<Enqueuer, 'send'>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly random: () => number;
}

const LOOK_EVERY_MS = 5_000;
/** No look-up takes longer; shorter than the lease under which the reply is held meanwhile. */
const LOOKUP_MS = 90_000;

/** What the channels' policies mean for the store; a provider that cannot tell is not asked. */
export function unansweredPolicies(lines: ReadonlyMap<string, Line>): UnansweredPolicy[] {
  return [...lines.values()].map(({ channel: { key, unknown }, provider }) => ({
    channel: key,
    waitMs: unknown.waitReceiptMinutes * 60_000,
    lookups: unknown.lookup && provider.lookup !== undefined ? LOOKUP_RETRY.tries : 0,
    isResent: unknown.otherwise === 'resend',
  }));
}

/**
 * Asks providers what became of the sends that they never answered; every five seconds, in every worker process. Answers
 * the function that stops it, which does not wait for a provider: the look-up at hand is made again elsewhere.
 */
export function startLookups(neighbours: LookupNeighbours): () => Promise<void> {
  return everySoOften(
    LOOK_EVERY_MS,
    (signal) => lookUpDue(neighbours, signal),
    (error) => neighbours.log.error({ error }, 'Unanswered sends could not be looked up'),
  );
}

/** Looks up all that is due: one after the other for each channel, at the channel's rate. */
export async function lookUpDue(neighbours: LookupNeighbours, signal: AbortSignal): Promise<void> {
  const { db, lines } = neighbours;
  const policies = unansweredPolicies(lines);
  const due = await channelsToLookUp(db, policies);
  await Promise.all(
    policies
      .filter(({ channel }) => due.includes(channel))
      .map(({ channel, lookups }) =>
        lookUpChannel(neighbours, channel, lookups, signal).catch((error: unknown) =>
          neighbours.log.error({ channel, error }, 'Unanswered sends could not be looked up'),
        ),
      ),
  );
}

async function lookUpChannel(
  neighbours: LookupNeighbours,
  key: string,
  tries: number,
  signal: AbortSignal,
): Promise<void> {
  const { db, lines, circuits, log, metrics } = neighbours;
  const line = lines.get(key);
  if (line === undefined) return;
  for (;;) {
    // A provider that is away cannot tell, and asking it would only use up the look-ups.
    if ((circuits.get(key)?.retryAfterMs() ?? 0) > 0) return;
    const waitMs = await reserveSends(db, key, 1, line.channel.messagesPerSecond);
    if (waitMs > 0) await pause(waitMs, signal);
    if (signal.aborted) return;
    const reply = await claimLookup(db, key, tries);
    if (reply === undefined) return;
    const outcome = await ask(line.provider, reply, signal);
    if (outcome === undefined) return;
    const learned = await learn(neighbours, key, reply, outcome);
    const told = outcome.kind === 'unclear' ? outcome.code : outcome.kind;
    log.info({ channel: key, replyId: reply.id, told, outcome: learned }, 'An unanswered send was looked up');
    metrics.lookups.inc({ channel: key, outcome: learned });
  }
}

/** Undefined when told to stop: nothing was learned then, and the reply's lease runs out. */
async function ask(provider: Provider, reply: DueLookup, signal: AbortSignal): Promise<LookupOutcome | undefined> {
  const { id, sender, recipient, text, attempted_at } = reply;
  const send: UnansweredSend = { replyId: id, from: sender, to: recipient, text, attemptedAt: attempted_at };
  const ending = new AbortController();
  const end = () => ending.abort();
  signal.addEventListener('abort', end);
  const over = sleep(LOOKUP_MS, unclear('timeout'), { signal: ending.signal }).catch(() => undefined);
  try {
    return await Promise.race([provider.lookup?.(send, signal), over]);
  } catch {
    return unclear('failed');
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

function unclear(code: string): LookupOutcome {
  return { kind: 'unclear', code };
}

/** Writes down what the provider said; answers how it was taken, in one word for people. */
async function learn(
  neighbours: LookupNeighbours,
  channel: string,
  reply: DueLookup,
  outcome: LookupOutcome,
): Promise<LookupOutcome['kind']> {
  const { db, enqueue, metrics, random } = neighbours;
  switch (outcome.kind) {
    case 'found': {
      if (await isAnotherReply(db, channel, reply.id, outcome.receipt.providerMessageId)) break;
      await applyReceipts(db, channel, [{ ...outcome.receipt, replyId: reply.id }]);
      metrics.replies.inc({ channel, status: outcome.receipt.status });
      return 'found';
    }
    case 'absent': {
      if (reply.attempts >= SEND_RETRY.attempts) break;
      if (await sendAbsent(db, reply)) enqueue.send(channel, [reply.id]);
      return 'absent';
    }
    case 'unclear':
      break;
    default:
      outcome satisfies never;
  }
  const isLast = reply.lookups >= LOOKUP_RETRY.tries;
  await lookUpLater(db, reply, isLast ? 0 : backoffMs(reply.lookups, LOOKUP_RETRY.backoff, random));
  return 'unclear';
}
