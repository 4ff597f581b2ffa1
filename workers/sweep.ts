import type { Locale, Program } from '../src/activation/program.ts';
import { errorReporter } from '../src/error-reporter.ts';
import { everySoOften } from '../src/flow/every-so-often.ts';
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
 * seals the audit; every two seconds, in every worker process. Answers the function that stops it, after the step at hand.
 */
export function startSweeper(neighbours: SweepNeighbours): () => Promise<void> {
  return everySoOften(SWEEP_EVERY_MS, createSweep(neighbours), (error) =>
    neighbours.log.error({ error }, 'A sweep failed'),
  );
}

/**
 * Gives the function that sweeps once: everything that a crash, a wiped Redis or a silent provider left behind. It never
 * throws: a step that fails is told of by its name and keeps no other from its work.
 */
export function createSweep(neighbours: SweepNeighbours): (signal?: AbortSignal) => Promise<void> {
  const report = errorReporter((step, failure) =>
    neighbours.log.error({ step, ...failure }, 'A step of the sweep failed'),
  );
  return async (signal) => {
    for (const [step, work] of stepsOf(neighbours)) {
      if (signal?.aborted === true) return;
      await work().catch((error: unknown) => report(step, error));
    }
  };
}

type Step = readonly [name: string, work: () => Promise<unknown>];

function stepsOf(neighbours: SweepNeighbours): readonly Step[] {
  const { db, lines, programs, now } = neighbours;
  return [
    ['SMS without a job', () => bringBackSms(neighbours)],
    ['replies without a job', () => bringBackReplies(neighbours)],
    ['long SMS', () => readOverdueMessages(neighbours, createReadings(neighbours), [...lines.keys()])],
    ['receipts that came first', () => applyParked(db)],
    ['receipts of no reply', () => dropReceipts(neighbours)],
    ['unanswered sends', () => settleSends(neighbours)],
    ...[...programs.values()].map(
      (program): Step => [`offers of ${program.key}`, () => endOffers(neighbours, program)],
    ),
    ['old answers of the API', () => deleteOldAnswers(db)],
    ['codes', () => forgetCodes(db, now())],
    ['unconfirmed enrolments', () => forgetUnconfirmed(db, now())],
    ['audit', () => sealAudit(db)],
  ];
}

async function dropReceipts({ db, metrics, log }: SweepNeighbours): Promise<void> {
  for (const [channel, receipts] of await dropParked(db)) {
    metrics.receiptsUnmatched.inc({ channel }, receipts);
    log.warn({ channel, receipts }, 'Receipts named no reply of ours');
  }
}

async function settleSends({ db, lines, enqueue, log }: SweepNeighbours): Promise<void> {
  const { unknown, held, resent } = await settleUnanswered(db, unansweredPolicies(lines));
  for (const { id, channel } of resent) enqueue.send(channel, [id]);
  const counts = { unknown, held, resent: resent.length };
  if (unknown + held + resent.length > 0) log.warn(counts, 'Replies were never answered by their provider');
}

async function endOffers({ db, quota, enqueue, now }: SweepNeighbours, program: Program): Promise<void> {
  const localeFor = (phone: Msisdn, member: Locale | undefined) =>
    chooseLocale({ member, country: numberingFacts(phone)?.country, program });
  const refused = await refuseExpired(db, program, { quota, now: now(), localeFor });
  for (const { id, channel } of refused) enqueue.send(channel, [id]);
}
