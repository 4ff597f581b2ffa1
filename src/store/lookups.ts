import { sql } from 'kysely';
import type { Msisdn } from '../sms/msisdn.ts';
import { BLANK_CODE } from './codes.ts';
import type { Database } from './database.ts';
import type { UnansweredPolicy } from './reply-sweep.ts';
import { rows } from './rows.ts';

/** An unanswered send that its provider is to be asked about now. */
export interface DueLookup {
  readonly id: string;
  readonly sender: string;
  readonly recipient: Msisdn;
  /** What was handed over; empty when the worker died before it could write it down. */
  readonly text: string;
  readonly attempted_at: Date;
  readonly attempts: number;
  /** This look-up's number, from 1. */
  readonly lookups: number;
}

/** Longer than a look-up may take: whose worker said nothing for this long is looked up again. */
const LEASE = sql.raw(`interval '2 minutes'`);

/** The channels that have unanswered sends to look up now. */
export async function channelsToLookUp(db: Database, policies: readonly UnansweredPolicy[]): Promise<string[]> {
  const list = policies.filter(({ lookups }) => lookups > 0).map(({ channel, lookups }) => ({ channel, lookups }));
  if (list.length === 0) return [];
  const { rows: due } = await sql<{ channel: string }>`
    SELECT DISTINCT r.channel FROM ${rows(list, 'channel text, lookups int')} JOIN replies USING (channel)
    WHERE replies.status = 'unknown' AND replies.sweep_at <= clock_timestamp() AND replies.lookups < r.lookups`.execute(
    db,
  );
  return due.map(({ channel }) => channel);
}

/**
 * Takes the reply of the channel that has waited longest to be looked up, of those looked up less than `tries` times. Until
 * its look-up is recorded, or two minutes have passed, nobody else gets it.
 */
export async function claimLookup(db: Database, channel: string, tries: number): Promise<DueLookup | undefined> {
  const { rows: claimed } = await sql<DueLookup>`
    UPDATE replies SET lookups = lookups + 1, sweep_at = clock_timestamp() + ${LEASE}
    WHERE id = (SELECT id FROM replies WHERE status = 'unknown' AND sweep_at <= clock_timestamp()
        AND channel = ${channel} AND lookups < ${tries} AND recipient <> ''
      ORDER BY sweep_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, sender, recipient, attempts, lookups, coalesce(attempted_at, created_at) AS attempted_at,
      replace(coalesce(text, ''), ${BLANK_CODE}, coalesce(variables ->> 'code', ${BLANK_CODE})) AS text`.execute(db);
  return claimed[0];
}

/** True when the provider's id is that of another reply of the channel: two may have said the same to one phone. */
export async function isAnotherReply(db: Database, channel: string, id: string, providerId: string): Promise<boolean> {
  const { rows: others } = await sql`SELECT FROM replies
    WHERE channel = ${channel} AND provider_message_id = ${providerId} AND id <> ${id} LIMIT 1`.execute(db);
  return others.length > 0;
}

/** Puts a reply that surely never went out back into the outbox; false when something else was learned meanwhile. */
export async function sendAbsent(db: Database, { id, lookups }: DueLookup): Promise<boolean> {
  const { rows: back } = await sql`
    UPDATE replies SET status = 'queued', error_code = 'absent', next_attempt_at = clock_timestamp(),
      sweep_at = clock_timestamp() + interval '8 seconds'
    WHERE id = ${id} AND status = 'unknown' AND lookups = ${lookups} RETURNING id`.execute(db);
  return back.length > 0;
}

/** Lets a reply wait for its next look-up, or for what the channel's policy says when it had its last. */
export async function lookUpLater(db: Database, { id, lookups }: DueLookup, delayMs: number): Promise<void> {
  await sql`
    UPDATE replies SET sweep_at = clock_timestamp() + ${delayMs}::float8 * interval '1 millisecond'
    WHERE id = ${id} AND status = 'unknown' AND lookups = ${lookups}`.execute(db);
}
