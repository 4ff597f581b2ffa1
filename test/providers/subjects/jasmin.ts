import type { SeenRequest, SpokenReceipt, Subject } from '../subject.ts';
import { withToken } from './with-token.ts';

const TOKEN = 'current-token-of-the-fixtures';
const PASSWORD = 'secret-of-jasmin';
const OPTIONS = { username: 'cardwake', password: PASSWORD, apiBaseUrl: 'http://127.0.0.1:1' };
const FORM = {
  'content-type': 'application/x-www-form-urlencoded',
  accept: 'text/plain',
  'user-agent': 'Jasmin gateway/1.0 deliverSmHttpThrower',
};

const STATES: Readonly<Record<SpokenReceipt['status'], Readonly<Record<string, string>>>> = {
  sent: { level: '1', message_status: 'ESME_ROK' },
  delivered: { level: '2', message_status: 'DELIVRD', err: '000' },
  undelivered: { level: '2', message_status: 'UNDELIV', err: '034' },
  failed: { level: '1', message_status: 'ESME_RINVDSTADR' },
};

/** Jasmin in the contract, as it calls since it runs on Python 3: the coding is an octet, not a number. */
export const jasmin: Subject = {
  options: { ...OPTIONS, webhookToken: TOKEN },
  secretOption: 'webhookToken',
  rotating: { ...OPTIONS, webhookToken: ['next-token-of-the-fixtures', TOKEN] },
  proof: { query: ['token'] },
  sign: withToken,
  message({ id, from, to, text }) {
    const octets = Buffer.from(text, 'utf16le').swap16();
    return {
      headers: FORM,
      body: [
        new URLSearchParams({ id, from, to, 'origin-connector': 'mts', binary: octets.toString('hex'), priority: '0' }),
        `coding=%08&content=${[...octets].map((octet) => `%${octet.toString(16).padStart(2, '0')}`).join('')}`,
      ].join('&'),
    };
  },
  // A byte order mark says how the text is written, and is no part of it.
  carries: (text) => !/^[\ufeff\ufffe]/.test(text),
  receipt: ({ replyId, providerMessageId: id, status }) => ({
    query: `?reply=${replyId}`,
    headers: { ...FORM, 'user-agent': 'Jasmin gateway/1.0 DLRThrower' },
    body: new URLSearchParams({ id, connector: 'mts', ...STATES[status] }).toString(),
  }),
  api: {
    at: (origin) => ({ apiBaseUrl: origin }),
    read,
    accepted: (id) => ({ status: 200, body: `Success "${id}"` }),
    throttled: { status: 403, body: 'Error "User throughput exceeded"' },
    transient: { status: 403, body: 'Error "Authentication failure for username:cardwake"' },
    rejected: { status: 412, body: 'Error "No route found"' },
    unknown: { status: 500, body: 'Error "Unknown error: list index out of range"' },
  },
  skips: {
    'body covered': 'Jasmin signs nothing: a secret in the URL and a list of addresses are all there is',
    stale: 'nothing in a call of Jasmin is dated by a signature, so a call is believed for ever',
    'batch with one bad element': 'Jasmin tells one thing a call',
    'long message in parts': 'Jasmin joins the parts of a text before it calls',
    'opted out': 'Jasmin knows of no opt-outs',
  },
};

function read({ method, path, body }: SeenRequest) {
  const fields = new URLSearchParams(body);
  const isOurs = method === 'POST' && path === '/send' && fields.get('username') === 'cardwake';
  if (!isOurs || fields.get('password') !== PASSWORD) return undefined;
  return { from: fields.get('from') ?? '', to: fields.get('to') ?? '', text: textOf(fields) };
}

function textOf(fields: URLSearchParams): string {
  if (fields.get('coding') === '0') return fields.get('content') ?? '';
  return Buffer.from(fields.get('hex-content') ?? '', 'hex')
    .swap16()
    .toString('utf16le');
}
