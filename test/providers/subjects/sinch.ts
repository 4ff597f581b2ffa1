import { createHmac } from 'node:crypto';
import type { ApiAnswer, SeenRequest, SpokenReceipt, Subject } from '../subject.ts';

const PLAN = 'plan-of-the-fixtures';
const API_TOKEN = 'api-token-of-the-fixtures';
const SECRET = 'current-secret-of-the-fixtures';
const OPTIONS = { servicePlanId: PLAN, apiToken: API_TOKEN, apiBaseUrl: 'http://127.0.0.1:1' };
const HEADERS = { 'content-type': 'application/json; charset=UTF-8' };
const NONCE = '01FJA8B4A7BM43YGWSG9GBV067';

const WORDS: Readonly<Record<SpokenReceipt['status'], readonly [word: string, code: number]>> = {
  sent: ['Dispatched', 401],
  delivered: ['Delivered', 0],
  undelivered: ['Failed', 27],
  failed: ['Aborted', 402],
};

/** Sinch in the contract, with signed callbacks. Callbacks with a token or Basic authentication are in `sinch.test.ts`. */
export const sinch: Subject = {
  options: { ...OPTIONS, webhookSecret: SECRET },
  secretOption: 'webhookSecret',
  rotating: { ...OPTIONS, webhookSecret: ['next-secret', SECRET] },
  proof: {
    headers: [
      'x-sinch-webhook-signature',
      'x-sinch-webhook-signature-nonce',
      'x-sinch-webhook-signature-timestamp',
      'x-sinch-webhook-signature-algorithm',
    ],
  },
  sign(request, secret, at) {
    const timestamp = String(Math.floor(at / 1_000));
    const signed = Buffer.concat([request.body, Buffer.from(`.${NONCE}.${timestamp}`)]);
    const proof = {
      'x-sinch-webhook-signature': createHmac('sha256', secret).update(signed).digest('base64'),
      'x-sinch-webhook-signature-nonce': NONCE,
      'x-sinch-webhook-signature-timestamp': timestamp,
      'x-sinch-webhook-signature-algorithm': 'HmacSHA256',
    };
    return { ...request, headers: { ...request.headers, ...proof } };
  },
  message: ({ id, from, to, text }, at) => ({
    headers: HEADERS,
    body: JSON.stringify({ type: 'mo_text', id, from, to, body: text, received_at: new Date(at).toISOString() }),
  }),
  receipt({ replyId, providerMessageId, status, to }, at) {
    const [word, code] = WORDS[status];
    const content = {
      type: 'recipient_delivery_report_sms',
      batch_id: providerMessageId,
      client_reference: replyId,
      recipient: to.replace(/^\+/, ''),
      status: word,
      code,
      at: new Date(at).toISOString(),
    };
    return { headers: HEADERS, body: JSON.stringify(content) };
  },
  api: {
    at: (origin) => ({ apiBaseUrl: origin }),
    read,
    accepted: (id, to) => json(201, { id, to: [to], type: 'mt_text', canceled: false }),
    throttled: json(429, { code: 'too_many_requests', text: 'Too many requests' }),
    transient: json(403, { code: 'missing_callback_url', text: 'Callback has been requested but no URL is provided' }),
    rejected: json(400, { code: 'syntax_invalid_parameter_format', text: 'Field to is not a valid MSISDN' }),
    unknown: json(500, { code: 'internal_error', text: 'Internal error' }),
  },
  skips: {
    'batch with one bad element': 'Sinch tells one thing a callback',
    'long message in parts': 'Sinch joins the parts of a text before it calls',
    'opted out': 'Sinch documents no answer or code that means an opt-out alone',
  },
};

function read({ method, path, headers, body }: SeenRequest) {
  const isOurs = method === 'POST' && path === `/xms/v1/${PLAN}/batches`;
  if (!isOurs || headers.authorization !== `Bearer ${API_TOKEN}`) return undefined;
  const { from, to, body: text } = JSON.parse(body) as { from: string; to: readonly [string]; body: string };
  return { from, to: to[0], text };
}

function json(status: number, content: object): ApiAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}
