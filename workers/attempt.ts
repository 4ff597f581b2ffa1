import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../src/activation/program.ts';
import { isForTrying } from '../src/config/channels.ts';
import type { Channel } from '../src/config.ts';
import { backoffMs } from '../src/flow/backoff.ts';
import { coalesce } from '../src/flow/coalesce.ts';
import { keywordFor } from '../src/lines.ts';
import type { Logger } from '../src/log.ts';
import type { Metrics } from '../src/metrics.ts';
import type { Provider } from '../src/providers/provider.ts';
import type { Enqueuer } from '../src/queue/enqueue.ts';
import type { ReplyTexts } from '../src/reply/compile.ts';
import { previewReply } from '../src/reply/render.ts';
import { replyValues } from '../src/reply/values.ts';
import { BLANK_CODE } from '../src/store/codes.ts';
import type { Database } from '../src/store/database.ts';
import { type AttemptResult, type ClaimedReply, type RecordedAttempt, recordAttempts } from '../src/store/replies.ts';
import type { Circuit, Leave } from './circuit.ts';
import { fallbackOf } from './fallback.ts';
import { type Circumstances, resultOf, resultOfNoAttempt } from './send-result.ts';

/** What replies are sent with. */
export interface SendNeighbours {
  readonly db: Database;
  readonly programs: ReadonlyMap<string, Program>;
  readonly lines: ReadonlyMap<string, SendLine>;
  /** Of every line. */
  readonly circuits: ReadonlyMap<string, Circuit>;
  /** Whether a channel over sessions has one that can send, in whichever process. */
  readonly hasSession: (channel: string) => boolean;
  /** The texts as they are now: a saved template is used from the next reply on. */
  readonly texts: () => ReplyTexts;
  readonly enqueue: Pick<Enqueuer, 'send'>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => Date;
  readonly random: () => number;
}

/** A channel and the provider that carries its replies. */
export interface SendLine {
  readonly channel: Channel;
  readonly provider: Provider;
}

/** By whose leave a reply is attempted, and until when. */
export interface Permit {
  readonly circuit: Circuit;
  readonly leave: Leave;
  readonly signal: AbortSignal;
  /** Called once the provider has answered, or is not asked: what came of it is still to be written down. */
  readonly onAnswered?: () => void;
}

/** What a process does with replies that it has claimed. Both reject only when nothing could be written down. */
export interface Attempts {
  /** Puts a reply into words, hands it to the provider, writes down what came of it, and sees to what follows. */
  attempt(line: SendLine, reply: ClaimedReply, permit: Permit): Promise<void>;
  /** Puts a reply that was surely not handed over back into the outbox, if it is there and still ours; the sweeper finds it. */
  putBack(reply: Pick<ClaimedReply, 'id' | 'attempted_at'>): Promise<void>;
}

/** What came of attempts is written down together, as much at once as waits for it. `recordEveryMs`: what tests set otherwise. */
export function createAttempts(neighbours: SendNeighbours, recordEveryMs = RECORD_EVERY_MS): Attempts {
  const record = recorder(neighbours.db, recordEveryMs);
  return {
    async attempt(line, reply, permit) {
      const worded = putIntoWords(neighbours, line.channel, reply);
      const result = await attempt(neighbours, line, worded, permit);
      permit.onAnswered?.();
      const answeredAt = neighbours.now();
      const { id, attempted_at: attemptedAt } = reply;
      await record({ id, attemptedAt, ...toKeep(line.channel, worded, result), result });
      follow(neighbours, line.channel, reply, { result, answeredAt });
    },
    async putBack({ id, attempted_at: attemptedAt }) {
      const result = { kind: 'later', delayMs: 0, isAttempt: false, errorCode: 'not-begun' } as const;
      await record({ id, attemptedAt, text: '', segments: 0, result });
    },
  };
}

/** A reply with the words it got. */
interface Worded {
  readonly reply: ClaimedReply;
  readonly text: string;
  readonly segments: number;
}

/**
 * Nobody waits for it. At 100 replies a second an SMS costs a seventh less than with 5 ms. A process that is killed leaves those
 * of so many milliseconds more in doubt, a hundred at the most.
 */
const RECORD_EVERY_MS = 50;

function recorder(db: Database, everyMs: number): (attempt: RecordedAttempt) => Promise<undefined> {
  const written = coalesce<RecordedAttempt, undefined>({
    run: async (attempts) => {
      await recordPatiently(db, attempts);
      return attempts.map(() => undefined);
    },
    maxItems: 100,
    maxInFlight: 2,
    everyMs,
    maxWaiting: 10_000,
  });
  return (attempt) => written.add(attempt);
}

function putIntoWords(
  { programs, texts, metrics, log, now }: SendNeighbours,
  channel: Channel,
  reply: ClaimedReply,
): Worded {
  const program = programs.get(reply.program);
  if (program === undefined) {
    log.error({ program: reply.program, replyId: reply.id }, 'A reply is of a programme that is not configured');
    return { reply, text: '', segments: 0 };
  }
  // A code that proves a phone is typed where it was asked for, never sent back.
  const isSentBack = reply.facts.code !== undefined && reply.template !== 'confirm-code';
  const keyword = isSentBack ? keywordFor(channel, reply.sender, reply.program) : undefined;
  const values = replyValues(program, reply.facts, { address: reply.sender, keyword, now: now() });
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
  neighbours: SendNeighbours,
  { channel, provider }: SendLine,
  worded: Worded,
  { circuit, leave, signal }: Permit,
): Promise<AttemptResult> {
  const { reply, text } = worded;
  const reason = reasonNotTo(channel, worded, neighbours.now());
  if (reason !== undefined) return { kind: 'failed', errorCode: reason, isOptOut: false };
  if (text === '') return WAITS_FOR_PROGRAM;
  const { id: replyId, sender: from, recipient: to } = reply;
  const left = secondsLeft(channel, reply);
  const message = { replyId, from, to, text, ...(left !== undefined && { validitySeconds: left }) };
  const outcome = await circuit.run(leave, () => provider.send(message, signal), signal);
  const circumstances: Circumstances = {
    attempts: reply.attempts,
    policy: channel.unknown,
    circuit: { isClosed: circuit.word() === 'closed', retryAfterMs: circuit.retryAfterMs() },
    fallback: fallbackOf(neighbours, channel.key, reply),
    isStopping: signal.aborted,
    random: neighbours.random,
  };
  return outcome === undefined ? resultOfNoAttempt(circumstances) : resultOf(outcome, circumstances);
}

/** The error code of a reply that is not sent any more; undefined when it is. */
function reasonNotTo(channel: Channel, { reply, text }: Worded, now: Date): string | undefined {
  // Its channel, or the fallback it came to, is live: whoever typed for this phone may not have had it.
  if (reply.is_rehearsed && !isForTrying(channel)) return 'rehearsed';
  if (reply.is_opted_out && reply.template !== 'stopped') return 'opted-out';
  // A code that is no longer good would only be sent back in vain.
  if (reply.facts.expiresAt !== undefined && reply.facts.expiresAt <= now) return 'too-late';
  if ((secondsLeft(channel, reply) ?? 1) < 1) return 'too-late';
  // The programme was taken out of the configuration.
  return text === '' && reply.age_seconds > NO_PROGRAM_SECONDS ? NO_PROGRAM : undefined;
}

const NO_PROGRAM = 'no-program';
/** How long a reply waits for a process that knows its programme: as long as an SMS does, see `putOffUnknownProgram`. */
const NO_PROGRAM_SECONDS = 86_400;
/** While a new programme is rolled out, a worker that is about to end may take a reply that a new one made. */
const WAITS_FOR_PROGRAM: AttemptResult = { kind: 'later', delayMs: 60_000, isAttempt: false, errorCode: NO_PROGRAM };

/** Full seconds in which the reply is still of use; undefined when its channel sets no end. */
function secondsLeft({ validityMinutes }: Channel, { age_seconds }: ClaimedReply): number | undefined {
  return validityMinutes === undefined ? undefined : Math.floor(validityMinutes * 60 - age_seconds);
}

/**
 * What is kept of a text: a code that proves a phone is for that phone alone. The phone page has no other screen than
 * our database, so there the code stays until its time is over.
 */
function toKeep(channel: Channel, { reply, text, segments }: Worded, { kind }: AttemptResult) {
  const { code } = reply.facts;
  if (reply.template !== 'confirm-code' || code === undefined || isForTrying(channel)) return { text, segments };
  const isOver = kind === 'accepted' || kind === 'failed';
  return { text: text.replaceAll(code, BLANK_CODE), segments, codeBecomes: isOver ? BLANK_CODE : undefined };
}

function follow(
  { metrics, enqueue, log }: SendNeighbours,
  channel: Channel,
  reply: ClaimedReply,
  { result, answeredAt }: { readonly result: AttemptResult; readonly answeredAt: Date },
): void {
  log.debug({ channel: channel.key, replyId: reply.id, result: result.kind }, 'Reply attempted');
  metrics.sendAttempts.inc({ channel: channel.key, outcome: result.kind });
  if (result.kind === 'later') enqueue.send(channel.key, [reply.id], result.delayMs);
  else if (result.kind === 'moved') {
    metrics.fallbacks.inc({ channel: channel.key, to: result.to.channel, why: result.why });
    enqueue.send(result.to.channel, [reply.id]);
  } else metrics.replies.inc({ channel: channel.key, status: result.kind });
  if (result.kind === 'accepted' && reply.received_at !== null) {
    metrics.textToReplySeconds.observe((answeredAt.getTime() - reply.received_at.getTime()) / 1000);
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
