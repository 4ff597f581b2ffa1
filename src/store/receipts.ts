import { sql } from 'kysely';
import { type DeliveryReceipt, REPLY_STATUS_RANK } from '../sms/message.ts';
import { again, type Database } from './database.ts';
import { rows } from './rows.ts';

/**
 * Moves the replies forward to what their receipts say; a receipt that says less than is known changes nothing, whatever
 * order they come in. A receipt that tells of an opt-out opts the phone out;
 * one that explains an `unknown` reply closes its case. Answers how many named a reply of the channel.
 */
export async function applyReceipts(
  db: Database,
  channel: string,
  receipts: readonly DeliveryReceipt[],
): Promise<{ found: number }> {
  const list = furthest(receipts).map(({ replyId, providerMessageId, status, errorCode, isOptOut }) => ({
    id: replyId,
    provider_id: providerMessageId,
    status,
    rank: REPLY_STATUS_RANK[status],
    error: errorCode,
    out: isOptOut,
  }));
  if (list.length === 0) return { found: 0 };
  const statement = sql<{ found: number }>`
    WITH receipt AS MATERIALIZED (
      SELECT r.*, replies.program, replies.recipient FROM
        ${rows(list, 'id bigint, provider_id text, status text, rank smallint, error text, out boolean')}
      JOIN replies ON replies.id = r.id AND replies.channel = ${channel} ORDER BY replies.id FOR UPDATE OF replies
    ), opted AS (
      INSERT INTO phones (program, phone, opted_out_at)
      SELECT DISTINCT program, recipient, now() FROM receipt WHERE out AND recipient <> '' ORDER BY 1, 2
      ON CONFLICT (program, phone) DO UPDATE SET opted_out_at = coalesce(phones.opted_out_at, excluded.opted_out_at)
    ), moved AS (
      UPDATE replies SET status = receipt.status, provider_message_id = receipt.provider_id,
        error_code = coalesce(receipt.error, replies.error_code),
        accepted_at = coalesce(replies.accepted_at, clock_timestamp()),
        finished_at = CASE WHEN receipt.rank >= ${REPLY_STATUS_RANK.delivered} THEN clock_timestamp() ELSE replies.finished_at END
      FROM receipt WHERE replies.id = receipt.id AND receipt.rank > ${rankOf('replies.status')}
      RETURNING replies.id
    ), explained AS (
      UPDATE cases SET resolved_at = clock_timestamp(), resolution = 'a receipt came'
      FROM moved WHERE cases.reply_id = moved.id AND cases.kind = 'send-unknown' AND cases.resolved_at IS NULL
    )
    SELECT count(*)::int AS found FROM receipt`;
  const { rows: answer } = await again(() => statement.execute(db));
  return { found: answer[0]?.found ?? 0 };
}

/** The furthest receipt of each reply: an UPDATE takes only one row for each. */
function furthest(receipts: readonly DeliveryReceipt[]): DeliveryReceipt[] {
  const best = new Map<string, DeliveryReceipt>();
  for (const receipt of receipts) {
    if (receipt.replyId === undefined || !/^\d{1,18}$/.test(receipt.replyId)) continue;
    const known = best.get(receipt.replyId);
    if (known === undefined || REPLY_STATUS_RANK[receipt.status] > REPLY_STATUS_RANK[known.status]) {
      best.set(receipt.replyId, receipt);
    }
  }
  return [...best.values()];
}

/** The ladder of `REPLY_STATUS_RANK` as SQL, so that there is one ladder. */
function rankOf(column: string) {
  const cases = Object.entries(REPLY_STATUS_RANK).map(([status, rank]) => `WHEN '${status}' THEN ${rank}`);
  return sql.raw(`CASE ${column} ${cases.join(' ')} END`);
}
