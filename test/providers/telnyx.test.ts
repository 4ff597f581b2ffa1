import assert from 'node:assert/strict';
import type { Provider, SendOutcome } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { MobileTerminated } from '../../src/sms/message.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { type FakeApi, startFakeApi } from '../support/fake-api.ts';
import { freePort } from '../support/ports.ts';
import type { ApiAnswer } from './subject.ts';

const WEBHOOK_URL = 'https://sms.example.com/webhooks/telnyx-main';
const PUBLIC_KEY = '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
const ID = '40385f64-5717-4562-b3fc-2c963f66afa6';
const REPLY: MobileTerminated = {
  replyId: '42',
  from: '+79160000500',
  to: '+79160000567' as Msisdn,
  text: 'Карта активна ✓ 100% & more',
};

const rejected = (code: string, isOptOut = false): SendOutcome => ({ kind: 'rejected', code, isOptOut });
const transient = (code: string): SendOutcome => ({ kind: 'transient', code });
const ofAccount = (code: string): SendOutcome => ({ kind: 'transient', code, cause: 'account' });
const ofRoute = (code: string): SendOutcome => ({ kind: 'rejected', code, isOptOut: false, isOfRoute: true });
const unknown = (code: string): SendOutcome => ({ kind: 'unknown', code });
const throttled = (retryAfterMs: number): SendOutcome => ({ kind: 'throttled', retryAfterMs });
const accepted: SendOutcome = { kind: 'accepted', providerMessageId: ID };
const STOP = { code: '40300', title: 'Blocked due to STOP message' };
const BLOCK_RULE = { code: '40300', title: 'Blocked', detail: 'due to an existing block rule.' };

/** Errors of https://developers.telnyx.com/docs/messaging/messages/error-codes, and what else may be answered. */
const OUTCOMES: readonly [about: string, answer: ApiAnswer, outcome: SendOutcome][] = [
  ['a new message', json(200, { data: { id: ID, to: [{ status: 'queued' }] } }), accepted],
  ['a new message, with another success', json(201, { data: { id: ID } }), accepted],
  ['a success of HTML', { status: 200, body: '<html>' }, unknown('http-200')],
  ['a success without an id', json(200, { data: { record_type: 'message' } }), unknown('http-200')],
  ['a success whose id is no id', json(200, { data: { id: 'a b' } }), unknown('http-200')],
  ['a redirect', { status: 307, headers: { location: '/' }, body: '' }, unknown('http-307')],

  ['40300, the phone has opted out', errors(400, STOP), rejected('40300', true)],
  ['40300, whatever the status', errors(403, STOP), rejected('40300', true)],
  ['40300, told by its detail', errors(422, BLOCK_RULE), rejected('40300', true)],
  ['40300, in other words', errors(400, { code: '40300', title: 'Sender without a profile' }), rejected('40300')],
  ['40300 among others', errors(400, { code: '40310' }, STOP), rejected('40300', true)],

  ['10002, no phone number', errors(422, { code: '10002' }), rejected('10002')],
  ['10016, not E.164', errors(422, { code: '10016' }), rejected('10016')],
  ['40301, not for this phone', errors(400, { code: '40301' }), rejected('40301')],
  ['40302, too large', errors(400, { code: '40302' }), rejected('40302')],
  ['40305, a sender that is not ours', errors(400, { code: '40305' }), ofRoute('40305')],
  ['40309, a region that is not allowed', errors(400, { code: '40309' }), ofRoute('40309')],
  ["40310, invalid 'to'", errors(400, { code: '40310' }), rejected('40310')],
  ['40319, not from this sender to this phone', errors(400, { code: '40319' }), ofRoute('40319')],
  ['40322, blocked for its content', errors(400, { code: '40322' }), rejected('40322')],
  ['an error that nobody knows yet', errors(400, { code: 49_999 }), rejected('49999')],

  ['10011, too many requests', errors(429, { code: '10011' }), throttled(1_000)],
  ['429 for 7 seconds', { ...errors(429, { code: '10011' }), headers: { 'retry-after': '7' } }, throttled(7_000)],
  ['429 of a proxy', { status: 429, body: '<html>' }, throttled(1_000)],
  ['40011, too many upstream', errors(400, { code: '40011' }), throttled(1_000)],
  ["40018, AT&T's limit of the minute", errors(400, { code: '40018' }), throttled(60_000)],
  ['40318, the queue is full', errors(400, { code: '40318' }), throttled(60_000)],

  ['10003, a webhook URL that is not taken', errors(422, { code: '10003' }), transient('10003')],
  ['10005, the wrong API', errors(404, { code: '10005' }), transient('10005')],
  ['10009, not authenticated', errors(401, { code: '10009' }), ofAccount('10009')],
  ['10010, not authorized', errors(403, { code: '10010' }), transient('10010')],
  ['20002, key revoked', errors(403, { code: '20002' }), ofAccount('20002')],
  ['20012, account inactive', errors(403, { code: '20012' }), ofAccount('20012')],
  ['20013, account blocked', errors(403, { code: '20013' }), ofAccount('20013')],
  ['20100, no credit', errors(402, { code: '20100' }), ofAccount('20100')],
  ['40016, the limit of the day', errors(400, { code: '40016' }), transient('40016')],
  ['40100, number not enabled', errors(400, { code: '40100' }), transient('40100')],
  ['40312, profile disabled', errors(400, { code: '40312' }), transient('40312')],
  ['40314, messaging disabled', errors(400, { code: '40314' }), ofAccount('40314')],
  ['40320, number not usable for the moment', errors(400, { code: '40320' }), transient('40320')],
  ['40321, profile without a number', errors(400, { code: '40321' }), transient('40321')],
  ['401 of a proxy', { status: 401, body: '' }, ofAccount('http-401')],
  ['403 of a proxy', { status: 403, body: '<html>' }, transient('http-403')],
  ['an error without a code', errors(400, { title: 'odd' }), transient('http-400')],
  ['503 in the words of Telnyx', errors(503, { code: '99999' }), transient('99999')],

  ['10007, an unexpected error', errors(500, { code: '10007' }), unknown('10007')],
  ['10007, with a status that says otherwise', errors(400, { code: '10007' }), unknown('10007')],
  ['10008, a time-out at Telnyx', errors(408, { code: '10008' }), unknown('10008')],
  ['502', { status: 502, body: '<html>' }, unknown('http-502')],
  ['503 of a proxy, which may have lost sight of it', { status: 503, body: '' }, unknown('http-503')],
  ['504', { status: 504, body: '' }, unknown('http-504')],
];

describe('telnyx', () => {
  let api: FakeApi;
  let providers: Provider[];

  beforeEach(async () => {
    api = await startFakeApi(json(200, { data: { id: ID } }));
    providers = [];
  });
  afterEach(async () => {
    await api.close();
    for (const provider of providers) await provider.close();
  });

  function create(options: Readonly<Record<string, unknown>> = {}): Provider {
    const provider = PROVIDERS.telnyx.create(
      { key: 'telnyx-main', webhookUrl: WEBHOOK_URL, addresses: ['+14155550100'] },
      { apiKey: 'KEY0123', publicKey: PUBLIC_KEY, apiBaseUrl: api.origin, ...options },
      { now: Date.now },
    );
    providers.push(provider);
    return provider;
  }

  describe('send', () => {
    it('hands the reply over as it stands, with its id in the URL that its receipts repeat', async () => {
      await create().send(REPLY, new AbortController().signal);
      const [{ method, path, headers, body } = assert.fail('no request')] = api.seen;
      assert.deepEqual([method, path], ['POST', '/v2/messages']);
      assert.equal(headers.authorization, 'Bearer KEY0123');
      assert.equal(headers['content-type'], 'application/json');
      const { from, to, text } = REPLY;
      assert.deepEqual(JSON.parse(body), { from, to, text, type: 'SMS', webhook_url: `${WEBHOOK_URL}?reply=42` });
    });

    for (const [about, answer, outcome] of OUTCOMES) {
      it(`${about}: ${outcome.kind}`, async () => {
        api.plan(answer);
        assert.deepEqual(await create().send(REPLY, new AbortController().signal), outcome);
        assert.equal(api.seen.length, 1);
      });
    }
  });

  it('a public key of another length is refused before anything is believed, and not shown', () => {
    const short = PUBLIC_KEY.slice(4);
    for (const publicKey of [short, [PUBLIC_KEY, short], `MCowBQYDK2VwAyEA${PUBLIC_KEY}`]) {
      const { error } = PROVIDERS.telnyx.options.validate({ apiKey: 'KEY0123', publicKey });
      assert.match(String(error), /44 characters of base64/);
      assert.ok(!String(error).includes(short));
    }
  });

  describe('check', () => {
    const checks: readonly [about: string, answer: ApiAnswer, expected: RegExp | 'ok'][] = [
      ['credit', json(200, { data: { balance: '300.00', available_credit: '400.00', currency: 'USD' } }), 'ok'],
      ['no credit', json(200, { data: { available_credit: '0.00' } }), /no credit/],
      ['a wrong key', errors(401, { code: '10009' }), /refuses apiKey/],
      ['somebody else', { status: 200, body: '<html>' }, /answered 200/],
      ['a failure', { status: 500, body: '' }, /answered 500/],
    ];
    for (const [about, answer, expected] of checks) {
      it(`${about}: ${String(expected)}`, async () => {
        api.plan(answer);
        const check = await create().check();
        if (expected === 'ok') assert.deepEqual(check, { kind: 'ok', warnings: [] });
        else assert.match(check.kind === 'ok' ? (check.warnings ?? []).join() : check.advice, expected);
        assert.deepEqual([api.seen[0]?.method, api.seen[0]?.path], ['GET', '/v2/balance']);
      });
    }

    it('says so when there is no way to Telnyx', async () => {
      const check = await create({ apiBaseUrl: `http://127.0.0.1:${await freePort()}` }).check();
      assert.match(check.kind === 'failed' ? check.advice : '', /ECONNREFUSED/);
    });
  });
});

function json(status: number, content: object): ApiAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}

function errors(status: number, ...list: readonly object[]): ApiAnswer {
  return json(status, { errors: list });
}
