import { sql } from 'kysely';
import type { Database, Trx } from './database.ts';
import type { EventType } from './member-tables.ts';

/** An event that was taken to be delivered now. */
export interface ClaimedEvent {
  readonly id: string;
  /** The same at every try and replay, so that the receiver can tell a repetition. */
  readonly webhook_id: string;
  readonly program: string;
  readonly type: EventType;
  readonly data: object;
  readonly at: Date;
  /** This try's number, from 1. */
  readonly attempts: number;
  readonly first_attempt_at: Date;
}

/** Who took an event and said nothing for this long is dead: longer than any call may last. */
const LEASE_MS = 60_000;

/**
 * Takes the events of a programme that are due and first in line: an event waits until every earlier one of its
 * card or member is delivered or given up; one that moves a phone from card to card waits for both.
 */
export async function claimEvents(
  db: Database,
  { program, limit, now }: { readonly program: string; readonly limit: number; readonly now: Date },
): Promise<ClaimedEvent[]> {
  const { rows } = await sql<ClaimedEvent>`
    UPDATE events SET attempts = attempts + 1, next_attempt_at = ${new Date(now.getTime() + LEASE_MS)},
      first_attempt_at = coalesce(first_attempt_at, ${now}::timestamptz)
    WHERE id IN (
      SELECT e.id FROM events e
      WHERE e.program = ${program} AND e.state = 'queued' AND e.next_attempt_at <= ${now}
        AND NOT EXISTS (SELECT FROM events o WHERE o.program = e.program AND o.state = 'queued' AND o.id < e.id
          AND o.subject IN (e.subject, e.previous_subject))
        AND NOT EXISTS (SELECT FROM events o WHERE o.program = e.program AND o.state = 'queued' AND o.id < e.id
          AND o.previous_subject IN (e.subject, e.previous_subject))
      ORDER BY e.id LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING id, webhook_id, program, type, data, at, attempts, first_attempt_at`.execute(db);
  return rows.toSorted((a, b) => Number(BigInt(a.id) - BigInt(b.id)));
}

/**
 * Until when an event of a person may still be under way; undefined when none is. What is queued of them cannot be taken
 * until the end of the transaction.
 */
export async function underWayUntil(
  trx: Trx,
  {
    program,
    phone,
    memberId,
  }: { readonly program: string; readonly phone: string; readonly memberId: string | undefined },
): Promise<Date | undefined> {
  const { rows } = await sql<{ next_attempt_at: Date }>`
    SELECT next_attempt_at FROM events
    WHERE program = ${program} AND state = 'queued' AND (data ->> 'phone' = ${phone} OR subject = ${memberId ?? null})
    ORDER BY id FOR UPDATE`.execute(trx);
  const latest = Math.max(...rows.map((row) => row.next_attempt_at.getTime()));
  const now = Date.now();
  return latest > now ? new Date(Math.min(latest, now + LEASE_MS)) : undefined;
}

/** How one try ended. */
export type DeliveryResult =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'later'; readonly at: Date; readonly error: string }
  | { readonly kind: 'given-up'; readonly error: string };

const STATE_AFTER = { delivered: 'delivered', later: 'queued', 'given-up': 'given-up' } as const;

/** Writes down how a try ended; nothing when the event was taken anew, replayed or erased meanwhile. */
export async function recordDelivery(db: Database, event: ClaimedEvent, result: DeliveryResult): Promise<void> {
  const next = result.kind === 'later' ? result.at : null;
  await sql`
    UPDATE events SET state = ${STATE_AFTER[result.kind]}, last_error = ${'error' in result ? result.error : null},
      next_attempt_at = coalesce(${next}::timestamptz, next_attempt_at),
      delivered_at = CASE WHEN ${result.kind === 'delivered'} THEN clock_timestamp() END
    WHERE id = ${event.id} AND state = 'queued' AND attempts = ${event.attempts}`.execute(db);
}

/** Which events are meant. `subject` is a card's number or a member's id. */
export interface EventSelection {
  readonly program: string;
  readonly since?: Date | undefined;
  readonly subject?: string | undefined;
  /** Only those that were given up. */
  readonly isFailedOnly: boolean;
}

/** Puts delivered and given-up events back in line with the ids they had; answers how many. */
export async function replayEvents(db: Database, selection: EventSelection): Promise<number> {
  const { rows } = await sql`
    UPDATE events SET state = 'queued', attempts = 0, first_attempt_at = NULL, last_error = NULL, delivered_at = NULL,
      next_attempt_at = clock_timestamp()
    WHERE state <> 'queued' AND ${matches(selection)} RETURNING id`.execute(db);
  return rows.length;
}

/** An event as an operator sees it. The subject is in full: mask it before it is shown. */
export interface ListedEvent {
  readonly id: string;
  readonly webhookId: string;
  readonly type: EventType;
  readonly subject: string;
  readonly at: Date;
  readonly state: 'queued' | 'delivered' | 'given-up';
  readonly attempts: number;
  readonly lastError: string | null;
}

/** The latest events of a programme, newest first. */
export async function listEvents(db: Database, selection: EventSelection, limit: number): Promise<ListedEvent[]> {
  const { rows } = await sql<ListedEvent>`
    SELECT id, webhook_id AS "webhookId", type, subject, at, state, attempts, last_error AS "lastError" FROM events
    WHERE ${matches(selection)} ORDER BY id DESC LIMIT ${limit}`.execute(db);
  return rows;
}

function matches({ program, since, subject, isFailedOnly }: EventSelection) {
  return sql.join(
    [
      sql`program = ${program}`,
      ...(since === undefined ? [] : [sql`at >= ${since}`]),
      ...(subject === undefined ? [] : [sql`${subject} IN (subject, previous_subject)`]),
      ...(isFailedOnly ? [sql`state = 'given-up'`] : []),
    ],
    sql` AND `,
  );
}

/** How long the oldest undelivered event has waited, in seconds; 0 when none waits. */
export async function oldestEventSeconds(db: Database): Promise<number> {
  const { rows } = await sql<{ seconds: number | null }>`
    SELECT extract(epoch FROM clock_timestamp() - min(at))::float8 AS seconds FROM events
    WHERE state = 'queued'`.execute(db);
  return rows[0]?.seconds ?? 0;
}
