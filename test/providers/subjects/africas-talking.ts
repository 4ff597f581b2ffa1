import type { ApiAnswer, SeenRequest, SpokenReceipt, Subject } from '../subject.ts';
import { withToken } from './with-token.ts';

const TOKEN = 'current-token-of-the-fixtures';
const API_KEY = 'atsk_key-of-the-fixtures';
const OPTIONS = { username: 'club', apiKey: API_KEY, apiBaseUrl: 'http://127.0.0.1:1' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const WORDS: Readonly<Record<SpokenReceipt['status'], string>> = {
  sent: 'Submitted',
  delivered: 'Success',
  undelivered: 'AbsentSubscriber',
  failed: 'Rejected',
};

/** Africa's Talking in the contract. */
export const africasTalking: Subject = {
  options: { ...OPTIONS, webhookToken: TOKEN },
  secretOption: 'webhookToken',
  rotating: { ...OPTIONS, webhookToken: ['next-token-of-the-fixtures', TOKEN] },
  proof: { query: ['token'] },
  sign: withToken,
  message: ({ id, from, to, text }, at) => ({
    headers: FORM,
    body: form({
      linkId: 'SampleLinkId123',
      text,
      to,
      id,
      date: dateTime(at),
      from,
      networkCode: '63902',
      cost: 'None',
    }),
  }),
  receipt: ({ providerMessageId: id, status, to }) => ({
    headers: FORM,
    body: form({ id, status: WORDS[status], phoneNumber: to, networkCode: '63902', retryCount: '0' }),
  }),
  api: {
    at: (origin) => ({ apiBaseUrl: origin }),
    read,
    accepted: (messageId, number) => recipient({ statusCode: 101, status: 'Success', number, messageId }),
    throttled: { status: 429, body: '' },
    transient: { status: 401, body: 'The supplied authentication is invalid' },
    rejected: recipient({ statusCode: 403, status: 'InvalidPhoneNumber', number: '+7', messageId: 'None' }),
    optedOut: recipient({ statusCode: 406, status: 'UserInBlacklist', number: '+7', messageId: 'None' }),
    unknown: recipient({ statusCode: 500, status: 'InternalServerError', number: '+7', messageId: 'None' }),
  },
  skips: {
    'body covered': "Africa's Talking signs nothing: a secret in the URL and a list of addresses are all there is",
    stale: "nothing in a call of Africa's Talking is dated by a signature, so a call is believed for ever",
    'batch with one bad element': "Africa's Talking tells one thing a call",
    'long message in parts': "Africa's Talking joins the parts of a text before it calls",
    'reply id in receipts': "Africa's Talking takes no reference and no callback URL with a message",
  },
};

function read({ method, path, headers, body }: SeenRequest) {
  const fields = new URLSearchParams(body);
  const isOurs = method === 'POST' && path === '/version1/messaging' && fields.get('username') === 'club';
  if (!isOurs || headers.apikey !== API_KEY) return undefined;
  return { from: fields.get('from') ?? '', to: fields.get('to') ?? '', text: fields.get('message') ?? '' };
}

function form(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}

function dateTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

function recipient(fields: Readonly<Record<string, string | number>>): ApiAnswer {
  const content = { SMSMessageData: { Message: 'Sent to 1/1 Total Cost: KES 0.8000', Recipients: [fields] } };
  return { status: 201, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}
