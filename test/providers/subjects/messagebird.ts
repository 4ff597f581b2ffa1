import { createHash, createHmac } from 'node:crypto';
import type { ApiAnswer, SeenRequest, SpokenReceipt, Subject } from '../subject.ts';

const ACCESS_KEY = 'access-key-of-the-fixtures';
const SIGNING_KEY = 'current-signing-key-of-the-fixtures';
const OPTIONS = { accessKey: ACCESS_KEY, apiBaseUrl: 'http://127.0.0.1:1' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const WORDS: Readonly<Record<SpokenReceipt['status'], string>> = {
  sent: 'sent',
  delivered: 'delivered',
  undelivered: 'expired',
  failed: 'delivery_failed',
};

/** MessageBird in the contract. Its tokens are written with `node:crypto`, not with the package that reads them. */
export const messagebird: Subject = {
  options: { ...OPTIONS, signingKey: SIGNING_KEY },
  secretOption: 'signingKey',
  rotating: { ...OPTIONS, signingKey: ['next-signing-key', SIGNING_KEY] },
  proof: { headers: ['messagebird-signature-jwt'] },
  sign(request, secret, at) {
    const claims = {
      iss: 'MessageBird',
      nbf: Math.floor(at / 1_000),
      exp: Math.floor(at / 1_000) + 60,
      jti: 'e92cf079-362d-4813-ab40-bbdd938bdc6d',
      url_hash: sha256(request.url),
      ...(request.body.length > 0 && { payload_hash: sha256(request.body) }),
    };
    return { ...request, headers: { ...request.headers, 'messagebird-signature-jwt': jwt(claims, secret) } };
  },
  message: ({ id, from, to, text }, at) => ({
    headers: FORM,
    body: form({ id, recipient: digits(to), originator: digits(from), body: text, createdDatetime: dateTime(at) }),
  }),
  receipt: ({ replyId, providerMessageId: id, status, to }, at) => ({
    method: 'GET',
    query: `?${form({
      id,
      reference: replyId,
      recipient: digits(to),
      status: WORDS[status],
      statusDatetime: dateTime(at),
    })}`,
    headers: {},
    body: '',
  }),
  api: {
    at: (origin) => ({ apiBaseUrl: origin }),
    read,
    accepted: (id, to) => json(201, { id, direction: 'mt', recipients: { totalCount: 1, items: [{ recipient: to }] } }),
    throttled: { status: 429, body: '' },
    transient: error(422, 25, 'Not enough balance', null),
    rejected: error(422, 9, 'no (correct) recipients found', 'recipients'),
    unknown: error(500, 99, 'Internal error', null),
  },
  skips: {
    'batch with one bad element': 'MessageBird tells one thing a call',
    'long message in parts': 'MessageBird joins the parts of a text before it calls',
    'opted out': 'MessageBird takes a message to who has opted out, and says so in its report (error 103)',
  },
};

function read({ method, path, headers, body }: SeenRequest) {
  if (method !== 'POST' || path !== '/messages' || headers.authorization !== `AccessKey ${ACCESS_KEY}`)
    return undefined;
  const { originator, recipients, body: text } = JSON.parse(body) as Sent;
  return { from: originator.length > 8 ? `+${originator}` : originator, to: `+${recipients[0]}`, text };
}

interface Sent {
  readonly originator: string;
  readonly recipients: readonly [string];
  readonly body: string;
}

function form(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}

function jwt(claims: object, secret: string): string {
  const signed = [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function digits(number: string): string {
  return number.replace(/^\+/, '');
}

function dateTime(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, '+00:00');
}

function error(status: number, code: number, description: string, parameter: string | null): ApiAnswer {
  return json(status, { errors: [{ code, description, parameter }] });
}

function json(status: number, content: object): ApiAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}
