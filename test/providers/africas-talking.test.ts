import assert from 'node:assert/strict';
import type { Provider, Received, SendOutcome } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { type FakeApi, startFakeApi } from '../support/fake-api.ts';
import type { ApiAnswer } from './subject.ts';

const WEBHOOK_URL = 'https://sms.example.com/webhooks/africas-talking-main';
const TOKEN = 'a-token-that-is-long-enough';
const REPLY = { replyId: '42', from: '20880', to: '+254711000001' as Msisdn, text: 'Карта активна ✓ 100% & more' };
const MINUTE_MS = 60_000;

describe("Africa's Talking", () => {
  let api: FakeApi;
  let provider: Provider;
  let now: number;

  beforeEach(async () => {
    now = Date.UTC(2026, 10, 21);
    api = await startFakeApi();
    const options = { username: 'club', apiKey: 'hidden-key', webhookToken: TOKEN, apiBaseUrl: api.origin };
    const channel = { key: 'africas-talking-main', webhookUrl: WEBHOOK_URL, addresses: ['+14155550100'] };
    provider = PROVIDERS['africas-talking'].create(channel, options, { now: () => now });
  });
  afterEach(async () => {
    await provider.close();
    await api.close();
  });

  const send = (answer: ApiAnswer) => {
    api.plan(answer);
    return provider.send(REPLY, new AbortController().signal);
  };

  it('is asked for the SMS by a form, with the key in a header, and told to answer before the network does', async () => {
    await send(recipient(101, 'Success'));
    const [{ method, path, headers, body } = assert.fail()] = api.seen;
    assert.deepEqual([method, path, headers.apikey], ['POST', '/version1/messaging', 'hidden-key']);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(body)), {
      username: 'club',
      from: '20880',
      to: '+254711000001',
      message: REPLY.text,
      bulkSMSMode: '1',
      enqueue: '1',
    });
  });

  describe('its answer', () => {
    const table: readonly [about: string, ApiAnswer, SendOutcome][] = [
      ['100 Processed', recipient(100, 'Success'), { kind: 'accepted', providerMessageId: 'ATXid_1' }],
      ['101 Sent', recipient(101, 'Success'), { kind: 'accepted', providerMessageId: 'ATXid_1' }],
      ['102 Queued', recipient(102, 'Success'), { kind: 'accepted', providerMessageId: 'ATXid_1' }],
      ['101 without an id', recipient(101, 'Success', 'None'), unknown('101-http-201')],
      ['101 with an error’s status', { ...recipient(101, 'Success'), status: 400 }, unknown('101-http-400')],
      ['401 RiskHold: it may be let go', recipient(401, 'RiskHold'), unknown('RiskHold')],
      ['402 InvalidSenderId', recipient(402, 'InvalidSenderId'), ofRoute('InvalidSenderId')],
      ['403 InvalidPhoneNumber', recipient(403, 'InvalidPhoneNumber'), rejected('InvalidPhoneNumber')],
      ['404 UnsupportedNumberType', recipient(404, 'UnsupportedNumberType'), rejected('UnsupportedNumberType')],
      [
        '405 InsufficientBalance: pay',
        recipient(405, 'InsufficientBalance'),
        transient('InsufficientBalance', 'account'),
      ],
      ['406 UserInBlacklist: opted out', recipient(406, 'UserInBlacklist'), rejected('UserInBlacklist', true)],
      ['407 CouldNotRoute', recipient(407, 'CouldNotRoute'), ofRoute('CouldNotRoute')],
      ['409 DoNotDisturbRejection', recipient(409, 'DoNotDisturbRejection'), rejected('DoNotDisturbRejection')],
      ['the same with status 409', { ...recipient(409, 'x'), status: 409 }, rejected('DoNotDisturbRejection')],
      ['500 InternalServerError', recipient(500, 'InternalServerError'), unknown('InternalServerError')],
      ['501 GatewayError', recipient(501, 'GatewayError'), unknown('GatewayError')],
      ['502 RejectedByGateway', recipient(502, 'RejectedByGateway'), transient('RejectedByGateway')],
      ['a code of the future with a known word', recipient(499, 'UserInBlacklist'), rejected('UserInBlacklist', true)],
      ['a code and a word of the future', recipient(499, 'Teleported'), unknown('http-201')],
      ['nobody, and why', nobody('InvalidSenderId'), ofRoute('InvalidSenderId')],
      ['nobody, and nobody knows why', nobody('Sent to 0/1 Total Cost: 0'), unknown('http-201')],
      [
        'a wrong key',
        { status: 401, body: 'The supplied authentication is invalid' },
        transient('http-401', 'account'),
      ],
      ['a missing field', { status: 400, body: 'Request is missing required form field' }, transient('http-400')],
      [
        'too many requests',
        { status: 429, body: '', headers: { 'retry-after': '7' } },
        { kind: 'throttled', retryAfterMs: 7_000 },
      ],
      ['a proxy that may have lost sight of it', { status: 503, body: '' }, unknown('http-503')],
      ['a lost answer of its own', { status: 504, body: '' }, unknown('http-504')],
      ['a redirect', { status: 302, body: '', headers: { location: '/' } }, unknown('http-302')],
    ];
    for (const [about, answer, outcome] of table) {
      it(about, async () => assert.deepEqual(await send(answer), outcome));
    }
  });

  describe('a delivery report', () => {
    const table: readonly [word: string, status: string][] = [
      ['Sent', 'sent'],
      ['Submitted', 'sent'],
      ['Buffered', 'sent'],
      ['Success', 'delivered'],
      ['Rejected', 'failed'],
      ['Failed', 'undelivered'],
      ['AbsentSubscriber', 'undelivered'],
      ['Expired', 'undelivered'],
    ];
    for (const [word, status] of table) {
      it(`of ${word} is our ${status}, found by the provider's id`, () => {
        const receipt = { providerMessageId: 'ATXid_1', status, isOptOut: false };
        assert.deepEqual(read({ id: 'ATXid_1', status: word, phoneNumber: REPLY.to }), { kind: 'receipt', receipt });
      });
    }
    it('says why it failed, and when that is an opt-out', () => {
      const reasonOf = (failureReason: string) => {
        const one = read({ id: 'ATXid_1', status: 'Failed', failureReason });
        return one?.kind === 'receipt' ? [one.receipt.errorCode, one.receipt.isOptOut] : [];
      };
      assert.deepEqual(reasonOf('DeliveryFailure'), ['DeliveryFailure', false]);
      assert.deepEqual(reasonOf('UserInBlackList'), ['UserInBlackList', true]);
      assert.deepEqual(reasonOf('none at all'), [undefined, false]);
    });
  });

  describe('an opt-out', () => {
    const idOf = (fields: Readonly<Record<string, string>> = { senderId: '20880', phoneNumber: REPLY.to }) => {
      const one = read(fields);
      return one?.kind === 'message' && one.message.optOut === 'STOP' ? one.message.providerMessageId : one?.kind;
    };
    it('is a STOP that has been answered, from the phone to the sender ID', () => {
      const one = read({ senderId: 'CLUB', phoneNumber: '+254711000001' });
      assert.ok(one?.kind === 'message');
      const { from, to, text, optOut } = one.message;
      assert.deepEqual({ from, to, text, optOut }, { from: '+254711000001', to: 'CLUB', text: '', optOut: 'STOP' });
    });
    it('told twice in a minute is one', () => {
      const first = idOf();
      now += MINUTE_MS / 2;
      assert.equal(idOf(), first);
    });
    it('after another opt-in is a new one', () => {
      const first = idOf();
      now += 10 * MINUTE_MS;
      assert.notEqual(idOf(), first);
    });
    it('of another phone, or from another sender ID, is another', () => {
      const others = [
        { senderId: '20880', phoneNumber: '+254711000002' },
        { senderId: '20881', phoneNumber: REPLY.to },
      ];
      assert.equal(new Set([idOf(), ...others.map(idOf)]).size, 3);
    });
    it('has no id from which the phone could be guessed without our secret', () => {
      assert.match(String(idOf()), /^opt-out:[0-9a-f]{64}$/);
      assert.ok(!String(idOf()).includes('254711000001'));
    });
  });

  it('hears an empty answer', () => {
    const reception = provider.receive(call({ id: '1', from: REPLY.to, to: '20880', text: '9643' }));
    const acknowledgement = { status: 200, contentType: 'text/plain', body: '' };
    assert.deepEqual(reception.kind === 'authentic' && reception.acknowledgement, acknowledgement);
  });

  it('is believed from its own addresses only, once they are listed', async () => {
    const options = { username: 'club', apiKey: 'k', webhookToken: TOKEN, sourceAddresses: ['203.0.113.0/24'] };
    const listed = PROVIDERS['africas-talking'].create(
      { key: 'a', webhookUrl: WEBHOOK_URL, addresses: ['+14155550100'] },
      options,
      {
        now: () => now,
      },
    );
    const from = (remoteAddress: string) => listed.receive({ ...call({ id: '1' }), remoteAddress }).kind;
    assert.deepEqual(['203.0.113.9', '::ffff:203.0.113.9', '198.51.100.1'].map(from), [
      'authentic',
      'authentic',
      'forged',
    ]);
    await listed.close();
  });

  describe('its check', () => {
    const check = async (answer: ApiAnswer) => {
      api.plan(answer);
      const result = await provider.check();
      return result.kind === 'ok' ? 'ok' : result.advice;
    };
    it('asks for the app’s data, and is content with them', async () => {
      assert.equal(await check({ status: 200, body: '{"UserData":{"balance":"KES 100.00"}}' }), 'ok');
      assert.equal(api.seen[0]?.path, '/version1/user?username=club');
    });
    it('says what to compare when the key is refused', async () => {
      const advice = await check({ status: 401, body: '' });
      assert.match(advice, /username with apiKey.*sandbox/);
      assert.doesNotMatch(advice, /hidden-key/);
    });
    it('says when something else answers', async () => assert.match(await check({ status: 404, body: '' }), /404/));
  });

  function call(fields: Readonly<Record<string, string>>) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = Buffer.from(new URLSearchParams(fields).toString());
    return { method: 'POST', url: `${WEBHOOK_URL}?token=${TOKEN}`, headers, body, remoteAddress: '127.0.0.1' };
  }

  function read(fields: Readonly<Record<string, string>>): Received | undefined {
    const reception = provider.receive(call(fields));
    return reception.kind === 'authentic' ? reception.received[0] : assert.fail(reception.reason);
  }
});

function recipient(statusCode: number, status: string, messageId = 'ATXid_1'): ApiAnswer {
  return answer({
    Message: 'Sent to 1/1',
    Recipients: [{ statusCode, number: REPLY.to, status, cost: '0', messageId }],
  });
}

function nobody(Message: string): ApiAnswer {
  return answer({ Message, Recipients: [] });
}

function answer(SMSMessageData: object): ApiAnswer {
  return { status: 201, body: JSON.stringify({ SMSMessageData }) };
}

function transient(code: string, cause?: 'account'): SendOutcome {
  return { kind: 'transient', code, ...(cause && { cause }) };
}

function ofRoute(code: string): SendOutcome {
  return { kind: 'rejected', code, isOptOut: false, isOfRoute: true };
}

function unknown(code: string): SendOutcome {
  return { kind: 'unknown', code };
}

function rejected(code: string, isOptOut = false): SendOutcome {
  return { kind: 'rejected', code, isOptOut };
}
