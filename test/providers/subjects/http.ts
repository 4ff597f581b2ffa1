import { createHmac } from 'node:crypto';
import type { ProviderRequest } from '../../../src/providers/provider.ts';
import type { ApiAnswer, SeenRequest, SpokenMessage, SpokenReceipt, Subject } from '../subject.ts';

const SECRET = 'signature-secret-of-the-fixtures';
const API_KEY = 'api-key-of-the-fixtures';
const JSON_TYPE = { 'content-type': 'application/json' };
const SIGNATURE = 'x-acme-signature';
const TIMESTAMP = 'x-acme-timestamp';

/** A made-up provider, declared: HMAC over a timestamp and the body, JSON batches, parts, receipts with a reference. */
const DECLARATION = {
  signature: {
    at: `header:${SIGNATURE}`,
    algorithm: 'hmac-sha256',
    of: `{{ header:${TIMESTAMP} }}.{{ body }}`,
    encoding: 'base64',
    prefix: 'v1=',
    timestamp: { at: `header:${TIMESTAMP}`, format: 'unix', toleranceSeconds: 300 },
  },
  messages: {
    content: 'json',
    batch: 'events',
    when: { type: 'inbound' },
    id: 'data.id',
    from: 'data.from',
    to: 'data.to',
    text: 'data.text',
    reference: 'data.parts.ref',
    part: 'data.parts.index',
    total: 'data.parts.count',
    optOut: { at: 'data.keyword', STOP: ['STOP', 'UNSUB*'], START: 'START', HELP: 'HELP' },
    answer: { contentType: 'application/json', body: '{"ok":true}' },
  },
  receipts: {
    content: 'json',
    batch: 'events',
    when: { type: ['receipt', 'status.*'] },
    id: 'data.id',
    replyId: 'data.reference',
    status: 'data.status',
    statuses: {
      sent: ['SENT', 'BUFFERED'],
      delivered: 'DELIVERED',
      undelivered: ['EXPIRED', 'UNDELIVERABLE*'],
      failed: 'REJECTED',
    },
    errorCode: 'data.error.code',
    optOutCodes: '103',
  },
  apiBaseUrl: 'http://127.0.0.1:1',
  send: {
    path: '/v1/messages',
    headers: { authorization: `Bearer ${API_KEY}` },
    json: {
      recipients: ['{{ to | withoutPlus }}'],
      originator: '{{ from | withoutPlus }}',
      body: '{{ text }}',
      reference: '{{ replyId }}',
      report_url: '{{ callbackUrl }}',
      ttl: '{{ validitySeconds | number }}',
      options: { unicode: true },
    },
    id: 'messages.0.id',
    errorCode: 'error.code',
    outcomes: [
      { status: 201, outcome: 'accepted' },
      { status: 429, outcome: 'throttled', retryAfterSeconds: 2 },
      { status: 503, outcome: 'transient' },
      { status: [401, 403], outcome: 'accountTrouble' },
      { status: '4xx', when: { 'error.code': 'opted_out' }, outcome: 'optedOut' },
      { status: '4xx', when: { 'error.code': true }, outcome: 'rejected' },
    ],
  },
  check: {
    method: 'GET',
    path: '/v1/balance',
    headers: { authorization: `Bearer ${API_KEY}` },
    when: { credit: true },
  },
};

const WORDS: Readonly<Record<SpokenReceipt['status'], string>> = {
  sent: 'BUFFERED',
  delivered: 'DELIVERED',
  undelivered: 'UNDELIVERABLE_NUMBER',
  failed: 'REJECTED',
};

/** A provider that is declared, in the contract. Other declarations are in `http.test.ts` and in `examples/providers/`. */
export const http: Subject = {
  options: { ...DECLARATION, signatureSecret: SECRET },
  secretOption: 'signatureSecret',
  rotating: { ...DECLARATION, signatureSecret: ['next-secret', SECRET] },
  proof: { headers: [SIGNATURE, TIMESTAMP] },
  sign(request: ProviderRequest, secret: string, at: number) {
    const timestamp = String(Math.floor(at / 1_000));
    const hmac = createHmac('sha256', secret).update(`${timestamp}.`).update(request.body);
    return {
      ...request,
      headers: { ...request.headers, [TIMESTAMP]: timestamp, [SIGNATURE]: `v1=${hmac.digest('base64')}` },
    };
  },
  message: (message) => callOf([inbound(message)]),
  parts: (message, texts) =>
    texts.map((text, index) =>
      callOf([
        inbound(
          { ...message, id: `${message.id}-${index + 1}`, text },
          { ref: 108, index: index + 1, count: texts.length },
        ),
      ]),
    ),
  batch: (messages) => callOf(messages.map((message) => inbound(message))),
  brokenBatch: (messages, index) =>
    callOf(messages.map((message, at) => inbound(at === index ? { ...message, from: '' } : message))),
  receipt: ({ replyId, providerMessageId, status, to }) =>
    callOf([
      {
        type: 'status.changed',
        data: { id: providerMessageId, reference: replyId, to: digits(to), status: WORDS[status] },
      },
    ]),
  api: {
    at: (origin) => ({ apiBaseUrl: origin }),
    read,
    accepted: (id, to) => json(201, { messages: [{ id, to: digits(to), status: 'queued' }] }),
    throttled: json(429, { error: { code: 'too_fast' } }),
    transient: json(503, { error: { code: 'maintenance' } }),
    rejected: json(422, { error: { code: 'no_such_number' } }),
    optedOut: json(422, { error: { code: 'opted_out' } }),
    unknown: json(500, { error: { code: 'internal' } }),
  },
  skips: {},
};

function inbound({ id, from, to, text }: SpokenMessage, parts?: object) {
  return { type: 'inbound', data: { id, from: digits(from), to: digits(to), text, ...(parts && { parts }) } };
}

function callOf(events: readonly object[]) {
  return { headers: { ...JSON_TYPE, 'user-agent': 'Acme/1' }, body: JSON.stringify({ account: 7, events }) };
}

function read({ method, path, headers, body }: SeenRequest) {
  const isOurs = method === 'POST' && path === '/v1/messages' && headers.authorization === `Bearer ${API_KEY}`;
  if (!isOurs || headers['content-type'] !== 'application/json') return undefined;
  const sms = JSON.parse(body) as { recipients: readonly [string]; originator: string; body: string };
  return { from: sms.originator, to: sms.recipients[0], text: sms.body };
}

function digits(number: string): string {
  return number.replace(/^\+/, '');
}

function json(status: number, content: object): ApiAnswer {
  return { status, headers: JSON_TYPE, body: JSON.stringify(content) };
}
