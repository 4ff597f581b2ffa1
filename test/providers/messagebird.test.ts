import assert from 'node:assert/strict';
import type { Provider, SendOutcome } from '../../src/providers/provider.ts';
import type { MobileTerminated } from '../../src/sms/message.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import type { ApiPlan } from '../support/fake-api.ts';
import { requestOf } from './call.ts';
import { freshApi } from './fresh-api.ts';
import { messagebird as subject } from './subjects/messagebird.ts';

const NOW = Date.UTC(2026, 10, 21);
const ID = 'efa6405d518d4c0c88cce11f7db775fb';
const REPLY: MobileTerminated = {
  replyId: '42',
  from: '+79160000500',
  to: '+79160000567' as Msisdn,
  text: 'Карта активна ✓ 🎁',
};

describe('messagebird', () => {
  const { api, create: createAny } = freshApi();
  const create = (options: Readonly<Record<string, unknown>> = {}): Provider =>
    createAny(
      'messagebird',
      { ...subject.options, apiBaseUrl: api.origin, requestTimeoutMs: 500, ...options },
      { now: () => NOW },
    );

  const send = (message = REPLY): Promise<SendOutcome> => create().send(message, new AbortController().signal);

  describe('send', () => {
    it('posts the text as it stands, with our reply id as its reference and where to report', async () => {
      api.plan(json(201, { id: ID }));
      assert.deepEqual(await send(), { kind: 'accepted', providerMessageId: ID });
      const [request] = api.seen;
      assert.equal(request?.headers.authorization, 'AccessKey access-key-of-the-fixtures');
      assert.deepEqual(JSON.parse(request?.body ?? ''), {
        type: 'sms',
        originator: '79160000500',
        recipients: ['79160000567'],
        body: REPLY.text,
        datacoding: 'auto',
        reference: '42',
        reportUrl: 'https://sms.example.com/webhooks/messagebird-main',
      });
    });

    it('sends from a short code, and for as long as the reply is worth it', async () => {
      api.plan(json(201, { id: ID }));
      await send({ ...REPLY, from: '5100', validitySeconds: 600 });
      const { originator, validity } = JSON.parse(api.seen[0]?.body ?? '') as Record<string, unknown>;
      assert.deepEqual({ originator, validity }, { originator: '5100', validity: 600 });
    });

    const outcomes: readonly [about: string, ApiPlan, SendOutcome][] = [
      ['201 with an id: accepted', json(201, { id: ID }), { kind: 'accepted', providerMessageId: ID }],
      ['201 without an id', json(201, {}), unknown('http-201')],
      ['200 of HTML', { status: 200, body: '<html>' }, unknown('http-200')],
      ['a redirect', { status: 302, headers: { location: '/' }, body: '' }, unknown('http-302')],
      ['429: not processed', { status: 429, body: '' }, { kind: 'throttled', retryAfterMs: 1_000 }],
      [
        '429 for 7 s',
        { ...errors(429, 9), headers: { 'retry-after': '7' } },
        { kind: 'throttled', retryAfterMs: 7_000 },
      ],
      ['2: the access key is refused', errors(401, 2), transient('2', 'account')],
      ['2 among others: without a key everything is wrong', errors(401, 9, 10, 2), transient('2', 'account')],
      ['2 under another status', errors(422, 2), transient('2', 'account')],
      ['20: not found', errors(404, 20), transient('20')],
      ['25: not enough balance', errors(422, 25), transient('25', 'account')],
      ['98: no such endpoint', errors(404, 98), transient('98')],
      ['a 401 of a proxy', { status: 401, body: '<html>' }, transient('http-401', 'account')],
      ['a 404 of a proxy', { status: 404, body: '<html>' }, transient('http-404')],
      ['9: a parameter is missing', errors(422, 9), rejected('9')],
      ['10: a parameter is invalid', errors(422, 10), rejected('10')],
      ['21: bad request', errors(400, 21), rejected('21')],
      ['99: may have been sent', errors(422, 99), unknown('99')],
      ['500: may have been sent', errors(500, 99), unknown('99')],
      ['503 of a proxy: nothing says that it was not taken', { status: 503, body: '<html>' }, unknown('http-503')],
      ['silence', 'silence', unknown('timeout')],
      ['an answer cut in its middle', 'cut answer', unknown('http-200')],
    ];
    for (const [about, plan, outcome] of outcomes) {
      it(`${about} → ${outcome.kind}`, async () => {
        api.plan(plan);
        assert.deepEqual(await send(), outcome);
      });
    }
  });

  describe('receive', () => {
    const statuses: readonly [word: string, status: string][] = [
      ['scheduled', 'accepted'],
      ['sent', 'sent'],
      ['buffered', 'sent'],
      ['delivered', 'delivered'],
      ['expired', 'undelivered'],
      ['delivery_failed', 'failed'],
    ];
    for (const [word, status] of statuses) {
      it(`MessageBird's ${word} is our ${status}`, () => {
        const call = { method: 'GET', query: `?id=${ID}&reference=42&status=${word}`, headers: {}, body: '' } as const;
        const reception = create().receive(signed(call));
        assert.deepEqual(reception.kind === 'authentic' && reception.received, [
          { kind: 'receipt', receipt: { replyId: '42', providerMessageId: ID, status, isOptOut: false } },
        ]);
      });
    }

    it('answers OK', () => {
      const reception = create().receive(signed(subject.message({ id: ID, from: '+1', to: '+2', text: 'x' }, NOW)));
      const acknowledgement = { status: 200, contentType: 'text/plain', body: 'OK' };
      assert.deepEqual(reception.kind === 'authentic' && reception.acknowledgement, acknowledgement);
    });

    it('is called with GET and POST, and nothing else is believed', () => {
      assert.deepEqual(create().methods, ['GET', 'POST']);
      const call = signed(subject.message({ id: ID, from: '+1', to: '+2', text: 'x' }, NOW));
      assert.equal(create().receive({ ...call, method: 'PUT' }).kind, 'forged');
    });
  });

  describe('check', () => {
    const advice = async (options = {}) => {
      const check = await create(options).check();
      return check.kind === 'ok' ? ['ok', ...(check.warnings ?? [])].join(' ') : check.advice;
    };
    it('is content when MessageBird tells the balance, and sends nothing', async () => {
      api.plan(json(200, { payment: 'prepaid', type: 'credits', amount: 9.2 }));
      assert.equal(await advice(), 'ok');
      assert.deepEqual(
        api.seen.map(({ method, path }) => [method, path]),
        [['GET', '/balance']],
      );
    });
    it('warns of a test key, which sends nothing', async () => {
      api.plan(json(200, {}));
      assert.match(await advice({ accessKey: 'test_key' }), /^ok .*test key/);
    });
    it('says when the key is refused, and never shows it', async () => {
      api.plan(errors(401, 2));
      assert.match(await advice(), /refuses accessKey/);
      api.plan({ status: 500, body: '' });
      assert.doesNotMatch(await advice(), /access-key-of/);
    });
    it('says when nobody is there', async () => {
      await api.refuse();
      assert.match(await advice(), /ECONNREFUSED/);
    });
  });
});

function signed(call: Parameters<typeof requestOf>[1]) {
  return subject.sign(requestOf('messagebird', call), String(subject.options.signingKey), NOW);
}

function json(status: number, content: object) {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}

function errors(status: number, ...codes: readonly number[]) {
  return json(status, { errors: codes.map((code) => ({ code, description: 'of MessageBird', parameter: null })) });
}

function transient(code: string, cause?: 'account'): SendOutcome {
  return { kind: 'transient', code, ...(cause && { cause }) };
}

function unknown(code: string): SendOutcome {
  return { kind: 'unknown', code };
}

function rejected(code: string): SendOutcome {
  return { kind: 'rejected', code, isOptOut: false };
}
