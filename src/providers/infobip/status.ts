import type { DeliveryReceipt } from '../../sms/message.ts';
import { isProviderId, isReplyId } from '../ids.ts';
import { isFields } from '../json.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What Infobip says of a message wherever it says something: in answers, in reports and in its logs. */
export interface Status {
  /** `PENDING`, `REJECTED` … */
  readonly group: string;
  readonly id: number;
  /** `REJECTED_NETWORK`: what goes into a code. */
  readonly name: string;
}

/** https://www.infobip.com/docs/essentials/api-essentials/response-status-and-error-codes#general-status-codes */
export const STATUS_IDS = {
  deliveredToOperator: 2,
  waitingForDelivery: 3,
  networkNotAllowed: 6,
  onItsWay: 7,
  prefixMissing: 8,
  sourceNotAllowed: 11,
  notEnoughCredits: 12,
  senderBlocklisted: 13,
  destinationBlocklisted: 14,
  prepaidPackageExpired: 17,
  destinationNotRegistered: 18,
  routeNotAvailable: 19,
  floodingFilter: 20,
  systemError: 21,
  duplicateMessageId: 23,
  deliveryUnknown: 29,
  rejectedByPlatform: 100,
} as const;

const BY_GROUP = new Map<string, DeliveryReceipt['status']>([
  ['PENDING', 'accepted'],
  ['DELIVERED', 'delivered'],
  ['UNDELIVERABLE', 'undelivered'],
  ['EXPIRED', 'undelivered'],
  ['REJECTED', 'failed'],
]);

/**
 * Statuses that are not what their group says. Of a message that was only delivered to the operator a further report may
 * follow; of one whose validity ran out without a word from the operator nobody knows whether it came.
 */
const BY_ID = new Map<number, DeliveryReceipt['status']>([
  [STATUS_IDS.waitingForDelivery, 'sent'],
  [STATUS_IDS.onItsWay, 'sent'],
  [STATUS_IDS.deliveredToOperator, 'sent'],
  [STATUS_IDS.deliveryUnknown, 'sent'],
]);

/** The `status` of a message; undefined when it is none. */
export function statusOf({ status }: Fields): Status | undefined {
  if (!isFields(status)) return undefined;
  const { groupName: group, id, name } = status;
  if (typeof group !== 'string' || typeof id !== 'number') return undefined;
  return { group, id, name: isWord(name) ? name : `status-${id}` };
}

/**
 * Infobip's blocklist holds the phones that texted STOP to it, those that an operator asked for, and those that were
 * entered by hand; the code does not say which.
 */
export function isOptOut({ id }: Status): boolean {
  return id === STATUS_IDS.destinationBlocklisted;
}

/** What a delivery report, or an entry of the logs, tells; a text when it cannot be read. */
export function receiptOf(report: Fields): DeliveryReceipt | string {
  const { messageId: providerMessageId, callbackData: replyId } = report;
  if (!isProviderId(providerMessageId)) return 'no messageId';
  const told = statusOf(report);
  if (told === undefined) return 'no status';
  const status = BY_ID.get(told.id) ?? BY_GROUP.get(told.group);
  if (status === undefined) return 'unknown status';
  const isFailure = status === 'undelivered' || status === 'failed';
  return {
    ...(isReplyId(replyId) && { replyId }),
    providerMessageId,
    status,
    ...(isFailure && { errorCode: errorOf(report) ?? told.name }),
    isOptOut: isOptOut(told),
  };
}

/** The network's reason: `EC_ABSENT_SUBSCRIBER`. */
function errorOf({ error }: Fields): string | undefined {
  return isFields(error) && error.id !== 0 && isWord(error.name) ? error.name : undefined;
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^\w{1,64}$/.test(value);
}
