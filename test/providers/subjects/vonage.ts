import { createHmac } from 'node:crypto';
import type { ProviderRequest } from '../../../src/providers/provider.ts';
import type { ApiAnswer, SeenRequest, Subject } from '../subject.ts';

const API_KEY = 'abcd1234';
const API_SECRET = 'api-secret-of-the-fixtures';
const SIGNATURE_SECRET = 'signature-secret-of-the-fixtures';
const JSON_TYPE = { 'content-type': 'application/json' };
const OPTIONS = {
  apiKey: API_KEY,
  apiSecret: API_SECRET,
  signatureMethod: 'sha256',
  signatureToleranceSeconds: 300,
  apiBaseUrl: 'http://127.0.0.1:1',
};

/** Vonage's SMS API in the contract, with signed webhooks. Its signatures are made here, not by the code under test. */
export const vonage: Subject = {
  options: { ...OPTIONS, signatureSecret: SIGNATURE_SECRET },
  secretOption: 'signatureSecret',
  rotating: { ...OPTIONS, signatureSecret: ['next-secret', SIGNATURE_SECRET] },
  proof: { query: ['sig'], body: ['sig'] },
  sign(request, secret, at) {
    const [address = '', query = ''] = request.url.split(/\?(.*)/s);
    const signed = (pairs: string) => new URLSearchParams(withSig(fieldsIn(pairs), secret, at)).toString();
    if (request.method === 'GET') return { ...request, url: `${address}?${signed(query)}` };
    const body = request.body.toString();
    if (!isJson(request)) return { ...request, body: Buffer.from(signed(body)) };
    const content = objectIn(body);
    return content === undefined
      ? request
      : { ...request, body: Buffer.from(JSON.stringify(withSig(content, secret, at))) };
  },
  message: (message) => json(fieldsOf(message)),
  parts: (message, texts) =>
    texts.map((text, index) =>
      json({
        ...fieldsOf({ ...message, id: `${message.id}${index + 1}`, text }),
        concat: 'true',
        'concat-ref': '108',
        'concat-total': String(texts.length),
        'concat-part': String(index + 1),
      }),
    ),
  receipt: ({ replyId, providerMessageId, status, to }) =>
    json({
      'api-key': API_KEY,
      msisdn: to.replace('+', ''),
      to: '79160000500',
      messageId: providerMessageId,
      status: { sent: 'buffered', delivered: 'delivered', undelivered: 'expired', failed: 'failed' }[status],
      'err-code': { sent: '0', delivered: '0', undelivered: '2', failed: '1' }[status],
      'client-ref': replyId,
      'message-timestamp': '2026-11-21 00:00:00',
    }),
  api: {
    at: (origin) => ({ apiBaseUrl: origin }),
    read,
    accepted: (id, to) =>
      answer([
        { to: to.replace('+', ''), 'message-id': id, status: '0', 'remaining-balance': '3.14', network: '25001' },
      ]),
    throttled: answer([{ status: '1', 'error-text': 'Throughput Rate Exceeded - please wait [ 50 ] and retry' }]),
    transient: answer([{ status: '4', 'error-text': 'Bad Credentials' }]),
    rejected: answer([{ status: '6', 'error-text': 'Unroutable message - rejected' }]),
    unknown: answer([{ status: '5', 'error-text': 'Internal Error' }]),
  },
  skips: {
    'batch with one bad element': 'Vonage tells one thing a call',
    'opted out': 'Vonage takes an SMS to a phone that has opted out and says so in the receipt alone (err-code 9)',
  },
};

function fieldsOf({ id, from, to, text }: { readonly [Key in 'id' | 'from' | 'to' | 'text']: string }) {
  return {
    'api-key': API_KEY,
    msisdn: from.replace('+', ''),
    to: to.replace('+', ''),
    messageId: id,
    text,
    type: 'unicode',
    keyword: 'CARD',
    'message-timestamp': '2026-11-21 00:00:00',
    nonce: '3c2d0f1e-0000-4000-8000-000000000001',
  };
}

function json(fields: object) {
  return { headers: JSON_TYPE, body: JSON.stringify(fields) };
}

type Fields = Readonly<Record<string, unknown>>;

/** The fields with the time and the signature, over those that are text, numbers or booleans. */
function withSig(fields: Fields, secret: string, at: number): Record<string, string> {
  const all: Record<string, unknown> = { ...fields, timestamp: String(Math.floor(at / 1_000)) };
  delete all.sig;
  let signed = '';
  for (const name of Object.keys(all).toSorted()) {
    const value = all[name];
    if (isScalar(value)) signed += `&${name}=${`${value}`.replace(/[&=]/g, '_')}`;
  }
  return { ...all, sig: createHmac('sha256', secret).update(signed).digest('hex') };
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function isJson({ headers }: ProviderRequest): boolean {
  return headers['content-type']?.startsWith('application/json') === true;
}

function fieldsIn(pairs: string): Fields {
  return Object.fromEntries(new URLSearchParams(pairs));
}

/** Undefined when the text is no JSON object: there is nowhere to put a signature. */
function objectIn(text: string): Fields | undefined {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === 'object' && content !== null && !Array.isArray(content) ? { ...content } : undefined;
  } catch {
    return undefined;
  }
}

function read({ method, path, headers, body }: SeenRequest) {
  const credentials = Buffer.from(`${API_KEY}:${API_SECRET}`).toString('base64');
  if (method !== 'POST' || path !== '/sms/json' || headers.authorization !== `Basic ${credentials}`) return undefined;
  const sms = new URLSearchParams(body);
  const numberIn = (name: string) => (sms.get(name) ?? '').replace(/^(?=\d{9})/, '+');
  return { from: numberIn('from'), to: numberIn('to'), text: sms.get('text') ?? '' };
}

function answer(messages: readonly object[]): ApiAnswer {
  return {
    status: 200,
    headers: JSON_TYPE,
    body: JSON.stringify({ 'message-count': String(messages.length), messages }),
  };
}
