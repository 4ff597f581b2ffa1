import { signAsTwilio } from '../../support/sign-as-twilio.ts';
import type { ApiAnswer, SeenRequest, Subject } from '../subject.ts';

const ACCOUNT_SID = 'AC00000000000000000000000000000001';
const AUTH_TOKEN = 'current-token-of-the-fixtures';
const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8', 'user-agent': 'TwilioProxy/1.1' };
const MESSAGES = `/2010-04-01/Accounts/${ACCOUNT_SID}/Messages.json`;

/** Twilio in the contract. Its signatures are made by `signAsTwilio`, not by the code under test. */
export const twilio: Subject = {
  options: { accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN, apiBaseUrl: 'http://127.0.0.1:1' },
  secretOption: 'authToken',
  rotating: { accountSid: ACCOUNT_SID, authToken: ['next-token', AUTH_TOKEN], apiBaseUrl: 'http://127.0.0.1:1' },
  proof: { headers: ['x-twilio-signature'] },
  sign(request, secret) {
    const signature = signAsTwilio(secret, request.url, new URLSearchParams(request.body.toString()));
    return { ...request, headers: { ...request.headers, 'x-twilio-signature': signature } };
  },
  message: ({ id, from, to, text }) => ({
    headers: FORM,
    body: form({ MessageSid: id, SmsSid: id, SmsStatus: 'received', From: from, To: to, Body: text, NumMedia: '0' }),
  }),
  receipt: ({ replyId, providerMessageId: id, status, to }) => ({
    query: `?reply=${replyId}`,
    headers: FORM,
    body: form({ MessageSid: id, SmsSid: id, MessageStatus: status, SmsStatus: status, To: to }),
  }),
  api: {
    at: (origin) => ({ apiBaseUrl: origin }),
    read,
    accepted: (sid, to) => json(201, { sid, account_sid: ACCOUNT_SID, to, status: 'queued' }),
    throttled: json(429, { code: 20429, message: 'Too Many Requests', status: 429 }),
    transient: json(503, { code: 20503, message: 'Service unavailable', status: 503 }),
    rejected: json(400, { code: 21211, message: 'Invalid To', status: 400 }),
    optedOut: json(400, { code: 21610, message: 'Unsubscribed recipient', status: 400 }),
    unknown: json(500, { code: 20500, message: 'Internal Server Error', status: 500 }),
  },
  skips: {
    stale: 'Twilio signs no time, so its calls are believed for ever; the message id makes a repeat harmless',
    'batch with one bad element': 'Twilio tells one thing a call',
    'long message in parts': 'Twilio joins the parts before it calls',
  },
};

function form(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams({ ...fields, AccountSid: ACCOUNT_SID, ApiVersion: '2010-04-01' }).toString();
}

function read({ method, path, headers, body }: SeenRequest) {
  const credentials = Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64');
  if (method !== 'POST' || path !== MESSAGES || headers.authorization !== `Basic ${credentials}`) return undefined;
  const fields = new URLSearchParams(body);
  return { from: fields.get('From') ?? '', to: fields.get('To') ?? '', text: fields.get('Body') ?? '' };
}

function json(status: number, content: object): ApiAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}
