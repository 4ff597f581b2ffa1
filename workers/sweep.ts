import { setTimeout as sleep } from 'node:timers/promises';
import type { Locale, Program } from '../src/activation/program.ts';
import { readOverdueMessages } from '../src/intake/part-keeper.ts';
import { createReadings } from '../src/intake/readings.ts';
import type { Logger } from '../src/log.ts';
import { chooseLocale } from '../src/reply/choose-locale.ts';
import { type Msisdn, numberingFacts } from '../src/sms/msisdn.ts';
import { sealAudit } from '../src/store/audit-seal.ts';
import { forgetCodes } from '../src/store/codes.ts';
import { forgetUnconfirmed } from '../src/store/forget-unconfirmed.ts';
import { deleteOldAnswers } from '../src/store/idempotent-answers.ts';
import { applyParked, dropParked } from '../src/store/parked-receipts.ts';
import { refuseExpired } from '../src/store/refuse-expired.ts';
import type { ReplyQuota } from '../src/store/reply-quota.ts';
import { settleUnanswered } from '../src/store/reply-sweep.ts';
import { unansweredPolicies } from './lookup.ts';
import { bringBackReplies, bringBackSms, type LostJobNeighbours } from './lost-jobs.ts';

/** What the sweeper works with. */
export interface SweepNeighbours extends LostJobNeighbours {
  readonly programs: ReadonlyMap<string, Program>;
  readonly quota: ReplyQuota;
  readonly log: Logger;
  readonly now: () => Date;
}

const SWEEP_EVERY_MS = 2_000;

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
  const { db, programs, lines, quota, enqueue, now } = neighbours;
  await bringBackSms(neighbours);
  await bringBackReplies(neighbours);
  await readOverdueMessages(neighbours, createReadings(neighbours), [...lines.keys()]);
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
