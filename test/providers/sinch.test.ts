import assert from 'node:assert/strict';
import type { Provider, SendOutcome } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { MobileTerminated } from '../../src/sms/message.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import type { ApiPlan } from '../support/fake-api.ts';
import { requestOf } from './call.ts';
import { freshApi } from './fresh-api.ts';
import { sinch as subject } from './subjects/sinch.ts';

const NOW = Date.UTC(2026, 10, 21);
const JSON_HEADERS = { 'content-type': 'application/json' };
const ID = '01W4FFL35P4NC4K35SMSBATCH8';
const REPLY: MobileTerminated = {
  replyId: '42',
  from: '+79160000500',
  to: '+79160000567' as Msisdn,
  text: 'Карта активна ✓ 🎁',
};

describe('sinch', () => {
  const { api, create: createAny } = freshApi();
  const create = (options: Readonly<Record<string, unknown>> = {}): Provider =>
    createAny(
      'sinch',
      { ...subject.options, apiBaseUrl: api.origin, requestTimeoutMs: 500, ...options },
      { now: () => NOW },
    );

  const signal = () => new AbortController().signal;
  const send = (message = REPLY): Promise<SendOutcome> => create().send(message, signal());

  describe('send', () => {
    it('posts a batch of one with our reply id as its reference, and asks for receipts', async () => {
      api.plan(json(201, { id: ID }));
      assert.deepEqual(await send(), { kind: 'accepted', providerMessageId: ID });
      const [request] = api.seen;
      assert.equal(request?.path, '/xms/v1/plan-of-the-fixtures/batches');
      assert.equal(request?.headers.authorization, 'Bearer api-token-of-the-fixtures');
      assert.deepEqual(JSON.parse(request?.body ?? ''), {
        type: 'mt_text',
        from: '+79160000500',
        to: ['+79160000567'],
        body: REPLY.text,
        client_reference: '42',
        delivery_report: 'per_recipient',
        feedback_enabled: false,
        truncate_concat: false,
      });
    });

    const expiries: readonly [validitySeconds: number, expires: string][] = [
      [600, '2026-11-21T00:10:00.000Z'],
      [30 * 86_400, '2026-11-24T00:00:00.000Z'],
    ];
    for (const [validitySeconds, expires] of expiries) {
      it(`a reply that is worth ${validitySeconds} s expires at ${expires}, at most three days on`, async () => {
        api.plan(json(201, { id: ID }));
        await send({ ...REPLY, validitySeconds });
        assert.equal((JSON.parse(api.seen[0]?.body ?? '') as { expire_at: string }).expire_at, expires);
      });
    }

    const outcomes: readonly [about: string, ApiPlan, SendOutcome][] = [
      ['201 with an id', json(201, { id: ID }), { kind: 'accepted', providerMessageId: ID }],
      ['200 with an id', json(200, { id: ID }), { kind: 'accepted', providerMessageId: ID }],
      ['201 without an id', json(201, { id: 7 }), unknown('http-201')],
      ['200 of HTML', { status: 200, body: '<html>' }, unknown('http-200')],
      ['a redirect', { status: 307, headers: { location: '/' }, body: '' }, unknown('http-307')],
      ['400 syntax_invalid_json', error(400, 'syntax_invalid_json'), rejected('syntax_invalid_json')],
      [
        '400 syntax_invalid_parameter_format',
        error(400, 'syntax_invalid_parameter_format'),
        rejected('syntax_invalid_parameter_format'),
      ],
      [
        '400 syntax_constraint_violation',
        error(400, 'syntax_constraint_violation'),
        rejected('syntax_constraint_violation'),
      ],
      [
        '400 in the words of newer answers',
        json(400, { error: { code: 400, message: 'to', status: 'INVALID_ARGUMENT', details: [] } }),
        rejected('INVALID_ARGUMENT'),
      ],
      ['400 of a proxy', { status: 400, body: '<html>' }, transient('http-400')],
      ['401', { status: 401, body: '' }, transient('http-401', 'account')],
      ['402', { status: 402, body: '' }, transient('http-402', 'account')],
      ['403 missing_callback_url', error(403, 'missing_callback_url'), transient('missing_callback_url')],
      ['403 unknown_campaign', error(403, 'unknown_campaign'), transient('unknown_campaign')],
      ['404 of a wrong plan or region', { status: 404, body: '' }, transient('http-404')],
      ['429', { status: 429, body: '' }, { kind: 'throttled', retryAfterMs: 1_000 }],
      [
        '429 for 5 s',
        { status: 429, headers: { 'retry-after': '5' }, body: '' },
        { kind: 'throttled', retryAfterMs: 5_000 },
      ],
      ['500', error(500, 'internal_error'), unknown('internal_error')],
      ['503: nothing says that it was not taken', { status: 503, body: '' }, unknown('http-503')],
      ['a code that is no word', json(500, { code: '+79160000567' }), unknown('http-500')],
      ['silence', 'silence', unknown('timeout')],
      ['a reset', 'cut', unknown('ECONNRESET')],
      ['an answer cut in its middle', 'cut answer', unknown('http-200')],
    ];
    for (const [about, plan, outcome] of outcomes) {
      it(`${about} → ${outcome.kind}`, async () => {
        api.plan(plan);
        assert.deepEqual(await send(), outcome);
      });
    }
  });

  it('looks an unanswered send up by our reply id, from an hour before the attempt, and names no phone', async () => {
    api.plan(json(200, { count: 0, batches: [] }));
    const message = { ...REPLY, attemptedAt: new Date(NOW - 3_600_000) };
    assert.deepEqual(await create().lookup?.(message, signal()), { kind: 'absent' });
    const { pathname, searchParams } = new URL(api.seen[0]?.path ?? '', api.origin);
    assert.equal(pathname, '/xms/v1/plan-of-the-fixtures/batches');
    assert.deepEqual(Object.fromEntries(searchParams), {
      client_reference: '42',
      start_date: '2026-11-20T22:00:00.000Z',
      page_size: '10',
    });
  });

  describe('receive', () => {
    const statuses: readonly [word: string, code: number, status: string, errorCode?: string][] = [
      ['Queued', 400, 'accepted'],
      ['Dispatched', 401, 'sent'],
      ['Unknown', 402, 'sent'],
      ['Delivered', 0, 'delivered'],
      ['Failed', 27, 'undelivered', '27'],
      ['Expired', 406, 'undelivered', '406'],
      ['Deleted', 5, 'undelivered', '5'],
      ['Aborted', 412, 'failed', '412'],
      ['Cancelled', 407, 'failed', '407'],
      ['Rejected', 408, 'failed', '408'],
    ];
    for (const [word, code, status, errorCode] of statuses) {
      it(`Sinch's ${word} is our ${status}`, () => {
        const content = { batch_id: ID, client_reference: '42', code, status: word, recipient: '79160000567' };
        const receipt = {
          replyId: '42',
          providerMessageId: ID,
          status,
          ...(errorCode && { errorCode }),
          isOptOut: false,
        };
        assert.deepEqual(read({ type: 'recipient_delivery_report_sms', ...content }), { kind: 'receipt', receipt });
      });
    }

    const proofs: readonly [about: string, options: object, query: string, proof: Record<string, string>][] = [
      ['a token in the URL', { webhookToken: 'secret-token' }, '?token=secret-token', {}],
      [
        'Basic authentication',
        { webhookUser: 'sinch', webhookPassword: 'secret' },
        '',
        { authorization: `Basic ${Buffer.from('sinch:secret').toString('base64')}` },
      ],
    ];
    for (const [about, options, query, proof] of proofs) {
      it(`on a plan that signs nothing, ${about} is believed, and nothing without it`, () => {
        const provider = create({ webhookSecret: undefined, ...options });
        const { headers, body } = subject.message({ id: 'a', from: '+1', to: '+2', text: 'x' }, NOW);
        const call = requestOf('sinch', { query, headers: { ...headers, ...proof }, body });
        assert.equal(provider.receive(call).kind, 'authentic');
        assert.equal(provider.receive(requestOf('sinch', { headers, body })).kind, 'forged');
        assert.equal(provider.receive(signed({ headers, body })).kind, 'forged');
      });
    }

    function read(content: object): unknown {
      const reception = create().receive(signed({ headers: JSON_HEADERS, body: JSON.stringify(content) }));
      return reception.kind === 'authentic' ? reception.received[0] : reception.kind;
    }
  });

  describe('options', () => {
    const { webhookSecret: _, ...unproven } = subject.options;
    const cases: readonly [about: string, options: object, isGood: boolean][] = [
      ['no proof of callbacks', {}, false],
      ['a signature', { webhookSecret: 's' }, true],
      ['a token', { webhookToken: ['new', 'old'] }, true],
      ['an empty token', { webhookToken: ' ' }, false],
      ['Basic authentication', { webhookUser: 'u', webhookPassword: 'p' }, true],
      ['a user without a password', { webhookUser: 'u' }, false],
      ['a password without a user', { webhookPassword: 'p' }, false],
      ['a user with a signature', { webhookSecret: 's', webhookUser: 'u' }, false],
      ['two proofs', { webhookSecret: 's', webhookToken: 't' }, false],
      ['a plan that would change the path', { webhookSecret: 's', servicePlanId: '../v2' }, false],
    ];
    for (const [about, options, isGood] of cases) {
      it(`${about}: ${isGood ? 'accepted' : 'refused'}`, () => {
        const { error: problem } = PROVIDERS.sinch.options.validate({ ...unproven, ...options });
        assert.equal(problem === undefined, isGood, problem?.message);
      });
    }
  });

  describe('check', () => {
    const advice = async () => {
      const check = await create().check();
      return check.kind === 'ok' ? 'ok' : check.advice;
    };
    it('is content when Sinch lists batches, and sends nothing', async () => {
      api.plan(json(200, { batches: [] }));
      assert.equal(await advice(), 'ok');
      assert.deepEqual(
        api.seen.map(({ method, path }) => [method, path]),
        [['GET', '/xms/v1/plan-of-the-fixtures/batches?page_size=1']],
      );
    });
    for (const [status, says] of [
      [401, /refuses apiToken/],
      [404, /servicePlanId/],
      [500, /answered 500/],
    ] as const) {
      it(`says what ${status} means, and never shows the token`, async () => {
        api.plan({ status, body: '' });
        assert.match(await advice(), says);
        assert.doesNotMatch(await advice(), /api-token-of/);
      });
    }
    it('says when nobody is there', async () => {
      await api.refuse();
      assert.match(await advice(), /ECONNREFUSED/);
    });
  });
});

function signed(call: Parameters<typeof requestOf>[1]) {
  return subject.sign(requestOf('sinch', call), String(subject.options.webhookSecret), NOW);
}

function json(status: number, content: object) {
  return { status, headers: JSON_HEADERS, body: JSON.stringify(content) };
}

function error(status: number, code: string) {
  return json(status, { code, text: 'of Sinch' });
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
