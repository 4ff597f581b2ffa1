import { sql } from 'kysely';
import type { ReplyFacts } from '../activation/decision.ts';
import type { TemplateName } from '../activation/outcome.ts';
import type { Locale } from '../activation/program.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import type { Database } from './database.ts';
import { rows } from './rows.ts';

/** A reply that was taken out of the outbox to be sent now. */
export interface ClaimedReply {
  readonly id: string;
  readonly program: string;
  readonly sender: string;
  readonly recipient: Msisdn;
  readonly template: TemplateName;
  readonly locale: Locale;
  readonly facts: ReplyFacts;
  /** This attempt's number, from 1. */
  readonly attempts: number;
  /** When the SMS that it answers came in; null for a reply that answers none. */
  readonly received_at: Date | null;
  /** The recipient has opted out since the reply was made. */
  readonly is_opted_out: boolean;
}

/** A `sending` reply whose worker said nothing for this long is `unknown`: longer than any provider's time limit. */
const LEASE = sql.raw(`interval '60 seconds'`);

/**
 * Takes those of the ids that are due and not taken. From now on a reply is `sending`: whoever dies with it leaves a
 * reply of which nobody knows whether it went out.
 */
export async function claimReplies(db: Database, ids: readonly string[]): Promise<ClaimedReply[]> {
  const { rows: claimed } = await sql<Omit<ClaimedReply, 'facts'> & { variables: StoredFacts }>`
    UPDATE replies r SET status = 'sending', attempts = r.attempts + 1, sweep_at = clock_timestamp() + ${LEASE}
    FROM (SELECT id FROM replies WHERE id = ANY(${ids}::bigint[]) AND status = 'queued'
        AND next_attempt_at <= clock_timestamp() ORDER BY id FOR UPDATE SKIP LOCKED) due
    WHERE r.id = due.id
    RETURNING r.id, r.program, r.sender, r.recipient, r.template, r.locale, r.variables, r.attempts,
      (SELECT received_at FROM inbox WHERE id = r.inbound_id) AS received_at,
      EXISTS (SELECT FROM phones WHERE program = r.program AND phone = r.recipient AND opted_out_at IS NOT NULL)
        AS is_opted_out`.execute(db);
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
  /** Back into the outbox. `isAttempt` false gives the attempt back: the provider only asked to wait. */
  | { readonly kind: 'later'; readonly delayMs: number; readonly isAttempt: boolean; readonly errorCode: string }
  | { readonly kind: 'failed'; readonly errorCode: string; readonly isOptOut: boolean }
  | { readonly kind: 'unknown'; readonly errorCode: string };

export interface RecordedAttempt {
  readonly id: string;
  /** What was sent, or tried. */
  readonly text: string;
  readonly segments: number;
  readonly result: AttemptResult;
  /** What stands in place of the reply's code from now on; undefined while the code is still needed, or there is none. */
  readonly codeBecomes?: string | undefined;
}

const STATUS_AFTER = { accepted: 'accepted', later: 'queued', failed: 'failed', unknown: 'unknown' } as const;

/** A worker that was thought dead may still bring the provider's acceptance. */
const takesResult = sql.raw(`(r.status = 'sending' OR r.status = 'unknown' AND result.status = 'accepted')`);

/**
 * Writes down how attempts ended. Only a reply that still waits for it takes the result as its status: a receipt may have
 * come before the provider's answer, and a status never moves back. A reply without a recipient belonged to somebody who
 * was erased meanwhile: nothing is written to it.
 */
export async function recordAttempts(db: Database, attempts: readonly RecordedAttempt[]): Promise<void> {
  const list = attempts.map(({ id, text, segments, result, codeBecomes }) => ({
    id,
    code: codeBecomes,
    text,
    segments,
    status: STATUS_AFTER[result.kind],
    provider_id: result.kind === 'accepted' ? result.providerMessageId : undefined,
    error: result.kind === 'accepted' ? undefined : result.errorCode,
    delay: result.kind === 'later' ? result.delayMs : 0,
    back: result.kind === 'later' && !result.isAttempt ? 1 : 0,
    out: result.kind === 'failed' && result.isOptOut,
  }));
  const columns =
    'id bigint, code text, text text, segments smallint, status text, provider_id text, error text, delay float8, back smallint, out boolean';
  await sql`
    WITH result AS (SELECT * FROM ${rows(list, columns)}), locked AS (
      SELECT id FROM replies WHERE id IN (SELECT id FROM result) ORDER BY id FOR UPDATE
    ), opted AS (
      INSERT INTO phones (program, phone, opted_out_at)
      SELECT DISTINCT r.program, r.recipient, now() FROM replies r JOIN result ON result.id = r.id
      WHERE result.out AND r.recipient <> '' ORDER BY 1, 2
      ON CONFLICT (program, phone) DO UPDATE SET opted_out_at = coalesce(phones.opted_out_at, excluded.opted_out_at)
    )
    UPDATE replies r SET text = result.text, segments = result.segments,
      variables = CASE WHEN result.code IS NULL THEN r.variables ELSE r.variables || jsonb_build_object('code', result.code) END,
      provider_message_id = coalesce(result.provider_id, r.provider_message_id),
      status = CASE WHEN ${takesResult} THEN result.status ELSE r.status END,
      error_code = CASE WHEN ${takesResult} THEN result.error ELSE r.error_code END,
      attempts = r.attempts - result.back,
      next_attempt_at = clock_timestamp() + result.delay * interval '1 millisecond',
      sweep_at = clock_timestamp() + CASE WHEN result.status = 'unknown' THEN interval '10 minutes'
        ELSE result.delay * interval '1 millisecond' + interval '8 seconds' END,
      accepted_at = CASE WHEN result.status = 'accepted' THEN clock_timestamp() ELSE r.accepted_at END,
      finished_at = CASE WHEN result.status = 'failed' AND ${takesResult} THEN clock_timestamp() ELSE r.finished_at END
    FROM result JOIN locked ON locked.id = result.id WHERE r.id = result.id AND r.recipient <> ''`.execute(db);
}
