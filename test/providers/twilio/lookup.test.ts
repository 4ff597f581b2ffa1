import assert from 'node:assert/strict';
import type { CallResult } from '../../../src/providers/http-call.ts';
import type { LookupOutcome } from '../../../src/providers/provider.ts';
import { PROVIDERS } from '../../../src/providers/registry.ts';
import { readList } from '../../../src/providers/twilio/lookup.ts';
import type { Msisdn } from '../../../src/sms/msisdn.ts';
import { startFakeTwilio } from '../../support/fake-twilio.ts';

const ATTEMPTED = Date.parse('2026-11-21T10:00:00Z');
const SEND = {
  replyId: '42',
  from: '+14155550100',
  to: '+79160000567' as Msisdn,
  text: 'Карта активна ✓',
  attemptedAt: new Date(ATTEMPTED),
};

/** A message as Twilio lists it, made so many seconds after the attempt began. */
const message = (secondsAfter: number, changes: object = {}) => ({
  sid: 'SM1',
  body: SEND.text,
  from: SEND.from,
  to: SEND.to,
  status: 'delivered',
  direction: 'outbound-api',
  error_code: null,
  date_created: new Date(ATTEMPTED + secondsAfter * 1_000).toUTCString().replace('GMT', '+0000'),
  ...changes,
});
const list = (messages: readonly object[], next_page_uri: string | null = null): CallResult =>
  answered(200, { messages, next_page_uri });
const answered = (status: number, body: object | string, isWhole = true): CallResult => ({
  kind: 'answered',
  status,
  headers: {},
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  isWhole,
});
const found = (status: string, more: object = {}) => ({
  kind: 'found',
  receipt: { providerMessageId: 'SM1', status, isOptOut: false, ...more },
});
const unclear = (code: string): LookupOutcome => ({ kind: 'unclear', code });

/** Minutes after the attempt, what Twilio answers, what it means. */
const TABLE: readonly [about: string, minutes: number, CallResult, object][] = [
  ['nothing was sent to the phone since', 10, list([]), { kind: 'absent' }],
  ['all that was sent is older', 10, list([message(-61), message(-90_000)]), { kind: 'absent' }],
  ['what the customer texted does not count', 10, list([message(5, { direction: 'inbound' })]), { kind: 'absent' }],
  ['the request may still be at work', 4, list([]), unclear('too-early')],
  ['there are further pages', 10, list([message(-90_000)], '/next'), unclear('more-pages')],
  ['there is no word of further pages', 10, answered(200, { messages: [] }), unclear('more-pages')],
  ['something else was sent since', 10, list([message(5, { body: 'Hello' })]), unclear('other-message')],
  ['one has no date', 10, list([message(0, { date_created: null, body: 'Hello' })]), unclear('other-message')],
  ['it is there', 10, list([message(5, { sid: 'SM2', body: 'Hello' }), message(1)]), found('delivered')],
  ['it is there, clocks apart', 10, list([message(-59)]), found('delivered')],
  ['it is there, at once', 0, list([message(1, { status: 'queued' })]), found('accepted')],
  ['it is there, with further pages', 10, list([message(1)], '/next'), found('delivered')],
  ['it is there twice: the first since', 10, list([message(9, { sid: 'SM2' }), message(2)]), found('delivered')],
  [
    'it failed',
    10,
    list([message(1, { status: 'undelivered', error_code: 30003 })]),
    found('undelivered', { errorCode: '30003' }),
  ],
  [
    'its phone has opted out',
    10,
    list([message(1, { status: 'failed', error_code: 21610 })]),
    found('failed', { errorCode: '21610', isOptOut: true }),
  ],
  ['in a state that we do not know', 10, list([message(1, { status: 'paused' })]), unclear('unreadable')],
  ['a list of something else', 10, list([[]]), unclear('http-200')],
  ['a refusal', 10, answered(401, { code: 20003 }), unclear('http-401')],
  ['no list', 10, answered(200, '<html>'), unclear('http-200')],
  ['half an answer', 10, answered(200, { messages: [], next_page_uri: null }, false), unclear('http-200')],
  ['silence', 10, { kind: 'unanswered', code: 'timeout' }, unclear('timeout')],
  ['no connection', 10, { kind: 'never-left', code: 'ECONNREFUSED' }, unclear('ECONNREFUSED')],
];

describe('looking a send up at Twilio', () => {
  for (const [about, minutes, result, outcome] of TABLE) {
    it(`${about}: ${(outcome as LookupOutcome).kind}`, () => {
      assert.deepEqual(readList(result, SEND, ATTEMPTED + minutes * 60_000), outcome);
    });
  }

  it('never finds a send whose words were lost', () => {
    const picture = list([message(1, { body: '' })]);
    assert.deepEqual(readList(picture, { ...SEND, text: '' }, ATTEMPTED + 600_000), unclear('other-message'));
  });

  it('finds what was taken when the answer got lost, and sees what never came', async () => {
    const fake = await startFakeTwilio();
    const { accountSid, authToken, apiBaseUrl } = fake;
    const options = { accountSid, authToken: ['rotated-out', authToken], apiBaseUrl, requestTimeoutMs: 500 };
    const channel = {
      key: 'twilio-main',
      webhookUrl: 'https://sms.example.com/webhooks/twilio-main',
      addresses: ['+14155550100'],
    };
    let now = Date.now();
    const provider = PROVIDERS.twilio.create(channel, options, { now: () => now });
    const { signal } = new AbortController();
    const lookup = async (to: Msisdn) =>
      await provider.lookup?.({ ...SEND, to, attemptedAt: new Date(now - 600_000) }, signal);
    try {
      assert.deepEqual(await lookup(SEND.to), unclear('http-401'));
      fake.plan('cut');
      assert.equal((await provider.send({ ...SEND }, signal)).kind, 'unknown');
      const receipt = { providerMessageId: fake.accepted[0]?.sid, status: 'sent', isOptOut: false };
      now += 600_000;
      assert.deepEqual(await lookup(SEND.to), { kind: 'found', receipt });
      assert.deepEqual(await lookup('+79160000568' as Msisdn), { kind: 'absent' });
    } finally {
      await provider.close();
      await fake.close();
    }
  });
});
