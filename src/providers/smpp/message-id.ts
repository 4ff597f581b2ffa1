/**
 * How an SMSC writes the id of one and the same message in its submit_sm_resp and in its receipts.
 * - `as-is`: alike.
 * - `hex-to-decimal`: hexadecimal in the response, decimal in the receipt.
 * - `decimal-to-hex`: decimal in the response, hexadecimal in the receipt.
 */
export type ReceiptIds = 'as-is' | 'hex-to-decimal' | 'decimal-to-hex';

/** Where an id was read. */
export type IdSource = 'response' | 'receipt';

const BASES = {
  'hex-to-decimal': { response: 16, receipt: 10 },
  'decimal-to-hex': { response: 10, receipt: 16 },
} as const satisfies Record<Exclude<ReceiptIds, 'as-is'>, Record<IdSource, 10 | 16>>;

/** message_id has 64 octets (SMPP 3.4 §5.2.23): no number is longer. */
const NUMBER = /^(?:0x)?([0-9a-f]{1,64})$/i;

/**
 * The one spelling that an id has inside, wherever it was read: to be kept of responses and looked for by receipts.
 * Numbers lose leading zeros and capitals and, where the bases differ, become decimal; a number with letters in it is
 * hexadecimal whatever was declared. UUIDs lose capitals. Other ids stay as they are, less the spaces around them.
 */
export function canonicalId(raw: string, source: IdSource, receiptIds: ReceiptIds): string {
  const id = raw.trim();
  const digits = NUMBER.exec(id)?.[1];
  if (digits === undefined) return /^[0-9a-f-]+$/i.test(id) ? id.toLowerCase() : id;
  if (receiptIds === 'as-is') return digits.toLowerCase().replace(/^0+(?=.)/, '');
  const isHex = BASES[receiptIds][source] === 16 || /[a-f]/i.test(digits);
  return BigInt(isHex ? `0x${digits}` : digits).toString();
}
