import type { DeliveryReceipt } from '../../sms/message.ts';
import { isProviderId, isReplyId } from '../ids.ts';
import { replyMark } from './ids.ts';
import { placeOf, type Source, textAt } from './place.ts';
import { isAmong } from './words.ts';

/** What a receipt may say, in the order in which its words are looked for. */
export const STATUSES = ['delivered', 'undelivered', 'failed', 'sent', 'accepted', 'read'] as const;

/** Where a receipt has what, and what its words mean. At least one of `id` and `replyId`. */
export interface ReceiptPlaces {
  readonly id?: string;
  readonly replyId?: string;
  readonly status: string;
  readonly statuses: { readonly [Status in (typeof STATUSES)[number]]?: readonly string[] };
  readonly errorCode?: string;
  readonly optOutCodes?: readonly string[];
}

/** The receipt that a source tells; a reason when it cannot be read. */
export function receiptIn(source: Source, places: ReceiptPlaces): DeliveryReceipt | string {
  const at = (place: string | undefined) => (place === undefined ? undefined : textAt(placeOf(place), source)?.trim());
  const [id, replyId, word] = [at(places.id), at(places.replyId), at(places.status)];
  const ours = isReplyId(replyId) ? replyId : undefined;
  const providerMessageId = isProviderId(id)
    ? id
    : places.id === undefined && ours !== undefined
      ? replyMark(ours)
      : undefined;
  if (providerMessageId === undefined) return 'a receipt without an id';
  if (word === undefined) return 'a receipt without a status';
  const status = STATUSES.find((one) => isAmong(places.statuses[one], word));
  if (status === undefined) return 'unknown status';
  const error = at(places.errorCode);
  const isOptOut = error !== undefined && isAmong(places.optOutCodes, error);
  const isFailure = status === 'undelivered' || status === 'failed';
  return {
    ...(ours !== undefined && { replyId: ours }),
    providerMessageId,
    status,
    ...(isFailure && isProviderId(error) && { errorCode: error }),
    isOptOut,
  };
}
