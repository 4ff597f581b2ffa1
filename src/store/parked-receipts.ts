import { sql } from 'kysely';
import { type DeliveryReceipt, REPLY_STATUS_RANK } from '../sms/message.ts';
import { again, type Database } from './database.ts';
import { moveReplies } from './move-replies.ts';
import { rows } from './rows.ts';

/*
 * A receipt without our reply id may come before the provider's answer to the send itself, and then no reply has the
 * provider's id yet. It is parked until one has. The receipt's side commits it and then looks for the reply; when that is
 * written down later, the sweeper brings the two together, within two seconds. The send itself does not look: for each pack
 * of replies that would be a statement that nearly always finds nothing.
 */

/** How long a receipt waits for a send that has its provider's id; no provider's answer takes as long. */
const PARKED = sql.raw(`interval '10 minutes'`);

/** Keeps receipts that found no reply by the provider's id; of several for one id the furthest, since the first came. */
export async function parkReceipts(db: Database, channel: string, receipts: readonly DeliveryReceipt[]): Promise<void> {
  const furthest = new Map<string, DeliveryReceipt>();
  for (const receipt of receipts) {
    const known = furthest.get(receipt.providerMessageId);
    if (known === undefined || REPLY_STATUS_RANK[receipt.status] > REPLY_STATUS_RANK[known.status]) {
      furthest.set(receipt.providerMessageId, receipt);
    }
  }
  const list = [...furthest.values()].map(({ providerMessageId, status, errorCode, isOptOut }) => ({
    id: providerMessageId,
    status,
    rank: REPLY_STATUS_RANK[status],
    error: errorCode,
    out: isOptOut,
  }));
  await sql`
    INSERT INTO parked_receipts AS parked (channel, provider_message_id, status, rank, error_code, is_opt_out)
    SELECT ${channel}, id, status, rank, error, out
    FROM ${rows(list, 'id text, status text, rank smallint, error text, out boolean')} ORDER BY id
    ON CONFLICT (channel, provider_message_id) DO UPDATE SET status = excluded.status, rank = excluded.rank,
      error_code = excluded.error_code, is_opt_out = excluded.is_opt_out
    WHERE excluded.rank > parked.rank`.execute(db);
}

/** Applies the parked receipts whose reply is known by now: of these ids of the provider's, or all. Answers how many. */
export async function applyParked(db: Database, providerMessageIds?: readonly string[]): Promise<number> {
  const isAsked =
    providerMessageIds === undefined ? sql`true` : sql`provider_message_id = ANY(${providerMessageIds}::text[])`;
  const taken = sql`
    DELETE FROM parked_receipts parked WHERE ${isAsked} AND EXISTS (SELECT FROM replies
      WHERE replies.channel = parked.channel AND replies.provider_message_id = parked.provider_message_id)
    RETURNING 0 AS n, channel, NULL::bigint AS id, provider_message_id AS provider_id, status, rank, error_code AS error,
      is_opt_out AS out`;
  const { rows: applied } = await again(() => moveReplies(taken).execute(db));
  return applied.length;
}

/** Gives up the receipts that no reply wanted in ten minutes; answers their number by channel. */
export async function dropParked(db: Database): Promise<ReadonlyMap<string, number>> {
  const { rows: dropped } = await sql<{ channel: string; count: number }>`
    WITH dropped AS (DELETE FROM parked_receipts WHERE parked_at <= clock_timestamp() - ${PARKED} RETURNING channel)
    SELECT channel, count(*)::int AS count FROM dropped GROUP BY 1`.execute(db);
  return new Map(dropped.map(({ channel, count }) => [channel, count]));
}
