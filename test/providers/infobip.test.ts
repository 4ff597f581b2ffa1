import assert from 'node:assert/strict';
import { messageIdOf } from '../../src/providers/infobip/message-id.ts';
import type { CredentialCheck, Provider, SendOutcome } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import type { ApiBehaviour } from '../support/fake-api.ts';
import { freePort } from '../support/ports.ts';
import { requestOf } from './call.ts';
import { freshApi } from './fresh-api.ts';
import { ID, json, KEY, LOOKUPS, logs, PENDING, REPLY, SENDS, taken, transient } from './infobip/answers.ts';

const BASIC = { webhookUser: 'cardwake', webhookPassword: 'pass:word' };
const TOKEN = '0123456789abcdef01234567';
const NOW = Date.UTC(2026, 10, 21, 12);
const MINUTE_MS = 60_000;

describe('infobip', () => {
  const { api, create: createAny } = freshApi();
  const create = (options: Readonly<Record<string, unknown>> = BASIC): Provider =>
    createAny('infobip', { apiKey: KEY, requestTimeoutMs: 500, ...options }, { now: () => NOW });

  const send = (provider: Provider, more = {}): Promise<SendOutcome> =>
    provider.send({ ...REPLY, ...more }, new AbortController().signal);

  describe('send', () => {
    it('hands the reply over with an id of ours and the reply id as callback data', async () => {
      api.plan(taken(PENDING));
      assert.deepEqual(await send(create()), { kind: 'accepted', providerMessageId: ID });
      const [request] = api.seen;
      assert.equal(`${request?.method} ${request?.path}`, 'POST /sms/3/messages');
      assert.equal(request?.headers.authorization, `App ${KEY}`);
      const message = {
        sender: '79160000500',
        destinations: [{ to: '79160000567', messageId: ID }],
        content: { text: REPLY.text },
        webhooks: { contentType: 'application/json', callbackData: '42' },
      };
      assert.deepEqual(JSON.parse(request?.body ?? ''), { messages: [message] });
    });

    it('names where reports go only when that URL proves itself', async () => {
      api.plan(taken(PENDING));
      await send(create({ webhookToken: [TOKEN, `${TOKEN}-old`] }));
      const url = `https://sms.example.com/webhooks/infobip-main?token=${TOKEN}`;
      assert.deepEqual(JSON.parse(api.seen[0]?.body ?? '').messages[0].webhooks.delivery, { url });
    });

    for (const [seconds, minutes] of [
      [600, 10],
      [1, 1],
      [90, 1],
      [864_000, 2_880],
    ] as const) {
      it(`a validity of ${seconds} s is one of ${minutes} min`, async () => {
        api.plan(taken(PENDING));
        await send(create(), { validitySeconds: seconds });
        const { options } = JSON.parse(api.seen[0]?.body ?? '').messages[0];
        assert.deepEqual(options, { validityPeriod: { amount: minutes, timeUnit: 'MINUTES' } });
      });
    }

    for (const [about, behaviour, outcome] of SENDS) {
      it(about, async () => {
        api.plan(behaviour);
        assert.deepEqual(await send(create()), outcome);
        assert.equal(api.seen.length, 1, 'never repeated');
      });
    }

    it('a refused connection is transient: nothing left', async () => {
      const outcome = await send(create({ ...BASIC, apiBaseUrl: `http://127.0.0.1:${await freePort()}` }));
      assert.deepEqual(outcome, transient('ECONNREFUSED'));
    });

    it('after a refused key the next send goes with the other live one, under the same message id', async () => {
      const provider = create({ ...BASIC, apiKey: [KEY, 'key-two'] });
      api.plan(json(401, {}), taken(PENDING));
      await send(provider);
      await send(provider);
      assert.deepEqual(
        api.seen.map(({ headers }) => headers.authorization),
        [`App ${KEY}`, 'App key-two'],
      );
      assert.deepEqual(
        api.seen.map(({ body }) => JSON.parse(body).messages[0].destinations[0].messageId),
        [ID, ID],
      );
    });
  });

  describe('the message id', () => {
    it('is the same for each attempt, begins with the reply id, and is at most 35 characters', () => {
      assert.equal(messageIdOf({ ...REPLY }, KEY), ID);
      assert.match(messageIdOf({ ...REPLY, replyId: '9'.repeat(18) }, KEY), /^9{18}-[0-9a-f]{16}$/);
    });
    it('is another for another phone, text or key, so that a new installation does not meet the ids of an old one', () => {
      const others = [
        { ...REPLY, to: '+79160000568' as Msisdn },
        { ...REPLY, text: 'x' },
        { ...REPLY, replyId: '43' },
      ];
      const ids = [ID, ...others.map((other) => messageIdOf(other, KEY)), messageIdOf(REPLY, 'key-two')];
      assert.equal(new Set(ids).size, ids.length);
    });
  });

  describe('lookup', () => {
    const lookup = (minutesAgo: number, options = {}) => {
      const message = { ...REPLY, attemptedAt: new Date(NOW - minutesAgo * MINUTE_MS) };
      return create({ ...BASIC, ...options }).lookup?.(message, new AbortController().signal);
    };
    for (const [about, minutesAgo, behaviour, outcome] of LOOKUPS) {
      it(`${about}: ${'code' in outcome ? outcome.code : JSON.stringify(outcome).slice(9, 15)}`, async () => {
        api.plan(behaviour);
        assert.deepEqual(await lookup(minutesAgo), outcome);
      });
    }

    it('asks the logs, which give an entry as often as one likes, by our id under each live key; no phone is in the URL', async () => {
      api.plan(logs());
      await lookup(60, { apiKey: [KEY, 'key-two'] });
      const [request] = api.seen;
      assert.equal(request?.path, `/sms/3/logs?messageId=${ID},${messageIdOf(REPLY, 'key-two')}`);
      assert.equal(request?.headers.authorization, `App ${KEY}`);
    });
  });

  describe('who is believed', () => {
    const call = (options: object, more: { query?: string; authorization?: string; from?: string } = {}) => {
      const { query = '', authorization, from = '203.0.113.7' } = more;
      const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) };
      const request = requestOf('infobip', { query, headers, body: '{"results":[]}' });
      return create({ ...options }).receive({ ...request, remoteAddress: from }).kind;
    };
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    const sources = { sourceAddresses: ['203.0.113.0/24'] };
    const cases: readonly [about: string, options: object, more: object, kind: string][] = [
      ['the profile’s user and password', BASIC, { authorization: basic('cardwake:pass:word') }, 'authentic'],
      ['another user', BASIC, { authorization: basic('somebody:pass:word') }, 'forged'],
      ['a token where a password is expected', BASIC, { query: `?token=${TOKEN}` }, 'forged'],
      ['the token in the URL', { webhookToken: TOKEN }, { query: `?token=${TOKEN}` }, 'authentic'],
      ['another token', { webhookToken: TOKEN }, { query: '?token=x' }, 'forged'],
      ['no token', { webhookToken: TOKEN }, {}, 'forged'],
      [
        'the token from a known address',
        { webhookToken: TOKEN, ...sources },
        { query: `?token=${TOKEN}` },
        'authentic',
      ],
      [
        'the token from elsewhere',
        { webhookToken: TOKEN, ...sources },
        { query: `?token=${TOKEN}`, from: '198.51.100.1' },
        'forged',
      ],
      ['a known address alone', { ...BASIC, ...sources }, {}, 'forged'],
    ];
    for (const [about, options, more, kind] of cases) {
      it(`${about}: ${kind}`, () => assert.equal(call(options, more), kind));
    }
  });

  describe('check', () => {
    const checked = (options: object, ...answers: ApiBehaviour[]): Promise<CredentialCheck> => {
      api.plan(...answers);
      return create({ ...BASIC, ...options }).check();
    };
    it('is content when every live key may read the logs, and sends nothing', async () => {
      assert.deepEqual(await checked({ apiKey: [KEY, 'key-two'] }, logs(), logs()), { kind: 'ok' });
      const asked = api.seen.map(({ method, path, headers }) => `${method} ${path} ${headers.authorization}`);
      assert.deepEqual(
        asked,
        [KEY, 'key-two'].map((key) => `GET /sms/3/logs?limit=1 App ${key}`),
      );
    });
    it('warns of a key that may not read the logs', async () => {
      const check = await checked({}, json(403, { errorCode: 'E403' }));
      assert.equal(check.kind, 'ok');
      assert.match(JSON.stringify(check), /apiKey 1 of 1.*sms:logs:read/);
    });
    it('says which key is refused, and never shows it', async () => {
      const check = await checked({ apiKey: [KEY, 'rotated-out'] }, logs(), json(401, {}));
      assert.match(JSON.stringify(check), /apiKey 2 of 2/);
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
      ['user and password', BASIC, true],
      ['a token', { webhookToken: TOKEN }, true],
      ['no proof at all', {}, false],
      ['addresses alone', { sourceAddresses: ['203.0.113.7'] }, false],
      ['both proofs', { ...BASIC, webhookToken: TOKEN }, false],
      ['a password without its user', { webhookPassword: 'x' }, false],
      ['a user with a colon', { ...BASIC, webhookUser: 'a:b' }, false],
      ['a short token', { webhookToken: 'short' }, false],
    ];
    for (const [about, options, isGood] of cases) {
      it(`${about} is ${isGood ? 'accepted' : 'refused'}`, () => {
        const { error } = PROVIDERS.infobip.options.validate({ apiKey: KEY, ...options });
        assert.equal(error === undefined, isGood, error?.message);
      });
    }
  });
});
