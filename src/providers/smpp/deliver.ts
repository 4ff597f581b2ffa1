import type { DeliveryReceipt } from '../../sms/message.ts';
import { isProviderId, isSenderId } from '../ids.ts';
import type { Received } from '../provider.ts';
import { unreadable } from '../unreadable.ts';
import { type Codings, readText } from './coding.ts';
import { type Delivery, readDelivery, type SmppAddress, TLV } from './deliver-pdu.ts';
import { canonicalId, type ReceiptIds } from './message-id.ts';
import { sarPlace } from './parts.ts';
import { meaningfulError, type ReceiptText, readReceiptText, statusOfState } from './receipt-text.ts';
import { readHeader, type UserDataHeader } from './udh.ts';

/** What a channel's SMSC means by what it sends. */
export interface Dialect extends Codings {
  readonly receiptIds: ReceiptIds;
  /** Error codes of receipts that say that the recipient has opted out. */
  readonly optOutErrors: readonly string[];
}

/** SMPP 3.4 §5.2.12. */
const MESSAGE_TYPE = 0x3c;
const PLAIN_MESSAGE = 0x00;
const SMSC_RECEIPT = 0x04;
const HAS_HEADER = 0x40;

const TON_INTERNATIONAL = 1;

/** What stands before a message without a header. */
const NO_HEADER: UserDataHeader = { octets: 0, tables: {} };

/**
 * What a whole deliver_sm or data_sm, header included, tells. SMPP gives an MO no id, so `id` becomes its: one that no
 * other has. Whatever cannot be understood is `unreadable`. Never throws.
 */
export function receivedFrom(pdu: Buffer, id: string, dialect: Dialect): Received {
  const delivery = readDelivery(pdu);
  if (delivery === undefined) return unreadable('malformed PDU', pdu, id);
  if (isReceipt(delivery)) return readReceipt(pdu, id, delivery, dialect);
  const type = delivery.esmClass & MESSAGE_TYPE;
  // Acknowledgements by a phone or its user, and notices of delivery still under way: never asked for.
  if (type !== PLAIN_MESSAGE) return unreadable(`esm_class 0x${type.toString(16).padStart(2, '0')}`, pdu, id);
  return readMessage(pdu, id, delivery, dialect);
}

/** A phone cannot set TLVs, so an SMSC that forgets the esm_class is believed by them; by a text alone never. */
function isReceipt({ esmClass, tlvs }: Delivery): boolean {
  const type = esmClass & MESSAGE_TYPE;
  if (type === SMSC_RECEIPT) return true;
  return type === PLAIN_MESSAGE && tlvs.has(TLV.receiptedMessageId) && tlvs.has(TLV.messageState);
}

function readMessage(pdu: Buffer, id: string, delivery: Delivery, codings: Codings): Received {
  const from = senderId(delivery.source);
  const to = senderId(delivery.destination);
  if (!isSenderId(from) || !isSenderId(to)) return unreadable('no source_addr or destination_addr', pdu, id);
  const header = (delivery.esmClass & HAS_HEADER) === 0 ? NO_HEADER : readHeader(delivery.body);
  if (header === undefined) return unreadable('unknown user data header', pdu, id);
  const text = readText(delivery.body.subarray(header.octets), delivery.dataCoding, codings, header);
  if (text === undefined) return unreadable(`no text by data_coding ${delivery.dataCoding}`, pdu, id);
  const place = header.place ?? sarPlace(delivery.tlvs);
  const message = { providerMessageId: id, from, to, text };
  return place === undefined ? { kind: 'message', message } : { kind: 'part', part: { ...message, ...place } };
}

/** International numbers get their `+`; short codes that are called international, and national forms, stay as they are. */
function senderId({ ton, address }: SmppAddress): string {
  return ton === TON_INTERNATIONAL && /^[1-9]\d{6,14}$/.test(address) ? `+${address}` : address;
}

function readReceipt(pdu: Buffer, id: string, delivery: Delivery, dialect: Dialect): Received {
  const told = readReceiptText(receiptText(delivery, dialect));
  const messageId = tlvText(delivery, TLV.receiptedMessageId) ?? told.id;
  const status = tlvStatus(delivery) ?? told.status;
  if (messageId === undefined) return unreadable('a receipt without an id', pdu, id);
  if (status === undefined) return unreadable('a receipt without a known state', pdu, id);
  const providerMessageId = canonicalId(messageId, 'receipt', dialect.receiptIds);
  if (!isProviderId(providerMessageId)) return unreadable('a receipt without a usable id', pdu, id);
  return { kind: 'receipt', receipt: receiptOf(providerMessageId, status, errorCode(delivery, told), dialect) };
}

function receiptOf(
  providerMessageId: string,
  status: DeliveryReceipt['status'],
  errorCode: string | undefined,
  { optOutErrors }: Dialect,
): DeliveryReceipt {
  const isOptOut = errorCode !== undefined && optOutErrors.includes(errorCode);
  return { providerMessageId, status, ...(isProviderId(errorCode) && { errorCode }), isOptOut };
}

/** Receipts are ASCII whatever data_coding says, in which `_` may be another character; a few are what it says. */
function receiptText(delivery: Delivery, codings: Codings): string {
  const header = (delivery.esmClass & HAS_HEADER) === 0 ? undefined : readHeader(delivery.body);
  const octets = delivery.body.subarray(header?.octets ?? 0);
  const ascii = octets.toString('latin1');
  if (readReceiptText(ascii).status !== undefined) return ascii;
  return readText(octets, delivery.dataCoding, codings, header) ?? ascii;
}

function tlvText({ tlvs }: Delivery, tag: number): string | undefined {
  const text = tlvs.get(tag)?.toString('latin1').split('\0', 1)[0]?.trim();
  return text === '' ? undefined : text;
}

function tlvStatus({ tlvs }: Delivery): DeliveryReceipt['status'] | undefined {
  const state = tlvs.get(TLV.messageState);
  return state?.length === 1 ? statusOfState(state.readUInt8(0)) : undefined;
}

/** network_error_code is a network's type and its code (SMPP 3.4 §5.3.2.31): the code is told, in decimal. */
function errorCode({ tlvs }: Delivery, told: ReceiptText): string | undefined {
  const code = tlvs.get(TLV.networkErrorCode);
  return code?.length === 3 ? meaningfulError(String(code.readUInt16BE(1))) : told.error;
}
