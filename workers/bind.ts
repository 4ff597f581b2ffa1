import { randomInt } from 'node:crypto';
import { decidePack } from '../src/activation/decide-pack.ts';
import type { BindRequest } from '../src/activation/decision.ts';
import type { Outcome, Silence } from '../src/activation/outcome.ts';
import type { Locale, Program } from '../src/activation/program.ts';
import { read } from '../src/activation/read.ts';
import type { World } from '../src/activation/world.ts';
import { coalesce } from '../src/flow/coalesce.ts';
import type { Logger } from '../src/log.ts';
import type { Metrics } from '../src/metrics.ts';
import { CATALOG, type Handlers, MAX_PACK } from '../src/queue/catalog.ts';
import type { Enqueuer } from '../src/queue/enqueue.ts';
import { chooseLocale } from '../src/reply/choose-locale.ts';
import { numberingFacts } from '../src/sms/msisdn.ts';
import { type ClaimedPack, claimPack } from '../src/store/claim-pack.ts';
import type { Database, Trx } from '../src/store/database.ts';
import type { Decided } from '../src/store/decided.ts';
import { isOfMessage, putOffUnknownProgram, recordInboundFailure, type WaitingInbound } from '../src/store/inbox.ts';
import type { Wanted } from '../src/store/load-world.ts';
import type { WrittenReply } from '../src/store/new-replies.ts';
import { optOutElsewhere } from '../src/store/opt-outs.ts';
import type { ClaimedReply } from '../src/store/replies.ts';
import type { ReplyQuota } from '../src/store/reply-quota.ts';
import { withWorld } from '../src/store/with-world.ts';
import { writePack } from '../src/store/write-pack.ts';
import { PackPlaces } from './pack-places.ts';
import type { SendNow } from './send-now.ts';

/** What the bind job works with. */
export interface BindNeighbours {
  readonly db: Database;
  readonly programs: ReadonlyMap<string, Program>;
  readonly quota: ReplyQuota;
  readonly sendNow: Pick<SendNow, 'take' | 'putBack'>;
  /** Whether replies go out over sessions, as with SMPP. */
  readonly isOverSessions: boolean;
  readonly enqueue: Pick<Enqueuer, 'bind' | 'send'>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => Date;
}

/** A claimed SMS as a request to decide on. */
type PackRequest = BindRequest & { readonly row: WaitingInbound };

interface PackResult {
  readonly decided: readonly Decided[];
  readonly outcomes: readonly { program: string; outcome: Outcome; silence: Silence | undefined }[];
  /** Those that go out from here are `claimed`. */
  readonly replies: readonly (WrittenReply & { readonly claimed: ClaimedReply | undefined })[];
  readonly failed: readonly string[];
  /** Of a programme that is not in our configuration. */
  readonly ofNoProgram: readonly string[];
  readonly rest: readonly string[];
}

const NOTHING: PackResult = { decided: [], outcomes: [], replies: [], failed: [], ofNoProgram: [], rest: [] };

/**
 * The bind job: decides a pack of SMS in one transaction, and hands the replies on. A pack that the database refuses
 * because of its data is decided one by one, so that one SMS cannot hold up its neighbours.
 */
export function createBind(neighbours: BindNeighbours): Handlers['bind'] {
  const packs = coalesce<string, undefined>({
    run: async (ids) => {
      await bindEach(neighbours, ids);
      return ids.map(() => undefined);
    },
    maxItems: neighbours.isOverSessions ? MAX_OVER_SESSIONS : MAX_PACK,
    maxInFlight: PACKS_AT_ONCE,
    everyMs: PACK_EVERY_MS,
    maxWaiting: CATALOG.bind.idsInHand + MAX_PACK,
  });
  return async ({ ids }) => {
    // To the last, also when one fails: the job's ids leave the hand together, and `maxWaiting` holds.
    const tried = await Promise.allSettled(ids.map((id) => packs.add(id)));
    for (const one of tried) if (one.status === 'rejected') throw one.reason;
  };
}

/**
 * SMS in one transaction at most, where replies go out over sessions: there an SMS costs a tenth less than in packs of 50. Where
 * each reply is an HTTP call, Postgres saves as much, and the worker, with twice the calls under way, spends it.
 */
const MAX_OVER_SESSIONS = 100;
/**
 * Transactions of one process. While they run, further jobs wait and are then decided together: SMS that come one by one
 * make jobs of one, and at the full price of a transaction each a worker that fell behind would never catch up.
 */
const PACKS_AT_ONCE = 2;
/**
 * SMS at up to 200 a second are decided at once; of 1,000, five in one transaction. With 10 ms the reply at 100 a second came 4 ms
 * later.
 */
const PACK_EVERY_MS = 5;

async function bindEach(neighbours: BindNeighbours, ids: readonly string[]): Promise<void> {
  const places = new PackPlaces(neighbours.sendNow);
  let made: PackResult['replies'] = [];
  try {
    const result = await withWorld(neighbours.db, async (trx, also) => {
      // A try that was given up made no reply.
      places.giveBack();
      const tried = await bindIn(trx, { ...neighbours, places }, ids, also);
      made = tried.replies;
      return tried;
    });
    made = [];
    report(neighbours, result, places);
    if (result.failed.length > 0) await setBack(neighbours, result.failed, 'the rule failed on it');
    if (result.ofNoProgram.length > 0) await putOff(neighbours, result.ofNoProgram);
  } catch (error) {
    if (!isOfMessage(error)) throw error;
    neighbours.log.error({ messages: ids.length, error }, 'A pack was refused by the database');
    if (ids.length === 1) await setBack(neighbours, ids, 'the database refused it');
    else for (const id of ids) await bindEach(neighbours, [id]);
  } finally {
    places.giveBack();
    neighbours.sendNow.putBack(made.flatMap(({ claimed }) => claimed ?? []));
  }
}

interface TryNeighbours extends BindNeighbours {
  readonly places: PackPlaces;
}

async function bindIn(trx: Trx, neighbours: TryNeighbours, ids: readonly string[], also: Wanted): Promise<PackResult> {
  const results: PackResult[] = [];
  for (const claimed of await claimPack(trx, ids, also)) {
    const program = neighbours.programs.get(claimed.program);
    results.push(
      program === undefined
        ? { ...NOTHING, ofNoProgram: claimed.rows.map((row) => row.id) }
        : await bindProgram(trx, neighbours, program, claimed),
    );
  }
  const decided = results.flatMap((result) => result.decided);
  await optOutElsewhere(trx, decided);
  return {
    decided,
    outcomes: results.flatMap((result) => result.outcomes),
    replies: results.flatMap((result) => result.replies),
    failed: results.flatMap((result) => result.failed),
    ofNoProgram: results.flatMap((result) => result.ofNoProgram),
    rest: results.flatMap((result) => result.rest),
  };
}

async function bindProgram(
  trx: Trx,
  { quota, places, log, now }: TryNeighbours,
  program: Program,
  claimed: ClaimedPack,
): Promise<PackResult> {
  const { requests, unreadable } = toRequests(claimed.rows, program, now());
  const taken = await quota.take(program, requests.length * 2);
  let used = 0;
  try {
    const world = claimed.world(taken.count);
    const pack = decidePack(requests, world, program);
    const decided = pack.decided.map(({ request, decision }) => toDecided(request, decision, program, world));
    const claims = await places.for(decided);
    const written = decided.length === 0 ? [] : await writePack(trx, program, world, decided, claims);
    used = written.length;
    for (const { error } of pack.failed) log.error({ error }, 'The activation rule failed on an SMS');
    const rows = new Map(claimed.rows.map((row) => [row.id, row]));
    return {
      decided,
      outcomes: decided.map(({ decision: { outcome, silence } }) => ({ program: program.key, outcome, silence })),
      replies: written.map((reply) => ({
        ...reply,
        claimed: toClaimed(reply, rows.get(reply.made.inbound_id ?? ''), world),
      })),
      failed: [...unreadable, ...pack.failed.map(({ request }) => request.row.id)],
      ofNoProgram: [],
      rest: pack.rest.map((request) => request.row.id),
    };
  } finally {
    taken.giveBack(taken.count - used);
  }
}

/** What `claimReplies` would give of it; undefined for one that is not claimed. */
function toClaimed(
  { id, made, attempted_at }: WrittenReply,
  row: WaitingInbound | undefined,
  world: World,
): ClaimedReply | undefined {
  if (attempted_at === null) return undefined;
  const { program, sender, recipient, template, locale, variables: facts } = made;
  return {
    id,
    program,
    sender,
    recipient,
    template,
    locale,
    facts,
    attempts: 1,
    attempted_at,
    received_at: row?.received_at ?? null,
    is_opted_out: world.phones.get(recipient)?.isOptedOut === true,
    is_rehearsed: row?.is_rehearsed === true,
    age_seconds: 0,
    may_move: true,
  };
}

function toRequests(
  rows: readonly WaitingInbound[],
  program: Program,
  now: Date,
): { requests: PackRequest[]; unreadable: string[] } {
  const requests: PackRequest[] = [];
  const unreadable: string[] = [];
  for (const row of rows) {
    try {
      // A text that could not be read on arrival is read again, by what may be a mended reader.
      const intent = row.intent ?? read(row.unread ?? '', program);
      requests.push({ from: row.sender, intent, optOut: row.opt_out ?? undefined, now, freshCode: freshCode(), row });
    } catch {
      unreadable.push(row.id);
    }
  }
  return { requests, unreadable };
}

function freshCode(): string {
  return String(randomInt(10_000)).padStart(4, '0');
}

function toDecided(
  { row, from, intent }: PackRequest,
  decision: Decided['decision'],
  program: Program,
  world: { readonly phones: ReadonlyMap<string, { readonly locale: Locale | undefined }> },
): Decided {
  const script = row.script ?? undefined;
  return {
    inboundId: row.id,
    actor: `sms:${row.id}`,
    channel: row.channel,
    address: row.recipient,
    from,
    decision,
    proposedName: intent.kind === 'card' ? intent.proposedName : undefined,
    localeShown: script === undefined ? undefined : chooseLocale({ script, program }),
    localeFor: (phone) =>
      chooseLocale({
        // What the text itself shows is newer than what is remembered.
        member: phone === from && script !== undefined ? undefined : world.phones.get(phone)?.locale,
        script: phone === from ? script : undefined,
        country: phone === from ? (row.country ?? undefined) : numberingFacts(phone)?.country,
        program,
      }),
  };
}

function report({ enqueue, metrics, log }: BindNeighbours, result: PackResult, places: PackPlaces): void {
  log.debug({ decided: result.outcomes.length, replies: result.replies.length }, 'Pack decided');
  places.send(result.replies.flatMap(({ channel, claimed }) => (claimed === undefined ? [] : [{ channel, claimed }])));
  for (const { id, channel, claimed } of result.replies) if (claimed === undefined) enqueue.send(channel, [id]);
  if (result.rest.length > 0) enqueue.bind(result.rest);
  for (const { program, outcome, silence } of result.outcomes) {
    metrics.outcomes.inc({ program, outcome, silence: silence ?? '' });
    if (silence === 'daily-cap') metrics.dailyCapReached.inc({ program });
  }
}

async function setBack({ db, metrics, log }: BindNeighbours, ids: readonly string[], reason: string): Promise<void> {
  const quarantined = await recordInboundFailure(db, ids, reason);
  log.error({ messages: ids.length, quarantined: quarantined.length, reason }, 'SMS could not be decided');
  metrics.quarantined.inc(quarantined.length);
}

async function putOff({ db, metrics, log }: BindNeighbours, ids: readonly string[]): Promise<void> {
  const quarantined = await putOffUnknownProgram(db, ids);
  log.error({ messages: ids.length, quarantined: quarantined.length }, 'SMS are of a programme that is not configured');
  metrics.quarantined.inc(quarantined.length);
}
