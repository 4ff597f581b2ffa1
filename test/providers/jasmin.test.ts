import assert from 'node:assert/strict';
import type { Provider, SendOutcome, TransientCause } from '../../src/providers/provider.ts';
import type { MobileTerminated } from '../../src/sms/message.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { freshApi } from './fresh-api.ts';
import type { ApiAnswer } from './subject.ts';

const WEBHOOK_URL = 'https://sms.example.com/webhooks/jasmin-main';
const TOKEN = 'a-token-that-is-long-enough';
const ID = '07033084-5cfd-4812-90a4-e4d24ffb6e3d';
const REPLY: MobileTerminated = { replyId: '42', from: '2420', to: '+79160000567' as Msisdn, text: 'Карта 😀' };

describe('Jasmin', () => {
  const { api, create: createAny } = freshApi({ status: 200, body: `Success "${ID}"` });
  const account = { username: 'cardwake', password: 'hidden-password', webhookToken: TOKEN };
  const create = (options: Readonly<Record<string, unknown>> = {}): Provider =>
    createAny('jasmin', { ...account, ...options });
  let provider: Provider;
  beforeEach(() => {
    provider = create();
  });

  const send = (message = REPLY) => provider.send(message, new AbortController().signal);

  describe('is asked for an SMS', () => {
    const formOf = async (message: MobileTerminated) => {
      await send(message);
      return Object.fromEntries(new URLSearchParams(api.seen[0]?.body));
    };
    const common = {
      username: 'cardwake',
      password: 'hidden-password',
      from: '2420',
      to: '+79160000567',
      dlr: 'yes',
      'dlr-url': `${WEBHOOK_URL}?token=${TOKEN}&reply=42`,
      'dlr-level': '3',
      'dlr-method': 'POST',
    };
    it('by a form, in UCS-2 as hexadecimal octets', async () => {
      const form = await formOf(REPLY);
      assert.deepEqual(form, { ...common, coding: '8', 'hex-content': '041a04300440044204300020d83dde00' });
      assert.deepEqual([api.seen[0]?.method, api.seen[0]?.path], ['POST', '/send']);
    });
    it('as text when all its characters are in GSM-7: Jasmin encodes those itself', async () => {
      const text = 'Card [*3456] is active €';
      assert.deepEqual(await formOf({ ...REPLY, text }), { ...common, coding: '0', content: text });
    });
    it('valid for whole minutes, at least one', async () => {
      assert.equal((await formOf({ ...REPLY, validitySeconds: 7_259 }))['validity-period'], '120');
    });
  });

  describe('its answer', () => {
    const table: readonly [status: number, body: string, SendOutcome][] = [
      [200, `Success "${ID}"`, { kind: 'accepted', providerMessageId: ID }],
      [200, 'Success ""', { kind: 'unknown', code: 'http-200' }],
      [400, 'Error "Mandatory argument [to] is not found."', rejected('argument')],
      [400, 'Error "Argument [to] has an invalid value: [x]."', rejected('argument')],
      [400, 'Error "Argument [x] is unknown."', rejected('argument')],
      [400, 'Error "Value filter failed for user [a] (destination_address filter mismatch)."', ofRoute('value-filter')],
      [
        400,
        'Error "Authorization failed for user [a] (Cannot send MT messages)."',
        transient('authorization', 'account'),
      ],
      [400, 'Error "Failed running interception script, check log for details"', rejected('interceptor')],
      [402, 'Error "Interception specific error code 402"', rejected('interceptor')],
      [403, 'Error "Authentication failure for username:cardwake"', transient('authentication', 'account')],
      [403, 'Error "Cannot charge submit_sm, check RouterPB log file for details"', transient('charging', 'account')],
      [403, 'Error "User throughput exceeded"', { kind: 'throttled', retryAfterMs: 1_000 }],
      [403, '<html>Forbidden</html>', transient('http-403')],
      [412, 'Error "No route found"', ofRoute('no-route')],
      [412, 'Error "Failover route has no bound connectors"', transient('no-bound-connector')],
      [500, 'Error "Cannot send submit_sm, check SMPPClientManagerPB log file for details"', transient('no-connector')],
      [500, 'Error "Unknown error: list index out of range"', { kind: 'unknown', code: 'http-500' }],
      [503, 'Error "InterceptorPB not connected !"', transient('interceptor')],
      [503, '', transient('http-503')],
      [504, '', { kind: 'unknown', code: 'http-504' }],
    ];
    for (const [status, body, outcome] of table) {
      it(`${status} ${body}: ${outcome.kind}`, async () => {
        api.plan({ status, body });
        assert.deepEqual(await send(), outcome);
      });
    }
  });

  describe('an SMS', () => {
    const textOf = (fields: string, one = provider) => {
      const [told] = read(`id=${ID}&from=79160000567&to=2420&${fields}`, '', one);
      return told?.kind === 'message' ? told.message.text : told?.kind;
    };
    const cases: readonly [about: string, fields: string, text: string][] = [
      ['GSM-7 by default', 'content=%00%1b%65&binary=001b65&coding=%00', '@€'],
      ['without a coding', 'content=9643&binary=39363433', '9643'],
      ['UCS-2, the coding an octet', 'binary=041ad83dde00&coding=%08', 'К😀'],
      ['UCS-2, the coding a number', 'binary=041ad83dde00&coding=8', 'К😀'],
      ['Latin-1', 'binary=436166e9&coding=%03', 'Café'],
      ['a message class, the coding an octet above ASCII', 'binary=39&coding=%F1', '9'],
      ['octets that are UTF-8', 'binary=d09a&coding=4', 'К'],
      ['octets that are none', 'binary=d0&coding=4', 'unreadable'],
      ['a coding that is not read', 'binary=39&coding=13', 'unreadable'],
      ['a coding beyond an octet', 'binary=39&coding=256', 'unreadable'],
      ['no content', 'coding=0', 'unreadable'],
      ['content of an old version, without binary', 'content=%04%1a&coding=8', 'К'],
      ['broken hexadecimal', 'binary=0&content=9', 'unreadable'],
      ['an empty text', 'binary=&content=', ''],
    ];
    for (const [about, fields, text] of cases) {
      it(`of ${about} is read as "${text}"`, () => assert.equal(textOf(fields), text));
    }
    it('of coding 0 is read in the alphabet that the SMSC is configured with', async () => {
      const latin = create({ defaultAlphabet: 'latin1' });
      assert.equal(textOf('binary=40e9&coding=%00', latin), '@é');
      await latin.close();
    });
  });

  describe('a receipt', () => {
    const table: readonly [fields: string, status: string, errorCode?: string][] = [
      ['level=1&message_status=ESME_ROK', 'sent'],
      ['level=1&message_status=CommandStatus.ESME_ROK', 'sent'],
      ['level=1&message_status=ESME_RTHROTTLED', 'failed', 'ESME_RTHROTTLED'],
      ['level=2&message_status=DELIVRD&err=000', 'delivered'],
      ['level=2&message_status=ENROUTE&err=ND', 'sent'],
      ['level=2&message_status=ACCEPTD&err=ND', 'accepted'],
      ['level=2&message_status=UNKNOWN&err=ND', 'sent'],
      ['level=2&message_status=UNDELIV&err=034', 'undelivered', '034'],
      ['level=2&message_status=EXPIRED&err=ND', 'undelivered'],
      ['level=2&message_status=DELETED', 'undelivered'],
      ['level=2&message_status=REJECTD&err=1', 'failed', '1'],
    ];
    for (const [fields, status, errorCode] of table) {
      it(`${fields} is our ${status}`, () => {
        const receipt = { replyId: '42', providerMessageId: ID, status, isOptOut: false };
        assert.deepEqual(read(`id=${ID}&${fields}`, '&reply=42'), [
          { kind: 'receipt', receipt: { ...receipt, ...(errorCode && { errorCode }) } },
        ]);
      });
    }
    it('without our reply is found by Jasmin’s id', () => {
      const receipt = { providerMessageId: ID, status: 'delivered', isOptOut: false };
      assert.deepEqual(read(`id=${ID}&level=2&message_status=DELIVRD`), [{ kind: 'receipt', receipt }]);
    });
  });

  it('hears ACK/Jasmin, and nothing else would do', () => {
    const reception = provider.receive(post(`id=${ID}&from=79160000567&to=2420&binary=39`, ''));
    const acknowledgement = { status: 200, contentType: 'text/plain', body: 'ACK/Jasmin' };
    assert.deepEqual(reception.kind === 'authentic' && reception.acknowledgement, acknowledgement);
  });

  describe('its check', () => {
    const check = async (answer: ApiAnswer) => {
      api.plan(answer);
      const result = await provider.check();
      return result.kind === 'ok' ? 'ok' : result.advice;
    };
    it('is content with a balance, whatever it is', async () => {
      assert.equal(await check({ status: 200, body: '{"balance": "ND", "sms_count": "ND"}' }), 'ok');
    });
    it('is content when the user is known but may not see the balance', async () => {
      const body = '"Authorization failed for user [cardwake] (Cannot check balance)."';
      assert.equal(await check({ status: 400, body }), 'ok');
    });
    it('says what to compare when the user is refused', async () => {
      const advice = await check({ status: 403, body: '"Authentication failure for username:cardwake"' });
      assert.match(advice, /jcli/);
      assert.doesNotMatch(advice, /hidden-password/);
    });
    it('says when something else answers', async () => assert.match(await check({ status: 200, body: 'hi' }), /200/));
  });

  function post(form: string, query: string) {
    const url = `${WEBHOOK_URL}?token=${TOKEN}${query}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url, headers, body: Buffer.from(form), remoteAddress: '127.0.0.1' };
  }

  function read(form: string, query = '', one = provider) {
    const reception = one.receive(post(form, query));
    return reception.kind === 'authentic' ? reception.received : assert.fail(reception.reason);
  }
});

function transient(code: string, cause?: TransientCause): SendOutcome {
  return { kind: 'transient', code, ...(cause && { cause }) };
}

function ofRoute(code: string): SendOutcome {
  return { kind: 'rejected', code, isOptOut: false, isOfRoute: true };
}

function rejected(code: string): SendOutcome {
  return { kind: 'rejected', code, isOptOut: false };
}
