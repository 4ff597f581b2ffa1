import { authentic, forged } from '../answers.ts';
import { isProviderId, isReplyId, isSenderId } from '../ids.ts';
import type { Acknowledgement, ProviderRequest, Received, Reception } from '../provider.ts';
import { queryOf, type RawFields, rawFields } from '../raw-fields.ts';
import { type Codings, type DefaultAlphabet, readText } from '../smpp/coding.ts';
import { readReceiptText } from '../smpp/receipt-text.ts';
import { unreadable } from '../unreadable.ts';
import { type UrlProof, urlFault } from '../url-proof.ts';

/** Jasmin takes nothing else for an answer. */
const ACKNOWLEDGEMENT: Acknowledgement = { status: 200, contentType: 'text/plain', body: 'ACK/Jasmin' };

/** What is asked of a channel's options. */
export interface Dialect extends UrlProof {
  readonly defaultAlphabet: DefaultAlphabet;
}

/** Judges and reads a call of Jasmin's: an SMS, or a receipt at our `dlr-url`. Never throws. */
export function receive(request: ProviderRequest, dialect: Dialect): Reception {
  if (request.method !== 'GET' && request.method !== 'POST') return forged('neither a GET nor a POST');
  const fault = urlFault(request, dialect);
  return fault === undefined ? authentic([read(request, dialect)], ACKNOWLEDGEMENT) : forged(fault);
}

function read({ method, url, headers, body }: ProviderRequest, { defaultAlphabet }: Dialect): Received {
  const query = queryOf(url);
  const isForm = /^application\/x-www-form-urlencoded(;|$)/i.test(headers['content-type'] ?? '');
  if (method === 'POST' && !isForm) return unreadable('not a form', body);
  const raw = method === 'GET' ? Buffer.from(query) : body;
  const fields = rawFields(raw);
  const id = fields.id?.toString();
  if (!isProviderId(id)) return unreadable('no id', raw);
  if (fields.message_status !== undefined) return readReceipt(fields, rawFields(query).reply?.toString(), raw, id);
  return readSms(fields, raw, { id, codings: { defaultAlphabet, octets: 'utf-8' } });
}

function readSms(fields: RawFields, raw: Buffer, { id, codings }: { readonly id: string; readonly codings: Codings }) {
  const from = fields.from?.toString();
  const to = fields.to?.toString();
  if (!isSenderId(from) || !isSenderId(to)) return unreadable('no from or to', raw, id);
  const octets = octetsOf(fields);
  const coding = codingOf(fields.coding);
  if (octets === undefined || coding === undefined) return unreadable('no content or no coding', raw, id);
  const text = readText(octets, coding, codings);
  if (text === undefined) return unreadable('a coding that is not known, or broken', raw, id);
  return { kind: 'message', message: { providerMessageId: id, from, to, text } } as const;
}

/** `binary` has the same octets as `content`, in hex, and lacks only in old versions. */
function octetsOf({ binary, content }: RawFields): Buffer | undefined {
  if (binary === undefined) return content;
  const hex = binary.toString();
  return /^(?:[\da-f]{2})*$/i.test(hex) ? Buffer.from(hex, 'hex') : undefined;
}

/**
 * The data_coding: a number where Jasmin runs on Python 2, the octet itself (`%08`) since it runs on Python 3. An octet
 * that happens to be a digit is a coding that no SMSC uses, so a digit is a number. Absent: 0.
 */
function codingOf(coding: RawFields[string]): number | undefined {
  if (coding === undefined || coding.length === 0) return 0;
  const digits = coding.toString('latin1');
  if (/^\d{1,3}$/.test(digits)) return Number(digits) <= 0xff ? Number(digits) : undefined;
  return coding.length === 1 ? coding[0] : undefined;
}

/** Level 1 is the SMSC's answer (`ESME_ROK`), level 2 the state in its receipt (`DELIVRD`). */
function readReceipt(
  { message_status, err }: RawFields,
  replyId: string | undefined,
  raw: Buffer,
  id: string,
): Received {
  const state = String(message_status).replace(/^CommandStatus\./, '');
  if (!isProviderId(state)) return unreadable('no message_status', raw, id);
  const { status, error } = state.startsWith('ESME_')
    ? answered(state)
    : readReceiptText(`stat:${state} err:${err?.toString() ?? ''}`);
  if (status === undefined) return unreadable('unknown message_status', raw, id);
  const receipt = {
    ...(isReplyId(replyId) && { replyId }),
    providerMessageId: id,
    status,
    ...(isProviderId(error) && error !== NO_ERROR && { errorCode: error }),
    isOptOut: false,
  };
  return { kind: 'receipt', receipt };
}

/** What Jasmin writes for a field that the receipt lacked. */
const NO_ERROR = 'ND';

/** The SMSC's answer to a message that it took. */
const ESME_ROK = 'ESME_ROK';

function answered(commandStatus: string) {
  return commandStatus === ESME_ROK
    ? ({ status: 'sent', error: undefined } as const)
    : ({ status: 'failed', error: commandStatus } as const);
}
