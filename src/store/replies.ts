import { sql } from 'kysely';
import type { ReplyFacts } from '../activation/decision.ts';
import type { TemplateName } from '../activation/outcome.ts';
import type { Locale } from '../activation/program.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { REHEARSAL_PREFIX } from '../sms/rehearsal.ts';
import type { Database } from './database.ts';
import { isInState, isWithin } from './id-bounds.ts';
import { idList, rows } from './rows.ts';

/** A reply that was taken out of the outbox to be sent now. */
export interface ClaimedReply {
  readonly id: string;
  readonly program: string;
  readonly sender: string;
  readonly recipient: Msisdn;
  readonly template: TemplateName;
  readonly locale: Locale;
  readonly facts: ReplyFacts;
  /** This attempt's number, from 1. One that is given back is counted again. */
  readonly attempts: number;
  /** When it was taken out, as Postgres prints it: what tells this taking from all others. */
  readonly attempted_at: string;
  /** When the SMS that it answers came in; null for a reply that answers none. */
  readonly received_at: Date | null;
  /** The recipient has opted out since the reply was made. */
  readonly is_opted_out: boolean;
  /** What it answers was typed on the phone page while its channel was in rehearsal. */
  readonly is_rehearsed: boolean;
  /** Since the reply was made. */
  readonly age_seconds: number;
  /** It is still on its first channel, and surely never went out over it. */
  readonly may_move: boolean;
}

/** What may have gone out must not come again from another address, and nothing moves twice. */
export const mayMove = sql.raw(`(r.first_channel IS NULL AND NOT r.was_resent AND NOT r.is_begun)`);

/** A `sending` reply whose worker said nothing for this long is `unknown`: longer than any provider's time limit. */
export const LEASE = sql.raw(`interval '60 seconds'`);

/** Which of the ids are the channel's, due and not taken, as of now: nothing is locked, another may claim them meanwhile. */
export async function dueReplies(db: Database, channel: string, ids: readonly string[]): Promise<string[]> {
  const { rows: due } = await sql<{ id: string }>`
    SELECT id FROM replies WHERE id = ANY(${idList(ids)}::bigint[]) AND ${isWithin('id', ids)} AND channel = ${channel}
      AND ${isInState('status', 'queued')} AND next_attempt_at <= clock_timestamp() ORDER BY id`.execute(db);
  return due.map(({ id }) => id);
}

/**
 * Takes those of the ids that are the channel's, due and not taken. From now on a reply is `sending`: whoever dies with it leaves a
 * reply of which nobody knows whether it went out.
 */
export async function claimReplies(db: Database, channel: string, ids: readonly string[]): Promise<ClaimedReply[]> {
  const { rows: claimed } = await sql<Omit<ClaimedReply, 'facts'> & { variables: StoredFacts }>`
    UPDATE replies r SET status = 'sending', attempts = r.attempts + 1, attempted_at = clock_timestamp(), lookups = 0,
      sweep_at = clock_timestamp() + ${LEASE}
    FROM (SELECT id FROM replies WHERE id = ANY(${idList(ids)}::bigint[]) AND ${isWithin('id', ids)} AND channel = ${channel}
        AND ${isInState('status', 'queued')} AND next_attempt_at <= clock_timestamp() ORDER BY id FOR UPDATE SKIP LOCKED) due
    WHERE r.id = due.id AND ${isWithin('r.id', ids)}
    RETURNING r.id, r.program, r.sender, r.recipient, r.template, r.locale, r.variables, r.attempts,
      r.attempted_at::text AS attempted_at, extract(epoch FROM clock_timestamp() - r.created_at)::float8 AS age_seconds, ${mayMove} AS may_move,
      (SELECT received_at FROM inbox WHERE id = r.inbound_id) AS received_at,
      EXISTS (SELECT FROM phones WHERE program = r.program AND phone = r.recipient AND opted_out_at IS NOT NULL)
        AS is_opted_out,
      EXISTS (SELECT FROM inbox WHERE id = r.inbound_id AND starts_with(provider_message_id, ${REHEARSAL_PREFIX}))
        AS is_rehearsed`.execute(db);
  return claimed
    .toSorted((a, b) => Number(BigInt(a.id) - BigInt(b.id)))
    .map(({ variables, ...reply }) => ({ ...reply, facts: factsFrom(variables) }));
}

type StoredFacts = Omit<ReplyFacts, 'expiresAt' | 'until'> & { readonly expiresAt?: string; readonly until?: string };

/** JSON has no dates. */
function factsFrom({ expiresAt, until, ...others }: StoredFacts): ReplyFacts {
  return {
    ...others,
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
    ...(until !== undefined && { until: new Date(until) }),
  };
}

/** How one attempt ended, as it is written down. */
export type AttemptResult =
  | { readonly kind: 'accepted'; readonly providerMessageId: string }
  /**
   * Back into the outbox. `isAttempt` false gives the attempt back: the provider only asked to wait. `isBegun`: parts of it
   * are out.
   */
  | {
      readonly kind: 'later';
      readonly delayMs: number;
      readonly isAttempt: boolean;
      readonly errorCode: string;
      readonly isBegun?: boolean | undefined;
    }
  /** Into the outbox of another channel, where it has all its attempts again. */
  | { readonly kind: 'moved'; readonly to: Place; readonly why: 'route' | 'circuit'; readonly errorCode: string }
  | { readonly kind: 'failed'; readonly errorCode: string; readonly isOptOut: boolean }
  /** `waitMs`: how long its receipt is waited for. */
  | { readonly kind: 'unknown'; readonly errorCode: string; readonly waitMs: number };

/** Where a reply is sent from. */
export interface Place {
  /** The channel's key. */
  readonly channel: string;
  /** Our own address on it. */
  readonly sender: string;
}

export interface RecordedAttempt {
  readonly id: string;
  /** Of the reply as it was taken out, see `ClaimedReply`. */
  readonly attemptedAt: string;
  /** What was sent, or tried. */
  readonly text: string;
  readonly segments: number;
  readonly result: AttemptResult;
  /** What stands in place of the reply's code from now on; undefined while the code is still needed, or there is none. */
  readonly codeBecomes?: string | undefined;
}

const STATUS_AFTER = {
  accepted: 'accepted',
  later: 'queued',
  moved: 'queued',
  failed: 'failed',
  unknown: 'unknown',
} as const;

/**
 * The reply is in the hands that the result comes from. A result is written again when the answer to the first time was lost,
 * and by then another worker may be sending the reply: what was written must not put it back into the outbox under its hands.
 */
const IN_OUR_HANDS = `(r.status = 'sending' AND r.attempted_at IS NOT DISTINCT FROM result.attempted_at)`;

/** A worker that was thought dead may still bring the provider's acceptance. */
const TAKES_RESULT = `(${IN_OUR_HANDS} OR r.status = 'unknown' AND result.status = 'accepted')`;
const takesResult = sql.raw(TAKES_RESULT);

const MOVES = `(result.to_channel IS NOT NULL AND ${IN_OUR_HANDS} AND r.first_channel IS NULL)`;

/** The provider's id is forgotten: with the channel it is what receipts of the first one would find the reply by. */
const moveColumns = sql.raw(
  [
    ['channel', 'result.to_channel', 'r.channel'],
    ['sender', 'result.to_sender', 'r.sender'],
    ['first_channel', 'r.channel', 'r.first_channel'],
    ['first_sender', 'r.sender', 'r.first_sender'],
    ['moved_because', 'result.error', 'r.moved_because'],
    ['provider_message_id', 'NULL', 'coalesce(result.provider_id, r.provider_message_id)'],
    ['attempts', '0', `r.attempts - CASE WHEN ${TAKES_RESULT} THEN result.back ELSE 0 END`],
  ]
    .map(([column, moved, otherwise]) => `${column} = CASE WHEN ${MOVES} THEN ${moved} ELSE ${otherwise} END`)
    .join(', '),
);

/**
 * Writes down how attempts ended, once or again. Only a reply that still waits for it takes the result as its status: a
 * receipt may have come before the provider's answer, and a status never moves back. One that came before, and had only the provider's id
 * to know its reply by, is parked, and the sweeper applies it. A reply without a recipient belonged to somebody who was erased meanwhile: nothing
 * is written to it. Whose reply it is says `locked`, which has waited for an erasure that is open; `replies` says it as of before.
 */
export async function recordAttempts(db: Database, attempts: readonly RecordedAttempt[]): Promise<void> {
  const list = attempts.map(({ id, attemptedAt, text, segments, result, codeBecomes }) => ({
    id,
    attempted_at: attemptedAt,
    code: codeBecomes,
    text,
    segments,
    status: STATUS_AFTER[result.kind],
    provider_id: result.kind === 'accepted' ? result.providerMessageId : undefined,
    error: result.kind === 'accepted' ? undefined : result.errorCode,
    delay: result.kind === 'later' ? result.delayMs : 0,
    wait: result.kind === 'unknown' ? result.waitMs : 0,
    back: result.kind === 'later' && !result.isAttempt ? 1 : 0,
    begun: result.kind === 'later' && result.isBegun === true,
    out: result.kind === 'failed' && result.isOptOut,
    to_channel: result.kind === 'moved' ? result.to.channel : undefined,
    to_sender: result.kind === 'moved' ? result.to.sender : undefined,
  }));
  const columns =
    'id bigint, attempted_at timestamptz, code text, text text, segments smallint, status text, provider_id text, error text, delay float8, wait float8, back smallint, begun boolean, out boolean, to_channel text, to_sender text';
  const isOfThese = isWithin(
    'r.id',
    list.map(({ id }) => id),
  );
  await sql`
    WITH result AS (SELECT * FROM ${rows(list, columns)}), locked AS (
      SELECT id, program, recipient FROM replies r WHERE id IN (SELECT id FROM result) AND ${isOfThese} ORDER BY id FOR UPDATE
    ), opted AS (
      INSERT INTO phones (program, phone, opted_out_at)
      SELECT DISTINCT locked.program, locked.recipient, now() FROM locked JOIN result ON result.id = locked.id
      WHERE result.out AND locked.recipient <> '' ORDER BY 1, 2
      ON CONFLICT (program, phone) DO UPDATE SET opted_out_at = coalesce(phones.opted_out_at, excluded.opted_out_at)
    )
    UPDATE replies r SET text = result.text, segments = result.segments,
      variables = CASE WHEN result.code IS NULL THEN r.variables ELSE r.variables || jsonb_build_object('code', result.code) END,
      status = CASE WHEN ${takesResult} THEN result.status ELSE r.status END,
      error_code = CASE WHEN ${takesResult} THEN result.error ELSE r.error_code END,
      ${moveColumns},
      is_begun = r.is_begun OR result.begun,
      next_attempt_at = CASE WHEN ${takesResult} THEN clock_timestamp() + result.delay * interval '1 millisecond'
        ELSE r.next_attempt_at END,
      sweep_at = CASE WHEN NOT ${takesResult} THEN r.sweep_at
        WHEN result.status = 'unknown' THEN clock_timestamp() + result.wait * interval '1 millisecond'
        WHEN result.status = 'queued' THEN clock_timestamp() + result.delay * interval '1 millisecond' + interval '8 seconds' END,
      accepted_at = CASE WHEN result.status = 'accepted' THEN clock_timestamp() ELSE r.accepted_at END,
      finished_at = CASE WHEN result.status = 'failed' AND ${takesResult} THEN clock_timestamp() ELSE r.finished_at END
    FROM result JOIN locked ON locked.id = result.id
    WHERE r.id = result.id AND ${isOfThese} AND r.recipient <> ''`.execute(db);
}
