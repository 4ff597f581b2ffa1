import { messageIdOf } from '../../../src/providers/infobip/message-id.ts';
import type { LookupOutcome, SendOutcome, TransientCause } from '../../../src/providers/provider.ts';
import type { DeliveryReceipt } from '../../../src/sms/message.ts';
import type { Msisdn } from '../../../src/sms/msisdn.ts';
import type { ApiBehaviour } from '../../support/fake-api.ts';

export const KEY = 'key-one';
/** The reply that is sent, and looked up. */
export const REPLY = {
  replyId: '42',
  from: '+79160000500',
  to: '+79160000567' as Msisdn,
  text: 'Карта активна ✓ 100% & more',
};
/** Its message id under `KEY`. */
export const ID = messageIdOf(REPLY, KEY);

/** Group, id and name of a status. */
type Told = readonly [group: string, id: number, name: string];
export const PENDING: Told = ['PENDING', 26, 'PENDING_ACCEPTED'];

/** What Infobip may answer to a send, and what that means. */
export const SENDS: readonly [about: string, ApiBehaviour, SendOutcome][] = [
  ['PENDING_ACCEPTED', taken(PENDING), { kind: 'accepted', providerMessageId: ID }],
  [
    'DELIVERED_TO_OPERATOR',
    taken(['DELIVERED', 2, 'DELIVERED_TO_OPERATOR']),
    { kind: 'accepted', providerMessageId: ID },
  ],
  ['an unknown network', taken(['REJECTED', 6, 'REJECTED_NETWORK']), ofRoute('REJECTED_NETWORK')],
  ['no number', taken(['REJECTED', 52, 'REJECTED_DESTINATION']), rejected('REJECTED_DESTINATION')],
  ['a sender that is not registered', taken(['REJECTED', 11, 'REJECTED_SOURCE']), ofRoute('REJECTED_SOURCE')],
  ['no route', taken(['REJECTED', 19, 'REJECTED_ROUTE_NOT_AVAILABLE']), ofRoute('REJECTED_ROUTE_NOT_AVAILABLE')],
  ['a prefix that they lack', taken(['REJECTED', 8, 'REJECTED_PREFIX_MISSING']), ofRoute('REJECTED_PREFIX_MISSING')],
  ['a blocked sender', taken(['REJECTED', 13, 'REJECTED_SENDER']), ofRoute('REJECTED_SENDER')],
  [
    'an account on trial',
    taken(['REJECTED', 18, 'REJECTED_DESTINATION_NOT_REGISTERED']),
    ofRoute('REJECTED_DESTINATION_NOT_REGISTERED'),
  ],
  ['not sent', taken(['UNDELIVERABLE', 31, 'UNDELIVERABLE_NOT_SENT']), rejected('UNDELIVERABLE_NOT_SENT')],
  [
    'the blocklist: opted out',
    taken(['REJECTED', 14, 'REJECTED_DESTINATION_BLOCKLISTED']),
    { kind: 'rejected', code: 'REJECTED_DESTINATION_BLOCKLISTED', isOptOut: true },
  ],
  [
    'no credit: again later',
    taken(['REJECTED', 12, 'REJECTED_NOT_ENOUGH_CREDITS']),
    transient('REJECTED_NOT_ENOUGH_CREDITS', 'account'),
  ],
  [
    'credit that ran out: again later',
    taken(['REJECTED', 17, 'REJECTED_PREPAID_PACKAGE_EXPIRED']),
    transient('REJECTED_PREPAID_PACKAGE_EXPIRED', 'account'),
  ],
  [
    'too many to one phone: again later',
    taken(['REJECTED', 20, 'REJECTED_FLOODING_FILTER']),
    transient('REJECTED_FLOODING_FILTER', 'recipient'),
  ],
  [
    'an error of theirs: again later',
    taken(['REJECTED', 21, 'REJECTED_SYSTEM_ERROR']),
    transient('REJECTED_SYSTEM_ERROR'),
  ],
  [
    'platform unavailable: again later',
    taken(['REJECTED', 100, 'UNDELIVERABLE_REJECTED_PLATFORM']),
    transient('UNDELIVERABLE_REJECTED_PLATFORM'),
  ],
  [
    'an id that they know: look it up',
    taken(['REJECTED', 23, 'REJECTED_DUPLICATE_MESSAGE_ID']),
    unknown('REJECTED_DUPLICATE_MESSAGE_ID'),
  ],
  ['a status of the future: unknown', taken(['TELEPORTED', 900, 'TELEPORTED']), unknown('TELEPORTED')],
  ['a status without a name', taken(['REJECTED', 900, '']), rejected('status-900')],
  ['200 without messages: unknown', json(200, {}), unknown('http-200')],
  ['HTML: unknown', { status: 200, body: '<html>welcome</html>' }, unknown('http-200')],
  ['a redirect: unknown', { status: 307, body: '', headers: { location: '/' } }, unknown('http-307')],
  ['400 in their words: rejected', json(400, { errorCode: 'E400' }), rejected('E400')],
  ['400 in their older words: rejected', json(400, { requestError: { serviceException: {} } }), rejected('http-400')],
  ['400 of a proxy: again later', { status: 400, body: 'Bad Request' }, transient('http-400')],
  ['401: again later', json(401, { errorCode: 'E401' }), transient('E401', 'account')],
  ['403: again later', json(403, { errorCode: 'E403' }), transient('E403', 'account')],
  ['404: again later', json(404, {}), transient('http-404')],
  [
    '429: wait',
    { ...json(429, { errorCode: 'E429' }), headers: { 'retry-after': '7' } },
    { kind: 'throttled', retryAfterMs: 7_000 },
  ],
  ['500: unknown', json(500, { errorCode: 'E500' }), unknown('E500')],
  ['503: unknown', json(503, {}), unknown('http-503')],
  ['silence after it was taken: unknown', 'silence', unknown('timeout')],
  ['a reset after it was taken: unknown', 'cut', unknown('ECONNRESET')],
  ['an answer cut in its middle: unknown', 'cut answer', unknown('http-200')],
];

const entry = (told: Told, more = {}) => ({
  messageId: ID,
  destination: '79160000567',
  status: statusOf(told),
  ...more,
});
const found = (more: Pick<DeliveryReceipt, 'status' | 'errorCode'>): LookupOutcome => ({
  kind: 'found',
  receipt: { replyId: '42', providerMessageId: ID, isOptOut: false, ...more },
});

/** What the logs may hold so many minutes after the attempt, and what that means. */
export const LOOKUPS: readonly [about: string, minutesAgo: number, ApiBehaviour, outcome: LookupOutcome][] = [
  ['it is on its way', 1, logs(entry(PENDING)), found({ status: 'accepted' })],
  ['it was delivered', 1, logs(entry(['DELIVERED', 5, 'DELIVERED_TO_HANDSET'])), found({ status: 'delivered' })],
  [
    'it was refused',
    1,
    logs(entry(['REJECTED', 6, 'REJECTED_NETWORK'])),
    found({ status: 'failed', errorCode: 'REJECTED_NETWORK' }),
  ],
  ['it is to somebody else', 60, logs(entry(PENDING, { destination: '79160000568' })), unclear('another-destination')],
  ['it has a status of the future', 60, logs(entry(['X', 900, 'X'])), unclear('unreadable-log')],
  ['other messages', 60, logs(entry(PENDING, { messageId: 'another' })), unclear('other-messages')],
  ['nothing, a minute later', 1, logs(), unclear('too-early')],
  ['nothing, a quarter of an hour later', 15, logs(), { kind: 'absent' }],
  ['nothing, a day later', 1_440, logs(), { kind: 'absent' }],
  ['nothing, 48 hours later: the logs hold no more', 2_880, logs(), unclear('too-late')],
  ['401', 60, json(401, {}), unclear('http-401')],
  ['429', 60, json(429, {}), unclear('http-429')],
  ['200 without results', 60, json(200, {}), unclear('http-200')],
  ['HTML', 60, { status: 200, body: '<html>' }, unclear('http-200')],
  ['silence', 60, 'silence', unclear('timeout')],
];

function statusOf([groupName, id, name]: Told) {
  return { groupId: 0, groupName, id, name, description: '…' };
}

/** The answer to a send that says this status. */
export function taken(told: Told) {
  return json(200, { bulkId: '2', messages: [{ messageId: ID, status: statusOf(told), destination: '79160000567' }] });
}

/** Logs with these entries. */
export function logs(...results: readonly object[]) {
  return json(200, { results });
}

export function json(status: number, content: object) {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}

function unclear(code: string): LookupOutcome {
  return { kind: 'unclear', code };
}

function unknown(code: string): SendOutcome {
  return { kind: 'unknown', code };
}

export function transient(code: string, cause?: TransientCause): SendOutcome {
  return { kind: 'transient', code, ...(cause && { cause }) };
}

function ofRoute(code: string): SendOutcome {
  return { kind: 'rejected', code, isOptOut: false, isOfRoute: true };
}

function rejected(code: string): SendOutcome {
  return { kind: 'rejected', code, isOptOut: false };
}
