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
  const ours = receipts.flatMap(({ replyId }) => (isReplyId(replyId) ? [replyId] : []));
  // Those without our id may be of any month.
  const ids = receipts.some(({ replyId }) => replyId === undefined) ? undefined : ours;
  const { rows: named } = await again(() => moveReplies(told, ids).execute(db));
  const found = new Set(named.map(({ n }) => n));
  const parked = receipts.filter(({ replyId }, n) => replyId === undefined && !found.has(n));
  if (parked.length > 0) {
    await again(() => parkReceipts(db, channel, parked));
    await applyParked(
      db,
      parked.map(({ providerMessageId }) => providerMessageId),
    );
  }
  return { found: found.size, parked: parked.length, unmatched: receipts.length - found.size - parked.length };
}

/** Decimal, within 64 bits, and without the zeros before it that no id of ours has. */
function isReplyId(text: string | undefined): text is string {
  return text !== undefined && /^(?:[1-9]\d{0,17}|[1-8]\d{18})$/.test(text);
}

/** An id that cannot be one of ours is the id of no reply: 0. */
function toRow(channel: string, receipt: DeliveryReceipt, n: number) {
  const { replyId, providerMessageId, status, errorCode, isOptOut } = receipt;
  return {
    n,
    channel,
    id: replyId === undefined || isReplyId(replyId) ? replyId : '0',
    provider_id: providerMessageId,
    status,
    rank: REPLY_STATUS_RANK[status],
    error: errorCode,
    out: isOptOut,
  };
}
