import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Provider, SendOutcome } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { type Behaviour, type FakeTwilio, startFakeTwilio, twilioError } from '../support/fake-twilio.ts';
import { freePort } from '../support/ports.ts';
import { signAsTwilio } from '../support/sign-as-twilio.ts';

const WEBHOOK_URL = 'https://sms.example.com/webhooks/twilio-main';
const REPLY = {
  replyId: '42',
  from: '+79160000500',
  to: '+79160000567' as Msisdn,
  text: 'Карта активна ✓ 100% & more',
};

describe('twilio', () => {
  let fake: FakeTwilio;
  let providers: Provider[];

  beforeEach(async () => {
    fake = await startFakeTwilio();
    providers = [];
  });
  afterEach(async () => {
    await fake.close();
    for (const provider of providers) await provider.close();
  });

  function create(options: Readonly<Record<string, unknown>> = {}): Provider {
    const { accountSid, authToken, apiBaseUrl } = fake;
    const provider = PROVIDERS.twilio.create(
      { key: 'twilio-main', webhookUrl: WEBHOOK_URL, addresses: ['+14155550100'] },
      { accountSid, authToken, apiBaseUrl, requestTimeoutMs: 5_000, ...options },
      { now: Date.now },
    );
    providers.push(provider);
    return provider;
  }

  const send = (provider: Provider): Promise<SendOutcome> => provider.send(REPLY, new AbortController().signal);

  describe('send', () => {
    it('hands the reply over as it stands, with its id in the status callback', async () => {
      const outcome = await send(create());
      const [sms] = fake.accepted;
      assert.deepEqual(outcome, { kind: 'accepted', providerMessageId: sms?.sid });
      const { from, to, text: body } = REPLY;
      const statusCallback = `${WEBHOOK_URL}?reply=42`;
      assert.deepEqual(sms, { sid: sms?.sid, from, to, body, statusCallback, messagingServiceSid: undefined });
    });

    it('tells how long the reply is of use, up to ten hours', async () => {
      const provider = create();
      for (const validitySeconds of [600, 86_400]) {
        await provider.send({ ...REPLY, validitySeconds }, new AbortController().signal);
      }
      assert.deepEqual(
        fake.accepted.map(({ validityPeriod }) => validityPeriod),
        ['600', '36000'],
      );
    });

    it('names the messaging service where one is configured', async () => {
      const messagingServiceSid = `MG${'0'.repeat(32)}`;
      await send(create({ messagingServiceSid }));
      assert.equal(fake.accepted[0]?.messagingServiceSid, messagingServiceSid);
      assert.equal(fake.accepted[0]?.from, REPLY.from);
    });

    it('never repeats a request by itself, whatever comes of it', async () => {
      const provider = create({ requestTimeoutMs: 300 });
      const behaviours: Behaviour[] = [twilioError(429, 20429), twilioError(500, 20500), twilioError(503, 20503)];
      behaviours.push('cut', 'cut-answer', 'silence');
      for (const [index, behaviour] of behaviours.entries()) {
        fake.plan(behaviour);
        await send(provider);
        assert.equal(fake.requestCount, index + 1);
      }
    });

    const outcomes: readonly [about: string, Behaviour, SendOutcome][] = [
      ['429 with Retry-After: wait', twilioError(429, 20429, { 'retry-after': '7' }), throttled(7_000)],
      ['500 after it was sent: unknown', { ...twilioError(500, 20500), isTaken: true }, unknown('20500')],
      ['503: again later', twilioError(503, 20503), { kind: 'transient', code: '20503' }],
      ['21610: opted out', twilioError(400, 21610), { kind: 'rejected', code: '21610', isOptOut: true }],
      ['21211: not a phone', twilioError(400, 21211), { kind: 'rejected', code: '21211', isOptOut: false }],
      ['HTML: unknown', { status: 200, body: '<html>welcome</html>' }, unknown('http-200')],
      ['10 MB: unknown', { status: 200, body: 'x'.repeat(10 * 1024 * 1024) }, unknown('http-200')],
      ['a redirect: unknown', { status: 307, body: '', headers: { location: '/' } }, unknown('http-307')],
      ['silence after it was taken: unknown', 'silence', unknown('timeout')],
      ['a reset after it was taken: unknown', 'cut', unknown('ECONNRESET')],
      ['an answer cut in its middle: unknown', 'cut-answer', unknown('http-201')],
    ];
    for (const [about, behaviour, outcome] of outcomes) {
      it(about, async () => {
        fake.plan(behaviour);
        assert.deepEqual(await send(create({ requestTimeoutMs: 500 })), outcome);
      });
    }

    it('a refused connection is transient: nothing left', async () => {
      const outcome = await send(create({ apiBaseUrl: `http://127.0.0.1:${await freePort()}` }));
      assert.deepEqual(outcome, { kind: 'transient', code: 'ECONNREFUSED' });
    });

    it('refused credentials are transient, and the next send goes with the other live token', async () => {
      const provider = create({ authToken: ['rotated-out', fake.authToken] });
      assert.deepEqual(await send(provider), { kind: 'transient', code: '20003' });
      assert.equal((await send(provider)).kind, 'accepted');
      assert.equal((await send(provider)).kind, 'accepted');
    });

    it('it is the account that is refused when no token is taken', async () => {
      const provider = create({ authToken: ['rotated-out', 'mistyped'] });
      const [first, second] = [await send(provider), await send(provider)];
      assert.deepEqual(first, { kind: 'transient', code: '20003' });
      assert.deepEqual(second, { kind: 'transient', code: '20003', cause: 'account' });
    });

    it('many at once all arrive once', async () => {
      const provider = create();
      const outcomes = await Promise.all(Array.from({ length: 100 }, () => send(provider)));
      const ids = outcomes.map((outcome) => (outcome.kind === 'accepted' ? outcome.providerMessageId : outcome.kind));
      assert.deepEqual(ids.toSorted(), fake.accepted.map(({ sid }) => sid).toSorted());
    });
  });

  describe('receipts', () => {
    const table: readonly [word: string, status: string][] = [
      ['accepted', 'accepted'],
      ['scheduled', 'accepted'],
      ['queued', 'accepted'],
      ['sending', 'sent'],
      ['sent', 'sent'],
      ['delivered', 'delivered'],
      ['undelivered', 'undelivered'],
      ['failed', 'failed'],
      ['canceled', 'failed'],
      ['read', 'read'],
    ];
    for (const [word, status] of table) {
      it(`Twilio's ${word} is our ${status}`, () => {
        const form = new URLSearchParams({ AccountSid: fake.accountSid, MessageSid: 'SM1', MessageStatus: word });
        const received = readSigned(create(), form, '?reply=42');
        assert.deepEqual(received, {
          kind: 'receipt',
          receipt: { replyId: '42', providerMessageId: 'SM1', status, isOptOut: false },
        });
      });
    }

    it("another account's calls are forged even when they are signed with our token", () => {
      const form = new URLSearchParams({ AccountSid: 'AC2', MessageSid: 'SM1', From: '+1', To: '+2', Body: 'x' });
      assert.equal(readSigned(create(), form, ''), 'forged');
    });

    it('a body that is signed by its hash is believed with that hash only', () => {
      const query = `?bodySHA256=${createHash('sha256').update('{"a":1}').digest('hex')}`;
      const request = signed(new URLSearchParams(), query);
      const provider = create();
      assert.equal(provider.receive({ ...request, body: Buffer.from('{"a":1}') }).kind, 'authentic');
      assert.equal(provider.receive({ ...request, body: Buffer.from('{"a":2}') }).kind, 'forged');
    });

    it('acknowledges with an empty TwiML', () => {
      const form = new URLSearchParams({ AccountSid: fake.accountSid });
      const reception = create().receive(signed(form, ''));
      assert.deepEqual(reception.kind === 'authentic' && reception.acknowledgement, {
        status: 200,
        contentType: 'text/xml',
        body: '<Response/>',
      });
    });
  });

  describe('check', () => {
    const advice = async (options: Readonly<Record<string, unknown>>) => {
      const check = await create(options).check();
      return check.kind === 'ok' ? 'ok' : check.advice;
    };

    it('is content when Twilio knows the account under every live token, and sends nothing', async () => {
      assert.equal(await advice({}), 'ok');
      assert.equal(fake.requestCount, 0);
    });
    it('says which token is refused', async () => {
      assert.match(await advice({ authToken: [fake.authToken, 'rotated-out'] }), /authToken 2 of 2/);
    });
    it('says when nobody is there', async () => {
      assert.match(await advice({ apiBaseUrl: `http://127.0.0.1:${await freePort()}` }), /ECONNREFUSED/);
    });
    it('never shows a token', async () => {
      assert.doesNotMatch(await advice({ authToken: 'rotated-out' }), /rotated-out/);
    });
  });

  describe('options', () => {
    const cases: readonly [about: string, options: Readonly<Record<string, unknown>>, isGood: boolean][] = [
      ['a region', { apiBaseUrl: 'https://api.dublin.ie1.twilio.com' }, true],
      ['plain HTTP to this machine', { apiBaseUrl: 'http://127.0.0.1:8080' }, true],
      ['plain HTTP to another machine', { apiBaseUrl: 'http://api.twilio.com' }, false],
      ['credentials in the address', { apiBaseUrl: 'https://user:pass@api.twilio.com' }, false],
      ['a path', { apiBaseUrl: 'https://api.twilio.com/2010-04-01' }, false],
      ['no address', { apiBaseUrl: 'api.twilio.com' }, false],
      ['an API key in the place of the account', { accountSid: `SK${'0'.repeat(32)}` }, false],
      ['three tokens', { authToken: ['a', 'b', 'c'] }, false],
      ['the same token twice', { authToken: ['a', 'a'] }, false],
    ];
    for (const [about, options, isGood] of cases) {
      it(`${about} is ${isGood ? 'accepted' : 'refused'}`, () => {
        const { accountSid, authToken } = fake;
        const { error } = PROVIDERS.twilio.options.validate({ accountSid, authToken, ...options });
        assert.equal(error === undefined, isGood, error?.message);
      });
    }
  });

  function signed(form: URLSearchParams, query: string) {
    const url = WEBHOOK_URL + query;
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': signAsTwilio(fake.authToken, url, form),
    };
    return { method: 'POST', url, headers, body: Buffer.from(form.toString()), remoteAddress: '127.0.0.1' };
  }

  function readSigned(provider: Provider, form: URLSearchParams, query: string): unknown {
    const reception = provider.receive(signed(form, query));
    return reception.kind === 'authentic' ? reception.received[0] : reception.kind;
  }
});

function throttled(retryAfterMs: number): SendOutcome {
  return { kind: 'throttled', retryAfterMs };
}

function unknown(code: string): SendOutcome {
  return { kind: 'unknown', code };
}
