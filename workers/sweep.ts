import { setTimeout as sleep } from 'node:timers/promises';
import type { Locale, Program } from '../src/activation/program.ts';
import { readOverdueMessages } from '../src/intake/part-keeper.ts';
import { createReadings } from '../src/intake/readings.ts';
import type { Line } from '../src/lines.ts';
import type { Logger } from '../src/log.ts';
import type { Metrics } from '../src/metrics.ts';
import type { QueueBackend } from '../src/queue/backend.ts';
import { sendQueue } from '../src/queue/catalog.ts';
import type { Enqueuer } from '../src/queue/enqueue.ts';
import { chooseLocale } from '../src/reply/choose-locale.ts';
import { type Msisdn, numberingFacts } from '../src/sms/msisdn.ts';
import { sealAudit } from '../src/store/audit-seal.ts';
import { forgetCodes } from '../src/store/codes.ts';
import type { Database } from '../src/store/database.ts';
import { forgetUnconfirmed } from '../src/store/forget-unconfirmed.ts';
import { deleteOldAnswers } from '../src/store/idempotent-answers.ts';
import { sweepInbound } from '../src/store/inbox.ts';
import { applyParked, dropParked } from '../src/store/parked-receipts.ts';
import { refuseExpired } from '../src/store/refuse-expired.ts';
import type { ReplyQuota } from '../src/store/reply-quota.ts';
import { settleUnanswered, sweepReplies } from '../src/store/reply-sweep.ts';
import { unansweredPolicies } from './lookup.ts';

/** What the sweeper works with. */
export interface SweepNeighbours {
  readonly db: Database;
  readonly programs: ReadonlyMap<string, Program>;
  readonly lines: ReadonlyMap<string, Line>;
  readonly quota: ReplyQuota;
  readonly queue: Pick<QueueBackend, 'depth'>;
  readonly enqueue: Enqueuer;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => Date;
}

const SWEEP_EVERY_MS = 2_000;
/** Rows brought back in one sweep. */
const ROWS_PER_SWEEP = 5_000;
/** Packs that wait in a queue: with more, its rows are not lost but late, and their turn comes. */
const BUSY_PACKS = 20;

/**
 * Brings back what lost its job, reads long SMS that stay incomplete, settles what was never answered, ends offers and
 * seals the audit; every two seconds, in every worker process. Answers the function that stops it, after the sweep at hand.
 */
export function startSweeper(neighbours: SweepNeighbours): () => Promise<void> {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await sweepOnce(neighbours).catch((error: unknown) => neighbours.log.error({ error }, 'A sweep failed'));
      await sleep(SWEEP_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return async () => {
    stopping.abort();
    await running;
  };
}

/** One sweep: everything that a crash, a wiped Redis or a silent provider left behind. */
export async function sweepOnce(neighbours: SweepNeighbours): Promise<void> {
  const { db, programs, lines, quota, enqueue, metrics, now } = neighbours;
  const channels = [...lines.keys()];
  const waiting = await packsWaiting(neighbours);
  if (waiting !== undefined && (waiting.get('bind') ?? 0) < BUSY_PACKS) {
    const inbound = await sweepInbound(db, ROWS_PER_SWEEP);
    enqueue.bind(inbound);
    metrics.swept.inc({ kind: 'inbox' }, inbound.length);
  }
  const idle = channels.filter((channel) => (waiting?.get(sendQueue(channel)) ?? BUSY_PACKS) < BUSY_PACKS);
  const replies = idle.length === 0 ? [] : await sweepReplies(db, idle, ROWS_PER_SWEEP);
  for (const { id, channel } of replies) enqueue.send(channel, [id]);
  metrics.swept.inc({ kind: 'replies' }, replies.length);
  await readOverdueMessages(neighbours, createReadings(neighbours), channels);
  await settleReplies(neighbours);
  for (const program of programs.values()) {
    const localeFor = (phone: Msisdn, member: Locale | undefined) =>
      chooseLocale({ member, country: numberingFacts(phone)?.country, program });
    const refused = await refuseExpired(db, program, { quota, now: now(), localeFor });
    for (const { id, channel } of refused) enqueue.send(channel, [id]);
  }
  await deleteOldAnswers(db);
  await forgetCodes(db, now());
  await forgetUnconfirmed(db, now());
  await sealAudit(db);
}

/** Receipts whose reply is known by now, and replies that got no answer. */
async function settleReplies({ db, lines, enqueue, metrics, log }: SweepNeighbours): Promise<void> {
  await applyParked(db);
  for (const [channel, receipts] of await dropParked(db)) {
    metrics.receiptsUnmatched.inc({ channel }, receipts);
    log.warn({ channel, receipts }, 'Receipts named no reply of ours');
  }
  const { unknown, held, resent } = await settleUnanswered(db, unansweredPolicies(lines));
  for (const { id, channel } of resent) enqueue.send(channel, [id]);
  const counts = { unknown, held, resent: resent.length };
  if (unknown + held + resent.length > 0) log.warn(counts, 'Replies were never answered by their provider');
}

/** Undefined when the queue does not answer: what is enqueued now would be dropped, so nothing is swept. */
async function packsWaiting({ queue, lines }: SweepNeighbours): Promise<Map<string, number> | undefined> {
  try {
    const depths = await queue.depth(['bind', ...[...lines.keys()].map(sendQueue)]);
    return new Map(depths.map(({ queue: name, waiting }) => [name, waiting]));
  } catch {
    return undefined;
  }
}
