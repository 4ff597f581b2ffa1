import type { ApiAnswer, SeenRequest, SpokenMessage, SpokenReceipt, Subject } from '../subject.ts';

const API_KEY = 'api-key-of-the-fixtures';
const USER = 'cardwake';
const PASSWORD = 'current-password-of-the-fixtures';
const OPTIONS = { apiKey: API_KEY, webhookUser: USER, apiBaseUrl: 'http://127.0.0.1:1' };
const HEADERS = { 'content-type': 'application/json', 'user-agent': 'Infobip' };

type Status = readonly [groupId: number, groupName: string, id: number, name: string];

const STATUSES: Readonly<Record<SpokenReceipt['status'], Status>> = {
  sent: [3, 'DELIVERED', 2, 'DELIVERED_TO_OPERATOR'],
  delivered: [3, 'DELIVERED', 5, 'DELIVERED_TO_HANDSET'],
  undelivered: [2, 'UNDELIVERABLE', 9, 'UNDELIVERABLE_NOT_DELIVERED'],
  failed: [5, 'REJECTED', 52, 'REJECTED_DESTINATION'],
};

/** Infobip in the contract, with Basic authentication. Calls with a token are in `infobip.test.ts`. */
export const infobip: Subject = {
  options: { ...OPTIONS, webhookPassword: PASSWORD },
  secretOption: 'webhookPassword',
  rotating: { ...OPTIONS, webhookPassword: ['next-password', PASSWORD] },
  proof: { headers: ['authorization'] },
  sign(request, secret) {
    const authorization = `Basic ${Buffer.from(`${USER}:${secret}`).toString('base64')}`;
    return { ...request, headers: { ...request.headers, authorization } };
  },
  message: (message, at) => callOf([incoming(message, at)]),
  batch: (messages, at) => callOf(messages.map((message) => incoming(message, at))),
  brokenBatch: (messages, index, at) =>
    callOf(messages.map((one, place) => ({ ...incoming(one, at), ...(place === index && { text: 7 }) }))),
  receipt({ replyId, providerMessageId: messageId, status, to }, at) {
    const sentAt = dateOf(at);
    const content = { messageId, to: digits(to), sentAt, status: statusOf(STATUSES[status]), callbackData: replyId };
    return { headers: HEADERS, body: JSON.stringify({ results: [content] }) };
  },
  api: {
    at: (origin) => ({ apiBaseUrl: origin }),
    read,
    accepted: (id, to) => taken(id, to, [1, 'PENDING', 26, 'PENDING_ACCEPTED']),
    throttled: json(429, { errorCode: 'E429', description: 'Too many requests sent.' }),
    transient: json(401, { errorCode: 'E401', description: 'The request lacks valid authentication credentials' }),
    rejected: json(400, { errorCode: 'E400', description: 'Request cannot be processed.', violations: [] }),
    optedOut: taken('42-0', '79160000567', [5, 'REJECTED', 14, 'REJECTED_DESTINATION_BLOCKLISTED']),
    unknown: json(500, { errorCode: 'E500', description: 'Something went wrong.' }),
  },
  skips: {
    'body covered': 'Infobip authenticates itself and signs nothing that is documented, so only TLS covers the body',
    stale: 'nothing in a call of Infobip is dated by its proof; the message id makes a repeat harmless',
    'long message in parts': 'Infobip joins the parts before it calls',
  },
};

function incoming({ id, from, to, text }: SpokenMessage, at: number) {
  const rest = { cleanText: text, keyword: null, receivedAt: dateOf(at), smsCount: 1, callbackData: null };
  return { messageId: id, from: digits(from), to: digits(to), text, ...rest };
}

function callOf(results: readonly object[]) {
  const body = JSON.stringify({ results, messageCount: results.length, pendingMessageCount: 0 });
  return { headers: HEADERS, body };
}

/** `2026-11-21T10:00:00.000+0000`, which is no RFC 3339. */
function dateOf(at: number): string {
  return new Date(at).toISOString().replace('Z', '+0000');
}

function taken(messageId: string, to: string, status: Status): ApiAnswer {
  return json(200, { bulkId: '2', messages: [{ messageId, status: statusOf(status), destination: digits(to) }] });
}

function statusOf([groupId, groupName, id, name]: Status) {
  return { groupId, groupName, id, name, description: '…' };
}

function read({ method, path, headers, body }: SeenRequest) {
  const isOurs = method === 'POST' && path === '/sms/3/messages' && headers.authorization === `App ${API_KEY}`;
  if (!isOurs) return undefined;
  const { messages } = JSON.parse(body) as {
    messages: readonly [{ sender: string; destinations: readonly [{ to: string }]; content: { text: string } }];
  };
  const [{ sender, destinations, content }] = messages;
  return { from: plus(sender), to: plus(destinations[0].to), text: content.text };
}

function digits(number: string): string {
  return number.replace(/^\+/, '');
}

/** Infobip writes numbers without a plus; short codes have none. */
function plus(number: string): string {
  return number.length > 8 ? `+${number}` : number;
}

function json(status: number, content: object): ApiAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}
