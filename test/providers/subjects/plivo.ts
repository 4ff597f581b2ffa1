import { createHmac } from 'node:crypto';
import type { ProviderRequest } from '../../../src/providers/provider.ts';
import type { ApiAnswer, SeenRequest, Subject } from '../subject.ts';

const AUTH_ID = 'MAXXXXXXXXXXXXXXXXX1';
const AUTH_TOKEN = 'current-token-of-the-fixtures';
const OPTIONS = { authId: AUTH_ID, apiBaseUrl: 'http://127.0.0.1:1' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'Plivo' };
const NONCE = '05429567804466091622';
const REST = { Type: 'sms', Units: '1', TotalRate: '0', TotalAmount: '0' };

/** Plivo in the contract, signed by V3 with the account's own token. V2 and the main account's are in `plivo.test.ts`. */
export const plivo: Subject = {
  options: { ...OPTIONS, authToken: AUTH_TOKEN },
  secretOption: 'authToken',
  rotating: { ...OPTIONS, authToken: ['next-token', AUTH_TOKEN] },
  proof: { headers: ['x-plivo-signature-v3', 'x-plivo-signature-v3-nonce'] },
  sign(request, secret) {
    const signed = `${signedByPlivo(request)}.${NONCE}`;
    const proof = {
      'x-plivo-signature-v3': createHmac('sha256', secret).update(signed).digest('base64'),
      'x-plivo-signature-ma-v3': undefined,
      'x-plivo-signature-v3-nonce': NONCE,
    };
    return { ...request, headers: { ...request.headers, ...proof } };
  },
  message: ({ id, from, to, text }) => ({
    headers: FORM,
    body: form({ ...REST, From: digits(from), To: digits(to), Text: text, MessageUUID: id, MessageIntent: '' }),
  }),
  receipt: ({ replyId, providerMessageId, status, to }) => ({
    query: `?reply=${replyId}`,
    headers: FORM,
    body: form({ ...REST, To: digits(to), MessageUUID: providerMessageId, Status: status, Sequence: '1' }),
  }),
  api: {
    at: (origin) => ({ apiBaseUrl: origin }),
    read,
    accepted: (id) => json(202, { api_id: 'a', message: 'message(s) queued', message_uuid: [id] }),
    throttled: json(429, { api_id: 'a', error: 'too many requests' }),
    transient: json(401, { api_id: 'a', error: 'authentication failed' }),
    rejected: json(400, { api_id: 'a', error: 'dst parameter is not valid' }),
    unknown: json(500, { api_id: 'a', error: 'internal server error' }),
  },
  skips: {
    stale:
      'Plivo signs a nonce but no time, so its calls are believed for ever; the message id makes a repeat harmless',
    'batch with one bad element': 'Plivo tells one thing a call',
    'long message in parts': 'Plivo joins the parts before it calls',
    'opted out': 'Plivo takes an SMS to a phone that texted STOP, and fails it with code 200 in a receipt',
  },
};

/** As Plivo's SDKs make it, but for the nonce; written anew for the tests. */
export function signedByPlivo({ method, url, body }: Pick<ProviderRequest, 'method' | 'url' | 'body'>): string {
  const [base, query = ''] = url.split(/\?(.*)/s);
  const asked = pairs(query).map((pair) => pair.join('='));
  const told = method === 'GET' ? [] : pairs(body.toString()).map((pair) => pair.join(''));
  if (asked.length === 0 && told.length === 0) return `${base}`;
  return `${base}?${asked.join('&')}${asked.length > 0 && told.length > 0 ? '.' : ''}${told.join('')}`;
}

function pairs(encoded: string): readonly (readonly [string, string])[] {
  const order = (a: string, b: string) => (a < b ? -1 : Number(a > b));
  return [...new URLSearchParams(encoded)].toSorted(([a, x], [b, y]) => order(a, b) || order(x, y));
}

function read({ method, path, headers, body }: SeenRequest) {
  const credentials = Buffer.from(`${AUTH_ID}:${AUTH_TOKEN}`).toString('base64');
  const isOurs = method === 'POST' && path === `/v1/Account/${AUTH_ID}/Message/`;
  if (!isOurs || headers.authorization !== `Basic ${credentials}`) return undefined;
  const { src: from, dst: to, text } = JSON.parse(body) as { src: string; dst: string; text: string };
  return { from, to, text };
}

function form(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}

function digits(number: string): string {
  return number.replace(/^\+/, '');
}

function json(status: number, content: object): ApiAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}
