import assert from 'node:assert/strict';
import type { CredentialCheck, Provider, Reception, SendOutcome } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import type { ApiBehaviour } from '../support/fake-api.ts';
import { freePort } from '../support/ports.ts';
import { requestOf } from './call.ts';
import { freshApi } from './fresh-api.ts';
import { plivo as subject } from './subjects/plivo.ts';

const AUTH_ID = 'MAXXXXXXXXXXXXXXXXX1';
const TOKEN = 'token-one';
const UUID = 'db3ce55a-7f1d-11e1-8ea7-1231380bc196';
const REPLY = {
  replyId: '42',
  from: '+79160000500',
  to: '+79160000567' as Msisdn,
  text: 'Карта активна ✓ 100% & more',
};

describe('plivo', () => {
  const { api, create: createAny } = freshApi();
  const create = (options: Readonly<Record<string, unknown>> = {}): Provider =>
    createAny('plivo', { authId: AUTH_ID, authToken: TOKEN, requestTimeoutMs: 500, ...options });

  const send = (provider: Provider, more = {}): Promise<SendOutcome> =>
    provider.send({ ...REPLY, ...more }, new AbortController().signal);

  describe('send', () => {
    it('hands the reply over as it stands, with its id in the callback URL', async () => {
      api.plan(accepted());
      assert.deepEqual(await send(create()), { kind: 'accepted', providerMessageId: UUID });
      const [request] = api.seen;
      assert.equal(`${request?.method} ${request?.path}`, `POST /v1/Account/${AUTH_ID}/Message/`);
      assert.equal(request?.headers.authorization, basic(TOKEN));
      assert.deepEqual(JSON.parse(request?.body ?? ''), {
        src: REPLY.from,
        dst: REPLY.to,
        text: REPLY.text,
        type: 'sms',
        url: 'https://sms.example.com/webhooks/plivo-main?reply=42',
        method: 'POST',
      });
    });

    for (const [seconds, expiry] of [
      [600, 600],
      [1, 5],
      [86_400, 10_799],
      [90.7, 90],
    ] as const) {
      it(`a validity of ${seconds} s is a message_expiry of ${expiry}`, async () => {
        api.plan(accepted());
        await send(create(), { validitySeconds: seconds });
        assert.equal(JSON.parse(api.seen[0]?.body ?? '').message_expiry, expiry);
      });
    }

    const outcomes: readonly [about: string, ApiBehaviour, SendOutcome][] = [
      ['202 with an id: accepted', accepted(), { kind: 'accepted', providerMessageId: UUID }],
      [
        'a number that is none: rejected',
        json(202, { api_id: 'a', message_uuid: [], invalid_number: ['7'] }),
        rejected('invalid_number'),
      ],
      ['202 without an id: unknown', json(202, { api_id: 'a', message: 'message(s) queued' }), unknown('http-202')],
      ['HTML: unknown', { status: 200, body: '<html>welcome</html>' }, unknown('http-200')],
      ['a redirect: unknown', { status: 307, body: '', headers: { location: '/' } }, unknown('http-307')],
      ['400 in Plivo’s words: rejected', json(400, { api_id: 'a', error: 'dst is invalid' }), rejected('http-400')],
      [
        '400 for want of credit: again later',
        json(400, { api_id: 'a', error: 'Insufficient Credit' }),
        transient('insufficient-credit', 'account'),
      ],
      ['400 of a proxy: again later', { status: 400, body: 'Bad Request' }, transient('http-400')],
      ['401: again later', json(401, { error: 'authentication failed' }), transient('http-401', 'account')],
      ['402: again later', json(402, { error: 'insufficient credit' }), transient('http-402', 'account')],
      ['403: again later', json(403, { error: 'forbidden' }), transient('http-403')],
      ['404: again later', json(404, { error: 'not found' }), transient('http-404')],
      ['429: wait a second', json(429, { error: 'too many requests' }), { kind: 'throttled', retryAfterMs: 1_000 }],
      [
        '429 with Retry-After: wait so long',
        { ...json(429, {}), headers: { 'retry-after': '7' } },
        { kind: 'throttled', retryAfterMs: 7_000 },
      ],
      ['500: unknown', json(500, { error: 'server error' }), unknown('http-500')],
      ['503: unknown', json(503, {}), unknown('http-503')],
      ['silence after it was taken: unknown', 'silence', unknown('timeout')],
      ['a reset after it was taken: unknown', 'cut', unknown('ECONNRESET')],
      ['an answer cut in its middle: unknown', 'cut answer', unknown('http-200')],
    ];
    for (const [about, behaviour, outcome] of outcomes) {
      it(about, async () => {
        api.plan(behaviour);
        assert.deepEqual(await send(create()), outcome);
        assert.equal(api.seen.length, 1, 'never repeated');
      });
    }

    it('a refused connection is transient: nothing left', async () => {
      const outcome = await send(create({ apiBaseUrl: `http://127.0.0.1:${await freePort()}` }));
      assert.deepEqual(outcome, transient('ECONNREFUSED'));
    });

    it('after a refused token the next send goes with the other live one', async () => {
      const provider = create({ authToken: ['rotated-out', TOKEN] });
      api.plan(json(401, {}), accepted(), accepted());
      for (let sends = 0; sends < 3; sends++) await send(provider);
      const used = api.seen.map(({ headers }) => headers.authorization);
      assert.deepEqual(used, [basic('rotated-out'), basic(TOKEN), basic(TOKEN)]);
    });
  });

  describe('what it tells', () => {
    const table: readonly [word: string, status: string][] = [
      ['queued', 'accepted'],
      ['sent', 'sent'],
      ['delivered', 'delivered'],
      ['undelivered', 'undelivered'],
      ['failed', 'failed'],
      ['rejected', 'failed'],
      ['read', 'read'],
    ];
    for (const [word, status] of table) {
      it(`Plivo's ${word} is our ${status}`, () => {
        const received = tell(`MessageUUID=u&Status=${word}`, '?reply=42');
        const receipt = { replyId: '42', providerMessageId: 'u', status, isOptOut: false };
        assert.deepEqual(received.kind === 'authentic' && received.received, [{ kind: 'receipt', receipt }]);
      });
    }

    it('is answered with XML that sends nothing', () => {
      const received = tell('MessageUUID=u&From=1&To=2&Text=x');
      const expected = { status: 200, contentType: 'application/xml', body: '<Response/>' };
      assert.deepEqual(received.kind === 'authentic' && received.acknowledgement, expected);
    });

    it('a call with a text is an SMS, whatever status it has', () => {
      const received = tell('MessageUUID=u&From=1&To=2&Text=x&Status=received');
      assert.equal(received.kind === 'authentic' && received.received[0]?.kind, 'message');
    });

    it('a call that only has a V2 signature is refused, unless the channel accepts those', () => {
      const request = requestOf('plivo', { headers: {}, body: 'MessageUUID=u&From=1&To=2&Text=x' });
      assert.deepEqual(create().receive(request), { kind: 'forged', reason: 'no X-Plivo-Signature-V3' });
      assert.deepEqual(create({ acceptV2: true }).receive(request), {
        kind: 'forged',
        reason: 'no X-Plivo-Signature-V2',
      });
    });

    it('by another method than POST and GET is forged', () => {
      const request = requestOf('plivo', { headers: {}, body: '' });
      assert.equal(create().receive({ ...request, method: 'PUT' }).kind, 'forged');
    });
  });

  describe('check', () => {
    const checked = async (options: object, ...answers: ApiBehaviour[]): Promise<CredentialCheck> => {
      api.plan(...answers);
      return create({ ...options }).check();
    };
    it('is content when Plivo knows the account under every live token', async () => {
      const check = await checked({ authToken: [TOKEN, 'two'] }, json(200, {}), json(200, {}));
      assert.deepEqual(check, { kind: 'ok' });
      assert.deepEqual(
        api.seen.map(({ method, path, headers }) => [method, path, headers.authorization]),
        [TOKEN, 'two'].map((token) => ['GET', `/v1/Account/${AUTH_ID}/`, basic(token)]),
      );
    });
    it('says which token is refused, and never shows it', async () => {
      const check = await checked({ authToken: [TOKEN, 'rotated-out'] }, json(200, {}), json(401, {}));
      assert.match(JSON.stringify(check), /authToken 2 of 2/);
      assert.doesNotMatch(JSON.stringify(check), /rotated-out/);
    });
    it('says what else was answered, and when nobody is there', async () => {
      assert.match(JSON.stringify(await checked({}, json(404, {}))), /answered 404/);
      const nobody = await checked({ apiBaseUrl: `http://127.0.0.1:${await freePort()}` });
      assert.match(JSON.stringify(nobody), /ECONNREFUSED/);
    });
  });

  describe('options', () => {
    const cases: readonly [about: string, options: object, isGood: boolean][] = [
      ['a subaccount', { authId: 'SAXXXXXXXXXXXXXXXXX1' }, true],
      ['V2 as well', { acceptV2: true }, true],
      ['no Auth ID', { authId: 'plivo' }, false],
      ['three tokens', { authToken: ['a', 'b', 'c'] }, false],
      ['plain HTTP to another machine', { apiBaseUrl: 'http://api.plivo.com' }, false],
    ];
    for (const [about, options, isGood] of cases) {
      it(`${about} is ${isGood ? 'accepted' : 'refused'}`, () => {
        const { error } = PROVIDERS.plivo.options.validate({ authId: AUTH_ID, authToken: TOKEN, ...options });
        assert.equal(error === undefined, isGood, error?.message);
      });
    }
  });

  function tell(body: string, query = ''): Reception {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return create().receive(subject.sign(requestOf('plivo', { query, headers, body }), TOKEN, 0));
  }
});

function basic(token: string): string {
  return `Basic ${Buffer.from(`${AUTH_ID}:${token}`).toString('base64')}`;
}

function accepted() {
  return json(202, { api_id: 'a', message: 'message(s) queued', message_uuid: [UUID] });
}

function json(status: number, content: object) {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}

function unknown(code: string): SendOutcome {
  return { kind: 'unknown', code };
}

function transient(code: string, cause?: 'account'): SendOutcome {
  return { kind: 'transient', code, ...(cause && { cause }) };
}

function rejected(code: string): SendOutcome {
  return { kind: 'rejected', code, isOptOut: false };
}
