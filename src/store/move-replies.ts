import { type RawBuilder, sql } from 'kysely';
import { REPLY_STATUS_RANK } from '../sms/message.ts';
import { isWithin } from './id-bounds.ts';

/** The columns of what a receipt tells: `n` is the caller's own, `id` our reply's when the provider gave it back. */
export const TOLD = `n int, channel text, id bigint, provider_id text, status text, rank smallint, error text, out boolean`;

/**
 * Moves replies forward to what was `told` of them, a query with the columns of `TOLD`, and gives the `n` of all that
 * named a reply. A reply is found by its id, or without one by the provider's id, which some providers use again: then it
 * is the newest that has it. Of several receipts for a reply the furthest counts; one that says less than is known changes
 * nothing. One that tells of an opt-out opts the phone out; one that explains an `unknown` reply closes its case. `ids`: the
 * replies that it can be about, where that is known.
 */
export function moveReplies(told: RawBuilder<unknown>, ids?: readonly string[]): RawBuilder<{ readonly n: number }> {
  const isOfThese = ids === undefined ? sql`true` : isWithin('replies.id', ids);
  return sql<{ n: number }>`
    WITH told AS (${told}), resolved AS (
      SELECT told.*, coalesce(told.id, (SELECT max(replies.id) FROM replies
        WHERE replies.channel = told.channel AND replies.provider_message_id = told.provider_id AND ${isOfThese})) AS reply
      FROM told
    ), receipt AS MATERIALIZED (
      SELECT furthest.*, replies.program, replies.recipient FROM
        (SELECT DISTINCT ON (reply) * FROM resolved WHERE reply IS NOT NULL ORDER BY reply, rank DESC) furthest
      JOIN replies ON replies.id = furthest.reply AND replies.channel = furthest.channel AND ${isOfThese}
      ORDER BY replies.id FOR UPDATE OF replies
    ), opted AS (
      INSERT INTO phones (program, phone, opted_out_at)
      SELECT DISTINCT program, recipient, now() FROM receipt WHERE out AND recipient <> '' ORDER BY 1, 2
      ON CONFLICT (program, phone) DO UPDATE SET opted_out_at = coalesce(phones.opted_out_at, excluded.opted_out_at)
    ), moved AS (
      UPDATE replies SET status = receipt.status, provider_message_id = receipt.provider_id, sweep_at = NULL,
        error_code = coalesce(receipt.error, replies.error_code),
        accepted_at = coalesce(replies.accepted_at, clock_timestamp()),
        finished_at = CASE WHEN receipt.rank >= ${REPLY_STATUS_RANK.delivered} THEN clock_timestamp() ELSE replies.finished_at END
      FROM receipt WHERE replies.id = receipt.reply AND ${isOfThese} AND receipt.rank > ${rankOf('replies.status')}
      RETURNING replies.id
    ), explained AS (
      UPDATE cases SET resolved_at = clock_timestamp(), resolution = 'a receipt came'
      FROM moved WHERE cases.reply_id = moved.id AND cases.kind = 'send-unknown' AND cases.resolved_at IS NULL
    )
    SELECT resolved.n FROM resolved JOIN receipt USING (reply)`;
}

/** The ladder of `REPLY_STATUS_RANK` as SQL, so that there is one ladder. */
function rankOf(column: string) {
  const cases = Object.entries(REPLY_STATUS_RANK).map(([status, rank]) => `WHEN '${status}' THEN ${rank}`);
  return sql.raw(`CASE ${column} ${cases.join(' ')} END`);
}
