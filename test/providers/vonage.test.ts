import assert from 'node:assert/strict';
import type { Provider, SendOutcome } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { MobileTerminated } from '../../src/sms/message.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { type FakeApi, startFakeApi } from '../support/fake-api.ts';
import { freePort } from '../support/ports.ts';
import type { ApiAnswer } from './subject.ts';

const WEBHOOK_URL = 'https://sms.example.com/webhooks/vonage-main';
const NOW = Date.UTC(2026, 10, 21, 12);
const REPLY: MobileTerminated = {
  replyId: '42',
  from: '+79160000500',
  to: '+79160000567' as Msisdn,
  text: 'Карта активна ✓ 100% & more',
};
const TOKEN = 'token-of-the-tests';
const TAKEN = { to: '79160000567', 'message-id': '0C0000006F000001', status: '0' };

const rejected = (code: string): SendOutcome => ({ kind: 'rejected', code, isOptOut: false });
const transient = (code: string): SendOutcome => ({ kind: 'transient', code });
const ofAccount = (code: string): SendOutcome => ({ kind: 'transient', code, cause: 'account' });
const ofRoute = (code: string): SendOutcome => ({ kind: 'rejected', code, isOptOut: false, isOfRoute: true });
const unknown = (code: string): SendOutcome => ({ kind: 'unknown', code });
const throttled = (retryAfterMs: number): SendOutcome => ({ kind: 'throttled', retryAfterMs });
const accepted: SendOutcome = { kind: 'accepted', providerMessageId: '0C0000006F000001' };

/** Each status of https://developer.vonage.com/en/api-errors/sms, and what else may be answered. */
const OUTCOMES: readonly [about: string, answer: ApiAnswer, outcome: SendOutcome][] = [
  ['status 0', answerOf([TAKEN]), accepted],
  [
    'three parts of status 0',
    answerOf([TAKEN, { ...TAKEN, 'message-id': 'B' }, { ...TAKEN, 'message-id': 'C' }]),
    accepted,
  ],
  ['1, throttled', refused(1), throttled(1_000)],
  ['2, a parameter is missing', refused(2), rejected('2')],
  ['3, a parameter is invalid', refused(3), rejected('3')],
  ['4, wrong credentials', refused(4), ofAccount('4')],
  ['5, internal error', refused(5), unknown('5')],
  ['6, invalid message', refused(6), ofRoute('6')],
  ['7, number barred', refused(7), rejected('7')],
  ['8, account suspended', refused(8), ofAccount('8')],
  ['9, no credit', refused(9), ofAccount('9')],
  ['10, too many connections', refused(10), throttled(1_000)],
  ['11, account not enabled for HTTP', refused(11), ofAccount('11')],
  ['12, message too long', refused(12), rejected('12')],
  ['14, invalid signature', refused(14), ofAccount('14')],
  ['15, a sender that is not ours', refused(15), ofRoute('15')],
  ['22, invalid network code', refused(22), rejected('22')],
  ['23, invalid callback URL', refused(23), transient('23')],
  ['29, demo account', refused(29), { kind: 'transient', code: '29', cause: 'recipient' }],
  ['32, signature and secret together', refused(32), ofAccount('32')],
  ['33, number deactivated', refused(33), rejected('33')],
  ['a status that nobody knows yet', refused(77), unknown('77')],
  ['a status that is no number', answerOf([{ status: 'Иван' }]), unknown('odd-status')],
  ['both parts refused', answerOf([{ status: '7' }, { status: '7' }]), rejected('7')],
  ['both parts refused, one for no known reason', answerOf([{ status: '7' }, { status: '5' }]), unknown('5')],
  ['one part taken, one throttled', answerOf([TAKEN, { status: '1' }]), unknown('partly-1')],
  ['one part throttled, one taken', answerOf([{ status: '1' }, TAKEN]), unknown('partly-1')],
  ['status 0 without an id', answerOf([{ status: '0' }]), unknown('http-200')],
  ['no messages', answerOf([]), unknown('http-200')],
  ['messages that are none', { status: 200, body: '{"messages":[null]}' }, unknown('http-200')],
  ['HTML', { status: 200, body: '<html>welcome</html>' }, unknown('http-200')],
  ['a redirect', { status: 307, headers: { location: '/' }, body: '' }, unknown('http-307')],
  ['401', { status: 401, body: '' }, ofAccount('http-401')],
  ['403 of a proxy', { status: 403, body: '<html>' }, transient('http-403')],
  ['429', { status: 429, headers: { 'retry-after': '7' }, body: '' }, throttled(7_000)],
  ['500', { status: 500, body: '' }, unknown('http-500')],
  ['502', { status: 502, body: '<html>' }, unknown('http-502')],
  ['503, of a proxy that may have lost sight of it', { status: 503, body: '' }, unknown('http-503')],
  ['401 in the words of Vonage', { ...refused(4), status: 401 }, ofAccount('4')],
];

describe('vonage', () => {
  let api: FakeApi;
  let providers: Provider[];

  beforeEach(async () => {
    api = await startFakeApi(answerOf([TAKEN]));
    providers = [];
  });
  afterEach(async () => {
    await api.close();
    for (const provider of providers) await provider.close();
  });

  function create(options: Readonly<Record<string, unknown>> = {}, webhookUrl = WEBHOOK_URL): Provider {
    const proof = 'webhookToken' in options ? {} : { signatureSecret: 'signature-secret' };
    const provider = PROVIDERS.vonage.create(
      { key: 'vonage-main', webhookUrl, addresses: ['14155550100'] },
      { apiKey: 'abcd1234', apiSecret: 'api-secret', apiBaseUrl: api.origin, ...proof, ...options },
      { now: () => NOW },
    );
    providers.push(provider);
    return provider;
  }

  async function sent(reply: Partial<MobileTerminated> = {}, provider = create()): Promise<Record<string, string>> {
    await provider.send({ ...REPLY, ...reply }, new AbortController().signal);
    return Object.fromEntries(new URLSearchParams(api.seen.at(-1)?.body));
  }

  describe('send', () => {
    it('asks for one SMS with our reply id, and for its receipt at our webhook', async () => {
      assert.deepEqual(await sent(), {
        from: '79160000500',
        to: '79160000567',
        text: REPLY.text,
        type: 'unicode',
        'client-ref': '42',
        'status-report-req': 'true',
        callback: WEBHOOK_URL,
      });
      const [{ method, path, headers } = assert.fail('no request')] = api.seen;
      assert.deepEqual([method, path], ['POST', '/sms/json']);
      assert.equal(headers.authorization, `Basic ${Buffer.from('abcd1234:api-secret').toString('base64')}`);
      assert.equal(headers['content-type'], 'application/x-www-form-urlencoded');
    });

    it('says text of what fits GSM-7 and unicode of the rest', async () => {
      assert.equal((await sent({ text: 'Card [1] is active: 5 €' })).type, 'text');
      assert.equal((await sent({ text: 'Card is active ✓' })).type, 'unicode');
    });

    it('gives the validity in milliseconds, within what Vonage takes', async () => {
      assert.equal((await sent({ validitySeconds: 900 })).ttl, '900000');
      assert.equal((await sent({ validitySeconds: 1 })).ttl, '20000');
      assert.equal((await sent({ validitySeconds: 10_000_000 })).ttl, '604800000');
    });

    it('keeps a short code and a name as they are', async () => {
      assert.equal((await sent({ from: '50050' })).from, '50050');
      assert.equal((await sent({ from: 'Club' })).from, 'Club');
    });

    it('asks for the receipt with the token where calls are proved by one', async () => {
      const provider = create({ webhookToken: ['the-present-token', 'the-previous-token'] });
      assert.equal((await sent({}, provider)).callback, `${WEBHOOK_URL}?token=the-present-token`);
    });

    it('names no callback that Vonage would refuse for its length', async () => {
      const short = `https://${'s'.repeat(92)}`;
      assert.equal((await sent({}, create({}, short))).callback, short);
      assert.ok(!('callback' in (await sent({}, create({}, `${short}s`)))));
    });

    for (const [about, answer, outcome] of OUTCOMES) {
      it(`${about}: ${outcome.kind}`, async () => {
        api.plan(answer);
        assert.deepEqual(await create().send(REPLY, new AbortController().signal), outcome);
        assert.equal(api.seen.length, 1);
      });
    }
  });

  it('a channel has a signature secret or a token: not neither, and not both', () => {
    const { options } = PROVIDERS.vonage;
    const own = { apiKey: 'abcd1234', apiSecret: 's' };
    assert.match(String(options.validate(own).error), /signatureSecret.*webhookToken/);
    assert.match(String(options.validate({ ...own, signatureSecret: 'a', webhookToken: TOKEN }).error), /conflict/);
    assert.equal(options.validate({ ...own, webhookToken: TOKEN }).error, undefined);
  });

  describe('check', () => {
    const checks: readonly [about: string, answer: ApiAnswer, expected: RegExp | 'ok'][] = [
      ['credit', balance(10.5, false), 'ok'],
      ['no credit, but automatic reload', balance(0, true), 'ok'],
      ['no credit', balance(-0.01, false), /no credit/],
      ['wrong credentials', { status: 401, body: '{"error-code":"401"}' }, /refuses apiKey/],
      ['somebody else', { status: 200, body: '<html>' }, /answered 200/],
      ['a failure', { status: 500, body: '' }, /answered 500/],
    ];
    for (const [about, answer, expected] of checks) {
      it(`${about}: ${String(expected)}`, async () => {
        api.plan(answer);
        const check = await create().check();
        const told = check.kind === 'ok' ? (check.warnings ?? []).join() : check.advice;
        if (expected === 'ok') assert.deepEqual(check, { kind: 'ok', warnings: [] });
        else assert.match(told, expected);
        const [{ method, path, headers } = assert.fail('no request')] = api.seen;
        assert.deepEqual([method, path], ['GET', '/account/get-balance']);
        assert.match(headers.authorization ?? '', /^Basic /);
      });
    }

    it('warns when receipts cannot be asked for', async () => {
      api.plan(balance(1, false));
      const check = await create({}, `https://${'s'.repeat(93)}`).check();
      assert.match(String(check.kind === 'ok' && check.warnings), /longer than the 100 characters/);
    });

    it('says so when there is no way to Vonage', async () => {
      const check = await create({ apiBaseUrl: `http://127.0.0.1:${await freePort()}` }).check();
      assert.match(check.kind === 'failed' ? check.advice : '', /ECONNREFUSED/);
    });
  });
});

function refused(status: number): ApiAnswer {
  return answerOf([{ status: String(status), 'error-text': 'as documented' }]);
}

function answerOf(messages: readonly object[]): ApiAnswer {
  const body = JSON.stringify({ 'message-count': String(messages.length), messages });
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

function balance(value: number, autoReload: boolean): ApiAnswer {
  return { status: 200, body: JSON.stringify({ value, autoReload }) };
}
