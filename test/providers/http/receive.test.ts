import assert from 'node:assert/strict';
import type { Provider, ProviderRequest, Received } from '../../../src/providers/provider.ts';
import { PROVIDERS } from '../../../src/providers/registry.ts';
import { channelOf } from '../call.ts';

const TOKEN = 'token-of-the-fixtures';
const SEND = {
  apiBaseUrl: 'http://127.0.0.1:1',
  send: { path: '/', id: 'id', outcomes: [{ status: 200, outcome: 'accepted' }] },
};
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const XML = { 'content-type': 'text/xml; charset=utf-8' };

const opened: Provider[] = [];

function declared(declaration: object): Provider {
  const { value, error } = PROVIDERS.http.options.validate({ ...SEND, ...declaration });
  assert.equal(error, undefined);
  const provider = PROVIDERS.http.create(channelOf('http'), value, { now: () => Date.UTC(2026, 10, 21) });
  opened.push(provider);
  return provider;
}

interface Call {
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly method?: string;
  readonly remoteAddress?: string;
}

function callOf({ query = '', headers = {}, body, method, remoteAddress = '203.0.113.7' }: Call): ProviderRequest {
  const url = `${channelOf('http').webhookUrl}${query}`;
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    url,
    headers,
    body: Buffer.from(body ?? ''),
    remoteAddress,
  };
}

function told(provider: Provider, call: Call): readonly Received[] {
  const reception = provider.receive(callOf(call));
  return reception.kind === 'authentic' ? reception.received : assert.fail(reception.reason);
}

function kindOf(provider: Provider, call: Call): string {
  const reception = provider.receive(callOf(call));
  return reception.kind === 'forged' ? reception.reason : 'authentic';
}

after(() => Promise.all(opened.map((provider) => provider.close())));

describe('a declared provider that posts forms in windows-1251, with a token in a header', () => {
  const provider = declared({
    webhookToken: [TOKEN, 'another-token-of-the-fixtures'],
    webhookTokenAt: 'header:Authorization',
    messages: {
      content: 'form',
      charset: 'windows-1251',
      when: { type: 'mo*' },
      id: 'sms.id',
      from: 'from',
      to: 'to',
      text: 'text',
      reference: 'ref',
      part: 'part',
      total: 'total',
      optOut: { at: 'auto', STOP: ['stop', 'unsub'] },
      answer: { status: 202, contentType: 'text/plain', body: 'ACK' },
    },
    receipts: {
      content: 'form',
      when: { type: 'dlr' },
      replyId: 'ref',
      status: 'state',
      statuses: { delivered: 'OK', failed: 'NO*' },
      errorCode: 'state',
      optOutCodes: 'NO-STOP',
      answer: { body: 'DLR-ACK' },
    },
  });
  const headers = { ...FORM, authorization: `Bearer ${TOKEN}` };
  // "Карта" in windows-1251.
  const sms = 'type=mo&sms.id=17&from=79160000567&to=5100&text=%CA%E0%F0%F2%E0';

  it('is read in its charset, with fields whose names have dots', () => {
    const message = { providerMessageId: '17', from: '+79160000567', to: '5100', text: 'Карта' };
    assert.deepEqual(told(provider, { headers, body: sms }), [{ kind: 'message', message }]);
    assert.deepEqual(told(provider, { headers, body: `${sms}&auto=unsub` }), [
      { kind: 'message', message: { ...message, optOut: 'STOP' } },
    ]);
  });

  it('is read as a part when its place says so, as a whole when there is one part, and not when the place is none', () => {
    const kinds = [
      'ref=9&part=2&total=3',
      'ref=9&part=1&total=1',
      '',
      'ref=9&part=4&total=3',
      'ref=&part=1&total=2',
      'ref=9&part=1&total=999',
    ];
    assert.deepEqual(
      kinds.map((place) => told(provider, { headers, body: `${sms}&${place}` })[0]?.kind),
      ['part', 'message', 'message', 'unreadable', 'unreadable', 'unreadable'],
    );
  });

  it('tells receipts by our own id alone', () => {
    const receipt = {
      replyId: '42',
      providerMessageId: 'reply-42',
      status: 'failed',
      errorCode: 'NO-STOP',
      isOptOut: true,
    };
    assert.deepEqual(told(provider, { headers, body: 'type=dlr&ref=42&state=NO-STOP' }), [
      { kind: 'receipt', receipt },
    ]);
    const reasons = ['ref=x&state=OK', 'ref=42', 'ref=42&state=odd', 'ref=42&ref=43&state=OK'].map((fields) => {
      const [one] = told(provider, { headers, body: `type=dlr&${fields}` });
      return one?.kind === 'unreadable' && one.reason;
    });
    assert.deepEqual(reasons, [
      'a receipt without an id',
      'a receipt without a status',
      'unknown status',
      'a receipt without an id',
    ]);
  });

  it('is answered as each kind wants', () => {
    const answers = [sms, 'type=dlr&ref=42&state=OK'].map((body) => {
      const reception = provider.receive(callOf({ headers, body }));
      return reception.kind === 'authentic' && reception.acknowledgement;
    });
    assert.deepEqual(answers, [
      { status: 202, contentType: 'text/plain', body: 'ACK' },
      { status: 200, contentType: 'text/plain; charset=utf-8', body: 'DLR-ACK' },
    ]);
  });

  it('is forged without the token, with another, with two, and by another method', () => {
    const withToken = (authorization?: string) => ({
      headers: { ...FORM, ...(authorization && { authorization }) },
      body: sms,
    });
    assert.equal(kindOf(provider, withToken('another-token-of-the-fixtures')), 'authentic');
    for (const token of [undefined, 'Bearer ', `Bearer ${TOKEN}x`, `${TOKEN}, ${TOKEN}`, TOKEN.slice(1)]) {
      assert.equal(kindOf(provider, withToken(token)), 'no token, or a wrong one', token);
    }
    assert.equal(kindOf(provider, { method: 'GET', headers }), 'not a POST');
    assert.deepEqual(provider.methods, ['POST']);
  });
});

describe('a declared provider that posts XML, with Basic authentication', () => {
  const provider = declared({
    webhookUser: 'club',
    webhookPassword: 'password-of-the-fixtures',
    messages: { content: 'xml', batch: 'batch.sms', id: '@id', from: '@from', to: 'to', text: 'text.#text' },
    receipts: {
      content: 'xml',
      batch: 'batch.dlr',
      id: '@id',
      replyId: 'query:reply',
      status: '.',
      statuses: { delivered: 'DELIVRD', undelivered: ['EXPIRED', 'UNDELIV'] },
      when: { '@id': true },
    },
  });
  const headers = { ...XML, authorization: `Basic ${Buffer.from('club:password-of-the-fixtures').toString('base64')}` };
  const smsOf = (id: number, text: string) =>
    `<sms id="${id}" from="79160000567"><to>5100</to><text lang="ru">${text}</text></sms>`;

  it('tells one SMS, or several, or one receipt', () => {
    const textsOf = (body: string) =>
      told(provider, { headers, body }).map((one) => (one.kind === 'message' ? one.message.text : one.kind));
    assert.deepEqual(textsOf(`<batch>${smsOf(1, 'Карта &lt;9643&gt;')}</batch>`), ['Карта <9643>']);
    assert.deepEqual(textsOf(`<batch>${smsOf(1, 'a')}<sms id="2"/>${smsOf(3, 'c')}</batch>`), ['a', 'unreadable', 'c']);
    const receipt = { replyId: '42', providerMessageId: '7', status: 'delivered', isOptOut: false };
    assert.deepEqual(
      told(provider, { headers, query: '?reply=42', body: '<batch><dlr id="7">DELIVRD</dlr></batch>' }),
      [{ kind: 'receipt', receipt }],
    );
  });

  it('reads nothing from a DTD, and is forged without the password', () => {
    const laughs = '<!DOCTYPE a [<!ENTITY x "9643">]><batch><sms id="1" from="&x;"/></batch>';
    const [one] = told(provider, { headers, body: laughs });
    assert.equal(one?.kind === 'unreadable' && one.reason, 'not the declared content, or nothing in it');
    assert.equal(kindOf(provider, { headers: XML, body: laughs }), 'wrong Authorization');
  });
});

describe('a declared provider that calls by GET, without ids, with texts in hexadecimal UCS-2', () => {
  const provider = declared({
    webhookToken: TOKEN,
    webhookTokenAt: 'query:key',
    sourceAddresses: ['203.0.113.0/24'],
    messages: {
      content: 'query',
      id: ['sender', 'time'],
      from: 'sender',
      to: 'header:x-line',
      text: 'msg',
      textCoding: 'ucs2Hex',
      numbersLackPlus: false,
    },
  });
  const headers = { 'x-line': '5100' };
  const query = `?key=${TOKEN}&sender=09121234567&time=20261121100000&msg=06A90627063106A`;

  it('is read, with an id made of its places that shows no phone', () => {
    const [one] = told(provider, { headers, query: `${query}A` });
    const message = one?.kind === 'message' ? one.message : assert.fail(one?.kind);
    assert.deepEqual([message.from, message.to, message.text], ['09121234567', '5100', 'کارڪ']);
    assert.match(message.providerMessageId, /^sha256:[\da-f]{64}$/);
    const [again, later] = [query, query.replace('100000', '100001')].map(
      (one) => told(provider, { headers, query: `${one}A` })[0],
    );
    assert.deepEqual(again, one);
    assert.notEqual(later?.kind === 'message' && later.message.providerMessageId, message.providerMessageId);
  });

  it('is unreadable when the text is not written so', () => {
    const [one] = told(provider, { headers, query });
    assert.equal(one?.kind === 'unreadable' && one.reason, 'a text that is not written as ucs2Hex');
  });

  it('needs all of its proofs at once', () => {
    const elsewhere = { headers, query: `${query}A`, remoteAddress: '198.51.100.1' };
    assert.equal(kindOf(provider, elsewhere), 'an address that is not among sourceAddresses');
    assert.equal(kindOf(provider, { headers, query: `${query}A`.replace('key', 'token') }), 'no token, or a wrong one');
    assert.equal(kindOf(provider, { headers, query: `${query}A&key=${TOKEN}` }), 'no token, or a wrong one');
  });
});

describe('a declared provider whose batch is the whole content, and that names an odd Content-Type', () => {
  const provider = declared({
    sourceAddresses: '203.0.113.7',
    messages: {
      content: 'json',
      contentType: 'text/plain',
      batch: '.',
      id: 'id',
      from: 'a',
      to: 'b',
      text: 'c',
      when: { c: true },
    },
    receipts: {
      content: 'json',
      contentType: 'text/plain',
      batch: '.',
      id: 'id',
      status: 's',
      statuses: { read: '*' },
      when: { s: true },
    },
  });

  it('tells messages and receipts in one call', () => {
    const body = JSON.stringify([{ id: 1, a: 79160000567, b: 5100, c: true }, { id: 2, s: 0 }, { id: 3 }, 4]);
    const kinds = told(provider, { headers: { 'content-type': 'Text/Plain; charset=utf-8' }, body }).map(
      ({ kind }) => kind,
    );
    assert.deepEqual(kinds, ['message', 'receipt', 'unreadable', 'unreadable']);
  });

  it('believes its addresses and no others', () => {
    const body = '[{"id":1,"s":"x"}]';
    const headers = { 'content-type': 'application/json' };
    assert.equal(kindOf(provider, { headers, body }), 'authentic');
    assert.equal(
      kindOf(provider, { headers, body, remoteAddress: '' }),
      'an address that is not among sourceAddresses',
    );
    assert.equal(kindOf(provider, { headers, body, remoteAddress: '::ffff:203.0.113.7' }), 'authentic');
  });
});
