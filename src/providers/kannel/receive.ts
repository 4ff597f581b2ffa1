import type { DeliveryReceipt } from '../../sms/message.ts';
import { authentic, forged } from '../answers.ts';
import { isProviderId, isReplyId, isSenderId } from '../ids.ts';
import type { Acknowledgement, ProviderRequest, Received, Reception } from '../provider.ts';
import { queryOf, type RawFields, rawFields, unescapeOctets } from '../raw-fields.ts';
import { readReceiptText } from '../smpp/receipt-text.ts';
import { readHeader } from '../smpp/udh.ts';
import { unreadable } from '../unreadable.ts';
import { type UrlProof, urlFault } from '../url-proof.ts';
import { idOfReply } from './answer.ts';

/** Kannel sends the body of an answer to the customer, so it has to be empty. */
const ACKNOWLEDGEMENT: Acknowledgement = { status: 200, contentType: 'text/plain', body: '' };

/** What `%d` says: gw/dlr.h. */
const STATUSES = new Map<string, DeliveryReceipt['status']>([
  ['1', 'delivered'],
  ['2', 'undelivered'],
  ['4', 'sent'],
  ['8', 'sent'],
  ['16', 'failed'],
]);

/** Judges and reads a call of Kannel's: an SMS by `post-url` or `get-url`, or a receipt at our `dlr-url`. Never throws. */
export function receive(request: ProviderRequest, proof: UrlProof): Reception {
  if (request.method !== 'GET' && request.method !== 'POST') return forged('neither a GET nor a POST');
  const fault = urlFault(request, proof);
  return fault === undefined ? authentic([read(request)], ACKNOWLEDGEMENT) : forged(fault);
}

function read(request: ProviderRequest): Received {
  const query = queryOf(request.url);
  const fields = rawFields(query);
  const raw = request.method === 'GET' ? Buffer.from(query) : request.body;
  if (fields.status !== undefined) return readReceipt(fields, raw);
  return request.method === 'GET' ? readSms(fields, raw) : readPosted(request, fields);
}

/** `post-url` hands the text on as the body, and everything else in headers but what stands in our own URL. */
function readPosted({ headers, body }: ProviderRequest, query: RawFields): Received {
  const [, type = '', charset] = CONTENT_TYPE.exec(headers['content-type'] ?? '') ?? [];
  if (!POSTED_TYPES.has(type.toLowerCase())) return unreadable('not as post-url posts', body, idOf(query));
  const told = (name: string) => (headers[name] === undefined ? undefined : Buffer.from(headers[name], 'latin1'));
  const udh = headers['x-kannel-udh'];
  const fields = {
    ...query,
    from: told('x-kannel-from') ?? query.from,
    to: told('x-kannel-to') ?? query.to,
    coding: told('x-kannel-coding'),
    charset: charset === undefined ? undefined : Buffer.from(charset),
    udh: udh === undefined ? undefined : udhOf(udh),
    text: body,
  };
  return readSms(fields, body);
}

/** In percent escapes; in hexadecimal, as the user guide has it, there is no `%` before the length, which is below 32. */
function udhOf(header: string): Buffer {
  return /^(?:[\da-f]{2})+$/i.test(header) ? Buffer.from(header, 'hex') : Buffer.from(unescapeOctets(header), 'latin1');
}

const CONTENT_TYPE = /^\s*([\w/.+-]+)\s*(?:;\s*charset="?([\w-]+)"?)?/i;
const POSTED_TYPES: ReadonlySet<string> = new Set(['text/plain', 'application/octet-stream']);

function readSms(fields: RawFields, raw: Buffer): Received {
  const id = idOf(fields);
  if (id === undefined) return unreadable('no id', raw);
  const from = fields.from?.toString();
  const to = fields.to?.toString();
  if (!isSenderId(from) || !isSenderId(to)) return unreadable('no from or to', raw, id);
  const text = textOf(fields);
  if (text === undefined) return unreadable('no text, or one in a charset that is not known', raw, id);
  const sms = { providerMessageId: id, from, to, text };
  if (fields.udh === undefined || fields.udh.length === 0) return { kind: 'message', message: sms };
  const header = readHeader(fields.udh);
  if (header === undefined) return unreadable('a malformed UDH', raw, id);
  const { place } = header;
  return place === undefined ? { kind: 'message', message: sms } : { kind: 'part', part: { ...sms, ...place } };
}

/** `coding` 1 is 8-bit data, which has no charset: it is taken for UTF-8 where it can be that. */
function textOf({ text, coding, charset }: RawFields): string | undefined {
  if (text === undefined) return undefined;
  const isData = coding?.toString() === '1';
  const label = isData || charset === undefined || charset.length === 0 ? 'utf-8' : charset.toString();
  try {
    // A surrogate pair may be cut in two between two parts: its halves have to stay as they are.
    if (/^utf-?16be$/i.test(label)) return utf16(text);
    return new TextDecoder(label, { fatal: isData, ignoreBOM: true }).decode(text);
  } catch {
    return undefined;
  }
}

function utf16(text: Buffer): string | undefined {
  return text.length % 2 === 0 ? Buffer.from(text).swap16().toString('utf16le') : undefined;
}

function readReceipt({ reply, status: word, answer }: RawFields, raw: Buffer): Received {
  const replyId = reply?.toString();
  if (!isReplyId(replyId)) return unreadable('a receipt without a reply', raw);
  const status = STATUSES.get(String(word));
  if (status === undefined) return unreadable('unknown status', raw);
  const errorCode = errorIn(answer?.toString() ?? '');
  const receipt = {
    replyId,
    providerMessageId: idOfReply(replyId),
    status,
    ...(errorCode !== undefined && { errorCode }),
    isOptOut: false,
  };
  return { kind: 'receipt', receipt };
}

/** The code in `%A`: of a refusal (`NACK/11/Invalid Destination Address`), or in the text of a receipt (`err:034`). */
function errorIn(answer: string): string | undefined {
  const [, refusal] = /^NACK\/(\w{1,16})/.exec(answer) ?? [];
  const code = refusal ?? readReceiptText(answer).error;
  return isProviderId(code) ? code : undefined;
}

function idOf({ id }: RawFields): string | undefined {
  const text = id?.toString();
  return isProviderId(text) ? text : undefined;
}
