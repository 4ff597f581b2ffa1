import assert from 'node:assert/strict';
import type { Provider, Received, SendOutcome } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import type { MobileTerminated } from '../../src/sms/message.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { freshApi } from './fresh-api.ts';
import type { ApiAnswer } from './subject.ts';

const WEBHOOK_URL = 'https://sms.example.com/webhooks/kannel-main';
const TOKEN = 'a-token-that-is-long-enough';
const REPLY: MobileTerminated = {
  replyId: '42',
  from: '20880',
  to: '+254711000001' as Msisdn,
  text: 'Карта активна ✓',
};

describe('Kannel', () => {
  const { api, create: createAny } = freshApi({ status: 202, body: '0: Accepted for delivery' });
  const account = { username: 'cardwake', password: 'hidden-password', webhookToken: TOKEN };
  const create = (options: Readonly<Record<string, unknown>> = {}): Provider =>
    createAny('kannel', { ...account, ...options });
  let provider: Provider;
  beforeEach(() => {
    provider = create();
  });

  const send = (message = REPLY) => provider.send(message, new AbortController().signal);

  describe('is asked for an SMS', () => {
    const headersOf = async (message: MobileTerminated) => {
      await send(message);
      return api.seen[0]?.headers ?? {};
    };
    it('by POST, with everything but the text in headers, so that neither phone nor password is in a URL', async () => {
      await send();
      const [{ method, path, headers, body } = assert.fail()] = api.seen;
      assert.deepEqual([method, path, body], ['POST', '/cgi-bin/sendsms', REPLY.text]);
      const own = Object.entries(headers).filter(([name]) => name === 'content-type' || name.startsWith('x-kannel-'));
      assert.deepEqual(Object.fromEntries(own), {
        'content-type': 'text/plain; charset=UTF-8',
        'x-kannel-username': 'cardwake',
        'x-kannel-password': 'hidden-password',
        'x-kannel-from': '20880',
        'x-kannel-to': '+254711000001',
        'x-kannel-coding': '2',
        'x-kannel-dlr-mask': '27',
        'x-kannel-dlr-url': `${WEBHOOK_URL}?token=${TOKEN}&reply=42&status=%d&answer=%A`,
      });
    });
    it('in 7 bits when all its characters are in GSM-7', async () => {
      assert.equal((await headersOf({ ...REPLY, text: 'Card [*3456] is active €' }))['x-kannel-coding'], '0');
    });
    const validity: readonly [seconds: number, minutes: string][] = [
      [1, '1'],
      [60, '1'],
      [119, '1'],
      [7_200, '120'],
    ];
    for (const [validitySeconds, minutes] of validity) {
      it(`valid for ${minutes} min. when it may be delivered for ${validitySeconds} s`, async () => {
        assert.equal((await headersOf({ ...REPLY, validitySeconds }))['x-kannel-validity'], minutes);
      });
    }
    it('through the SMSC that is configured', async () => {
      provider = create({ smsc: 'MTN' });
      assert.equal((await headersOf(REPLY))['x-kannel-smsc'], 'MTN');
    });
  });

  describe('its answer', () => {
    const table: readonly [status: number, body: string, SendOutcome][] = [
      [202, '0: Accepted for delivery', { kind: 'accepted', providerMessageId: 'reply-42' }],
      [202, '0: Accepted for delivery: 26ecfeea-6015', { kind: 'accepted', providerMessageId: 'reply-42' }],
      [202, '3: Queued for later delivery', { kind: 'accepted', providerMessageId: 'reply-42' }],
      [202, 'Welcome', { kind: 'unknown', code: 'http-202' }],
      [403, 'Authorization failed for sendsms', { kind: 'transient', code: 'authorization', cause: 'account' }],
      [403, 'Not routable. Do not try again.', ofRoute('not-routable')],
      [400, 'Number(s) has/have been denied by white- and/or black-lists.', ofRoute('denied-by-list')],
      [400, 'Sender missing and no global set, rejected', ofRoute('no-sender')],
      [400, 'DLR-URL field misformed, rejected', rejected('misformed')],
      [400, 'Invalid content-type', { kind: 'transient', code: 'http-400' }],
      [404, 'Unknown request.', { kind: 'transient', code: 'http-404' }],
      [503, 'Temporal failure, try again later.', { kind: 'transient', code: 'http-503' }],
      [500, '', { kind: 'unknown', code: 'http-500' }],
      [502, '<html>Bad Gateway</html>', { kind: 'unknown', code: 'http-502' }],
    ];
    for (const [status, body, outcome] of table) {
      it(`${status} ${body}: ${outcome.kind}`, async () => {
        api.plan({ status, headers: { 'content-type': 'text/html' }, body });
        assert.deepEqual(await send(), outcome);
      });
    }
  });

  describe('a receipt', () => {
    const table: readonly [code: string, answer: string, status: string, errorCode?: string][] = [
      ['1', '', 'delivered'],
      ['2', 'id:1 stat:UNDELIV err:034 text:', 'undelivered', '034'],
      ['4', '', 'sent'],
      ['8', 'ACK/', 'sent'],
      ['16', 'NACK/11/Invalid Destination Address', 'failed', '11'],
      ['16', 'NACK/0x0000000b/Invalid Destination Address', 'failed', '0x0000000b'],
      ['16', 'NACK/', 'failed'],
    ];
    for (const [code, answer, status, errorCode] of table) {
      it(`${code} with "${answer}" is our ${status}${errorCode === undefined ? '' : `, because of ${errorCode}`}`, () => {
        const query = new URLSearchParams({ reply: '42', status: code, answer });
        const receipt = { replyId: '42', providerMessageId: 'reply-42', status, isOptOut: false };
        const [one] = read(get(query.toString()));
        assert.deepEqual(one, { kind: 'receipt', receipt: { ...receipt, ...(errorCode && { errorCode }) } });
      });
    }
    it('without our reply is unreadable: it is of an SMS that somebody else sent', () => {
      assert.equal(read(get('status=1&answer='))[0]?.kind, 'unreadable');
    });
  });

  describe('an SMS by post-url', () => {
    const HEADERS = { 'x-kannel-from': '+254711000001', 'x-kannel-to': '20880', 'x-kannel-coding': '0' };
    const readPost = (contentType: string | undefined, body: Buffer, headers: Readonly<Record<string, string>> = {}) =>
      read({
        ...get('id=a-1'),
        method: 'POST',
        headers: { ...HEADERS, ...headers, ...(contentType !== undefined && { 'content-type': contentType }) },
        body,
      })[0];
    const textOf = (one: Received | undefined) => (one?.kind === 'message' ? one.message.text : one?.kind);
    const kasha = 'Каша 9643 😀';

    const table: readonly [about: string, contentType: string | undefined, body: Buffer, text: string][] = [
      ['UTF-8', 'text/plain; charset="UTF-8"', Buffer.from(kasha), kasha],
      ['UTF-16', 'text/plain; charset="UTF-16BE"', Buffer.from(kasha, 'utf16le').swap16(), kasha],
      ['a charset without quotes', 'text/plain;charset=windows-1252', Buffer.from('Caf\xe9', 'latin1'), 'Café'],
      ['no charset', 'text/plain', Buffer.from(kasha), kasha],
      ['a charset that nobody knows', 'text/plain; charset="KOI-7"', Buffer.from('9643'), 'unreadable'],
      ['half a character of UTF-16', 'text/plain; charset="UTF-16BE"', Buffer.of(4, 0x1a, 4), 'unreadable'],
      ['XML', 'text/xml', Buffer.from('<message/>'), 'unreadable'],
      ['JSON', 'application/json', Buffer.from('{}'), 'unreadable'],
      ['no type', undefined, Buffer.from('9643'), 'unreadable'],
    ];
    for (const [about, contentType, body, text] of table) {
      it(`in ${about} is read as ${text}`, () => assert.equal(textOf(readPost(contentType, body)), text));
    }
    it('of 8-bit data is read when it is UTF-8', () => {
      const data = (body: Buffer) => textOf(readPost('application/octet-stream', body, { 'x-kannel-coding': '1' }));
      assert.deepEqual([data(Buffer.from(kasha)), data(Buffer.of(0xd0, 0xff))], [kasha, 'unreadable']);
    });

    const headers: readonly [about: string, udh: string, place: object | string][] = [
      ['8-bit', '%05%00%03*%02%01', { reference: 'udh8:42', total: 2, position: 1 }],
      ['16-bit', '%06%08%04%01%02%03%02', { reference: 'udh16:258', total: 3, position: 2 }],
      ['in hexadecimal', '0500032A0201', { reference: 'udh8:42', total: 2, position: 1 }],
      ['behind another element', '%09%05%02%00%01%00%03*%02%02', { reference: 'udh8:42', total: 2, position: 2 }],
      ['of a whole of one', '%05%00%03*%01%01', 'message'],
      ['of something else', '%04%05%02%00%01', 'message'],
      ['that is too short', '%05%00%03*', 'unreadable'],
    ];
    for (const [about, udh, place] of headers) {
      it(`with a user data header, ${about}`, () => {
        const one = readPost('text/plain; charset="UTF-8"', Buffer.from('9643'), { 'x-kannel-udh': udh });
        if (one?.kind !== 'part') return assert.equal(one?.kind, place);
        const { reference, total, position, text } = one.part;
        assert.deepEqual([{ reference, total, position }, text], [place, '9643']);
      });
    }
    it('keeps both halves of an emoji that was cut in two between parts', () => {
      const halves = ['\ud83d', '\ude00'].map((half, at) => {
        const udh = `%05%00%03*%02%0${at + 1}`;
        const one = readPost('text/plain; charset="UTF-16BE"', Buffer.from(half, 'utf16le').swap16(), {
          'x-kannel-udh': udh,
        });
        return one?.kind === 'part' ? one.part.text : '';
      });
      assert.equal(halves.join(''), '😀');
    });
  });

  it('hears nothing, since every word of an answer would go to the customer', () => {
    const reception = provider.receive(get('id=a-1&from=%2B254711000001&to=20880&text=9643'));
    const acknowledgement = { status: 200, contentType: 'text/plain', body: '' };
    assert.deepEqual(reception.kind === 'authentic' && reception.acknowledgement, acknowledgement);
  });

  describe('its check', () => {
    const check = async (answer: ApiAnswer) => {
      api.plan(answer);
      const result = await provider.check();
      return result.kind === 'ok' ? 'ok' : result.advice;
    };
    it('is content when only the receiver is missed, and nothing can be sent by it', async () => {
      assert.equal(await check({ status: 400, body: 'Missing receiver(s) number(s), rejected' }), 'ok');
      assert.equal(api.seen[0]?.headers['x-kannel-to'], undefined);
    });
    it('says what to compare when the user is refused', async () => {
      const advice = await check({ status: 403, body: 'Authorization failed for sendsms' });
      assert.match(advice, /sendsms-user.*user-allow-ip/);
      assert.doesNotMatch(advice, /hidden-password/);
    });
    it('says when something else answers', async () => assert.match(await check({ status: 200, body: 'hi' }), /200/));
  });

  describe('options', () => {
    const cases: readonly [about: string, options: Readonly<Record<string, unknown>>, isGood: boolean][] = [
      [
        'a gateway in the private network, by the operator’s word',
        { apiBaseUrl: 'http://kannel:13013', plainHttp: true },
        true,
      ],
      ['a gateway elsewhere without it', { apiBaseUrl: 'http://kannel:13013' }, false],
      ['a password with a space', { password: 'hidden password' }, false],
      ['a password outside ASCII', { password: 'пароль' }, false],
      ['a line break in the user', { username: 'a\r\nX-Kannel-To: 1' }, false],
      ['a short token', { webhookToken: 'short' }, false],
    ];
    for (const [about, options, isGood] of cases) {
      it(`${about} is ${isGood ? 'accepted' : 'refused'}, and nothing secret is shown`, () => {
        const account = { username: 'cardwake', password: 'hidden', webhookToken: TOKEN };
        const { error } = PROVIDERS.kannel.options.validate({ ...account, ...options });
        assert.equal(error === undefined, isGood, error?.message);
        assert.doesNotMatch(String(error), /hidden|пароль|short/);
      });
    }
  });

  function get(query: string) {
    const url = `${WEBHOOK_URL}?token=${TOKEN}&${query}`;
    return { method: 'GET', url, headers: {}, body: Buffer.of(), remoteAddress: '127.0.0.1' };
  }

  function read(request: Parameters<Provider['receive']>[0]): readonly Received[] {
    const reception = provider.receive(request);
    return reception.kind === 'authentic' ? reception.received : assert.fail(reception.reason);
  }
});

function rejected(code: string): SendOutcome {
  return { kind: 'rejected', code, isOptOut: false };
}

function ofRoute(code: string): SendOutcome {
  return { kind: 'rejected', code, isOptOut: false, isOfRoute: true };
}
