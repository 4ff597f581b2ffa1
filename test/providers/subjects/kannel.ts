import type { SeenRequest, SpokenReceipt, Subject } from '../subject.ts';
import { withToken } from './with-token.ts';

const TOKEN = 'current-token-of-the-fixtures';
const PASSWORD = 'password-of-the-fixtures';
const OPTIONS = { username: 'cardwake', password: PASSWORD, apiBaseUrl: 'http://127.0.0.1:1' };
const AGENT = { connection: 'keep-alive', 'user-agent': 'Kannel/1.4.5' };
const HTML = { 'content-type': 'text/html' };

const CODES: Readonly<Record<SpokenReceipt['status'], string>> = {
  sent: '8',
  delivered: '1',
  undelivered: '2',
  failed: '16',
};

/** Kannel in the contract, calling by `get-url`. How it calls by `post-url` is recorded, and in `kannel.test.ts`. */
export const kannel: Subject = {
  options: { ...OPTIONS, webhookToken: TOKEN },
  secretOption: 'webhookToken',
  rotating: { ...OPTIONS, webhookToken: ['next-token-of-the-fixtures', TOKEN] },
  proof: { query: ['token'] },
  sign: withToken,
  message: ({ id, from, to, text }) => got({ id, from, to, text, charset: 'UTF-8', coding: '0', udh: '', smsc: 'MTN' }),
  parts: ({ id, from, to }, texts) =>
    texts.map((text, at) => {
      const udh = String.fromCharCode(5, 0, 3, 42, texts.length, at + 1);
      return got({ id: `${id.slice(0, -2)}${at + 10}`, from, to, text, charset: 'UTF-8', coding: '0', udh });
    }),
  receipt: ({ replyId, status }) => got({ reply: replyId, status: CODES[status], answer: 'ACK/' }),
  api: {
    at: (origin) => ({ apiBaseUrl: origin }),
    read,
    accepted: () => ({ status: 202, headers: HTML, body: '0: Accepted for delivery' }),
    transient: { status: 503, headers: HTML, body: 'Temporal failure, try again later.' },
    rejected: { status: 403, headers: HTML, body: 'Not routable. Do not try again.' },
    unknown: { status: 500, headers: HTML, body: '' },
  },
  skips: {
    'body covered': 'Kannel signs nothing: a secret in the URL and a list of addresses are all there is',
    stale: 'nothing in a call of Kannel is dated by a signature, so a call is believed for ever',
    'wrong content type': 'a GET has none; the content types of a POST are in kannel.test.ts',
    'batch with one bad element': 'Kannel tells one thing a call',
    throttled: 'Kannel queues whatever it takes, and has no word for "slower"',
    'opted out': 'Kannel knows of no opt-outs',
  },
};

function got(fields: Readonly<Record<string, string>>) {
  return { method: 'GET', query: `?${new URLSearchParams(fields).toString()}`, headers: AGENT, body: '' } as const;
}

function read({ method, path, headers, body }: SeenRequest) {
  const isOurs = method === 'POST' && path === '/cgi-bin/sendsms' && headers['x-kannel-username'] === 'cardwake';
  const { 'x-kannel-from': from = '', 'x-kannel-to': to } = headers;
  if (!isOurs || headers['x-kannel-password'] !== PASSWORD || to === undefined) return undefined;
  const isUtf8 = headers['content-type'] === 'text/plain; charset=UTF-8';
  // In 7 bits Kannel would make a ? of it.
  const isWhole = headers['x-kannel-coding'] === '2' || !/[а-я]/i.test(body);
  return isUtf8 && isWhole ? { from, to, text: body } : undefined;
}
