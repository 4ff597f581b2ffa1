import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../src/activation/program.ts';
import type { Channel } from '../src/config.ts';
import { backoffMs } from '../src/flow/backoff.ts';
import { coalesce } from '../src/flow/coalesce.ts';
import type { Logger } from '../src/log.ts';
import type { Metrics } from '../src/metrics.ts';
import type { Provider, SendOutcome } from '../src/providers/provider.ts';
import { type ChannelJobContext, type Handlers, SEND_RETRY } from '../src/queue/catalog.ts';
import type { Enqueuer } from '../src/queue/enqueue.ts';
import type { ReplyTexts } from '../src/reply/compile.ts';
import { previewReply } from '../src/reply/render.ts';
import { replyValues } from '../src/reply/values.ts';
import { BLANK_CODE } from '../src/store/codes.ts';
import type { Database } from '../src/store/database.ts';
import {
  type AttemptResult,
  type ClaimedReply,
  claimReplies,
  type RecordedAttempt,
  recordAttempts,
} from '../src/store/replies.ts';
import { reserveSends } from '../src/store/send-rate.ts';

/** What the send job works with. */
export interface SendNeighbours {
  readonly db: Database;
  readonly programs: ReadonlyMap<string, Program>;
  readonly lines: ReadonlyMap<string, { readonly channel: Channel; readonly provider: Provider }>;
  /** The texts as they are now: a saved template is used from the next reply on. */
  readonly texts: () => ReplyTexts;
  readonly enqueue: Pick<Enqueuer, 'send'>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => Date;
  readonly random: () => number;
}

/** A reply with the words it got. */
interface Worded {
  readonly reply: ClaimedReply;
  readonly text: string;
  readonly segments: number;
}

/**
 * The send job: hands a pack of replies to their channel's provider at the channel's rate. Each reply's state, attempts
 * and next attempt are its row's; the job fails only when the database does. Told to stop, it leaves the rest in the outbox.
 */
export function createSend(neighbours: SendNeighbours): Handlers['send'] {
  const recorder = coalesce<RecordedAttempt, undefined>({
    run: async (attempts) => {
      await recordPatiently(neighbours.db, attempts);
      return attempts.map(() => undefined);
    },
    maxItems: 50,
    maxInFlight: 2,
    maxWaiting: 10_000,
  });
  return async ({ ids }, context) => {
    const line = neighbours.lines.get(context.channel);
    if (line === undefined) return;
    for (const slice of slicesOf(ids, line.channel.messagesPerSecond)) {
      if (!(await waitForTurn(neighbours, line.channel, slice.length, context))) return;
      const replies = await claimReplies(neighbours.db, slice);
      await Promise.all(
        replies.map(async (reply) => {
          const worded = putIntoWords(neighbours, reply);
          const result = await attempt(neighbours, line.provider, worded, context);
          await recorder.add({ id: reply.id, ...toKeep(line.channel, worded, result), result });
          follow(neighbours, line.channel, reply, result);
        }),
      );
    }
  };
}

/** Parts of at most a second's worth: what is taken out of the outbox is sent at once. */
function slicesOf(ids: readonly string[], perSecond: number): string[][] {
  const size = Math.max(1, Math.floor(perSecond));
  return Array.from({ length: Math.ceil(ids.length / size) }, (_, index) =>
    ids.slice(index * size, (index + 1) * size),
  );
}

/** Reserves places at the channel's rate and waits for them, before anything is claimed. False when told to stop. */
async function waitForTurn(
  { db }: SendNeighbours,
  channel: Channel,
  count: number,
  { signal }: ChannelJobContext,
): Promise<boolean> {
  if (signal.aborted) return false;
  const waitMs = await reserveSends(db, channel.key, count, channel.messagesPerSecond);
  if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

function putIntoWords({ programs, texts, metrics, log, now }: SendNeighbours, reply: ClaimedReply): Worded {
  const program = programs.get(reply.program);
  if (program === undefined) return { reply, text: '', segments: 0 };
  const values = replyValues(program, reply.facts, { address: reply.sender, now: now() });
  const { text, segments, isFallback, error } = previewReply(texts(), {
    program: program.key,
    locale: reply.locale,
    name: reply.template,
    values,
  });
  if (isFallback) {
    metrics.templateFallbacks.inc();
    log.error(
      { program: program.key, locale: reply.locale, template: reply.template, reason: error },
      'Template failed',
    );
  }
  return { reply, text, segments };
}

async function attempt(
  { random, now }: SendNeighbours,
  provider: Provider,
  { reply, text }: Worded,
  { signal }: ChannelJobContext,
): Promise<AttemptResult> {
  // The programme was taken out of the configuration.
  if (text === '') return { kind: 'failed', errorCode: 'no-program', isOptOut: false };
  if (reply.is_opted_out && reply.template !== 'stopped') {
    return { kind: 'failed', errorCode: 'opted-out', isOptOut: false };
  }
  // A code that is no longer good would only be sent back in vain.
  if (reply.facts.expiresAt !== undefined && reply.facts.expiresAt <= now()) {
    return { kind: 'failed', errorCode: 'too-late', isOptOut: false };
  }
  const outcome = await provider.send({ replyId: reply.id, from: reply.sender, to: reply.recipient, text }, signal);
  return resultOf(outcome, reply.attempts, random);
}

/**
 * What is kept of a text: a code that proves a phone is for that phone alone. The simulated phone has no other screen than
 * our database, so there the code stays until its time is over.
 */
function toKeep({ provider }: Channel, { reply, text, segments }: Worded, { kind }: AttemptResult) {
  const { code } = reply.facts;
  if (reply.template !== 'confirm-code' || code === undefined || provider === 'simulator') return { text, segments };
  const isOver = kind === 'accepted' || kind === 'failed';
  return { text: text.replaceAll(code, BLANK_CODE), segments, codeBecomes: isOver ? BLANK_CODE : undefined };
}

/** What is written down, and so what happens next, for each thing a provider can answer. */
export function resultOf(outcome: SendOutcome, attempts: number, random: () => number): AttemptResult {
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'accepted', providerMessageId: outcome.providerMessageId };
    case 'throttled':
      return { kind: 'later', delayMs: outcome.retryAfterMs, isAttempt: false, errorCode: 'throttled' };
    case 'transient':
      return attempts >= SEND_RETRY.attempts
        ? { kind: 'failed', errorCode: outcome.code, isOptOut: false }
        : {
            kind: 'later',
            delayMs: backoffMs(attempts, SEND_RETRY.backoff, random),
            isAttempt: true,
            errorCode: outcome.code,
          };
    case 'rejected':
      return { kind: 'failed', errorCode: outcome.code, isOptOut: outcome.isOptOut };
    case 'unknown':
      return { kind: 'unknown', errorCode: outcome.code };
    default:
      return outcome satisfies never;
  }
}

function follow(neighbours: SendNeighbours, channel: Channel, reply: ClaimedReply, result: AttemptResult): void {
  const { metrics, enqueue, log, now } = neighbours;
  log.debug({ channel: channel.key, replyId: reply.id, result: result.kind }, 'Reply attempted');
  metrics.sendAttempts.inc({ channel: channel.key, outcome: result.kind });
  if (result.kind === 'later') enqueue.send(channel.key, [reply.id], result.delayMs);
  else metrics.replies.inc({ channel: channel.key, status: result.kind });
  if (result.kind === 'accepted' && reply.received_at !== null) {
    metrics.textToReplySeconds.observe((now().getTime() - reply.received_at.getTime()) / 1000);
  }
}

/** How long a lost database may stay lost before an answer that was heard cannot be written down. */
const RECORD_RETRY = { tries: 8, backoff: { firstMs: 250, maxMs: 4_000 } } as const;

/** The SMS is out: its record is worth more patience than a job, which would only find the reply `unknown`. */
async function recordPatiently(db: Database, attempts: readonly RecordedAttempt[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await recordAttempts(db, attempts);
    } catch (error) {
      if (attempt >= RECORD_RETRY.tries) throw error;
      await sleep(backoffMs(attempt, RECORD_RETRY.backoff, Math.random));
    }
  }
}
