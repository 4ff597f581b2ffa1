import type { DeliveryReceipt } from '../../sms/message.ts';

/** What the text of a receipt says; what it does not say is absent. */
export interface ReceiptText {
  readonly id?: string;
  readonly status?: DeliveryReceipt['status'];
  /** As it is written: `001`, `27:1`. */
  readonly error?: string;
}

/** The field names of all dialects, with the ends of what stood before them. Dates and counts end a value, no more. */
const FIELD =
  /(?:^|[\s,;|])(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|status|state|err|error|text)[ \t]{0,4}[:=]/gi;

/** A receipt is some 120 characters; nothing beyond this is read. */
const MAX_LENGTH = 1_000;

/**
 * Words for states, by how they begin, since they come whole (`DELIVERED`), in 7 letters (`DELIVRD`) and in 3 or 4. The
 * longest beginning counts. `DEL` alone is taken for delivered: nobody deletes our SMS.
 * SMPP 3.4 appendix B; `ACKED` and `BUFFRED` are taken for not yet delivered, as Kannel does.
 */
const STATES = new Map<string, DeliveryReceipt['status']>([
  ['ACC', 'accepted'],
  ['ACK', 'accepted'],
  ['BUF', 'accepted'],
  ['SCH', 'accepted'],
  ['ENR', 'sent'],
  // The SMSC does not know and will not learn: it left, that is all.
  ['UNK', 'sent'],
  ['DEL', 'delivered'],
  ['DLV', 'delivered'],
  ['DELE', 'undelivered'],
  ['EXP', 'undelivered'],
  ['UND', 'undelivered'],
  ['SKI', 'undelivered'],
  ['FAI', 'failed'],
  ['REJ', 'failed'],
  ['REA', 'read'],
  ['SEE', 'read'],
]);

/** The message_state TLV. SMPP 5.0 §4.7.15. */
const MESSAGE_STATES: readonly DeliveryReceipt['status'][] = [
  'accepted', // SCHEDULED
  'sent', // ENROUTE
  'delivered', // DELIVERED
  'undelivered', // EXPIRED
  'undelivered', // DELETED
  'undelivered', // UNDELIVERABLE
  'accepted', // ACCEPTED
  'sent', // UNKNOWN
  'failed', // REJECTED
  'undelivered', // SKIPPED
];

/**
 * Reads `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…` in any order and case, with any of them
 * missing, or empty. Of two fields of a name the first counts: what follows `text:` is our own SMS and may say anything.
 * Linear in the length of the text. Never throws.
 */
export function readReceiptText(text: string): ReceiptText {
  const fields = fieldsOf(text.slice(0, MAX_LENGTH));
  const id = firstWord(fields.get('id'));
  const status = receiptStatus(firstWord(fields.get('stat') ?? fields.get('status') ?? fields.get('state')));
  const error = meaningfulError(firstWord(fields.get('err') ?? fields.get('error')));
  return { ...(id !== undefined && { id }), ...(status && { status }), ...(error !== undefined && { error }) };
}

/** The status that a message_state TLV tells; undefined for one that the specification lacks. */
export function statusOfState(state: number): DeliveryReceipt['status'] | undefined {
  return MESSAGE_STATES[state];
}

/** An error code, unless it says that there is none: `0`, `000`, `NONE`. */
export function meaningfulError(code: string | undefined): string | undefined {
  return code === undefined || /^(?:0+|none|null)$/i.test(code) ? undefined : code;
}

function fieldsOf(text: string): Map<string, string> {
  const found = [...text.matchAll(FIELD)];
  const fields = new Map<string, string>();
  found.forEach((match, index) => {
    const name = (match[1] ?? '').toLowerCase();
    const value = text.slice(match.index + match[0].length, found[index + 1]?.index);
    if (!fields.has(name)) fields.set(name, value);
  });
  return fields;
}

function firstWord(value: string | undefined): string | undefined {
  return value?.match(/[^\s,;|"']+/)?.[0];
}

function receiptStatus(word: string | undefined): DeliveryReceipt['status'] | undefined {
  const state = word?.toUpperCase() ?? '';
  return STATES.get(state.slice(0, 4)) ?? STATES.get(state.slice(0, 3));
}
