import { sql } from 'kysely';
import { type DeliveryReceipt, REPLY_STATUS_RANK } from '../sms/message.ts';
import { again, type Database } from './database.ts';
import { moveReplies, TOLD } from './move-replies.ts';
import { applyParked, parkReceipts } from './parked-receipts.ts';
import { rows } from './rows.ts';

/** How many receipts named a reply of the channel, by whichever id; wait for theirs; named none. */
export interface AppliedReceipts {
  readonly found: number;
  readonly parked: number;
  readonly unmatched: number;
}

/**
 * Moves the replies forward to what their receipts say, whatever order they come in. A receipt with our reply id belongs to
 * that reply of the channel; one without to the reply that has the provider's id, and where there is none yet, it is
 * parked until the answer to the send tells it. All of it is committed when this returns.
 */
export async function applyReceipts(
  db: Database,
  channel: string,
  receipts: readonly DeliveryReceipt[],
): Promise<AppliedReceipts> {
  if (receipts.length === 0) return { found: 0, parked: 0, unmatched: 0 };
  const told = sql`SELECT * FROM ${rows(
    receipts.map((receipt, n) => toRow(channel, receipt, n)),
    TOLD,
  )}`;
  const { rows: named } = await again(() => moveReplies(told).execute(db));
  const found = new Set(named.map(({ n }) => n));
  const parked = receipts.filter(({ replyId }, n) => replyId === undefined && !found.has(n));
  if (parked.length > 0) {
    await again(() => parkReceipts(db, channel, parked));
    const ids = parked.map(({ providerMessageId }) => providerMessageId);
    await applyParked(db, ids);
  }
  return { found: found.size, parked: parked.length, unmatched: receipts.length - found.size - parked.length };
}

/** An id that cannot be one of ours is the id of no reply: 0. */
function toRow(channel: string, receipt: DeliveryReceipt, n: number) {
  const { replyId, providerMessageId, status, errorCode, isOptOut } = receipt;
  return {
    n,
    channel,
    id: replyId === undefined || /^\d{1,18}$/.test(replyId) ? replyId : '0',
    provider_id: providerMessageId,
    status,
    rank: REPLY_STATUS_RANK[status],
    error: errorCode,
    out: isOptOut,
  };
}
