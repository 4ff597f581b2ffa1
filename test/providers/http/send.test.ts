import assert from 'node:assert/strict';
import fc from 'fast-check';
import { valueAt } from '../../../src/providers/http/place.ts';
import { type DeclaredRequest, requestOf } from '../../../src/providers/http/request.ts';
import { callbackUrlOf, type Values, valuesOf } from '../../../src/providers/http/values.ts';
import { parseXml, withoutUnsayable } from '../../../src/providers/http/xml.ts';
import { PROVIDERS } from '../../../src/providers/registry.ts';
import type { Msisdn } from '../../../src/sms/msisdn.ts';
import { type ApiPlan, type FakeApi, startFakeApi } from '../../support/fake-api.ts';
import { channelOf } from '../call.ts';

const SMS = { replyId: '42', from: '+79160000500', to: '+989121234567' as Msisdn, text: 'Карта ✓' };
const CALLBACK = 'https://sms.example.com/webhooks/http-main?token=a%2Bb&reply=42';

function valuesWith(more: Partial<Values> = {}): Values {
  return { ...valuesOf(SMS, CALLBACK), ...more };
}

describe('a declared request', () => {
  it('has each value encoded for its place', () => {
    const declared: DeclaredRequest = {
      method: 'POST',
      path: '/v1/{{ to }}/sms',
      query: { cb: '{{ callbackUrl }}', 'a b': '1&2' },
      headers: { 'X-Text': '{{ text | base64 }}', 'x-n': '{{ to | national }}' },
      form: {
        m: '[{{ text }}]',
        hex: '{{ text | ucs2Hex }}',
        url: '{{ text | urlEncoded }}',
        n: '{{ to | withoutPlus }}',
      },
    };
    const { path, headers, body } = requestOf(declared, valuesWith());
    assert.equal(path, `/v1/%2B989121234567/sms?cb=${encodeURIComponent(CALLBACK)}&a%20b=1%262`);
    assert.deepEqual(headers, {
      'content-type': 'application/x-www-form-urlencoded',
      'x-text': Buffer.from(SMS.text).toString('base64'),
      'x-n': '09121234567',
    });
    assert.deepEqual(Object.fromEntries(new URLSearchParams(body)), {
      m: '[Карта ✓]',
      hex: '041A043004400442043000202713',
      url: encodeURIComponent(SMS.text),
      n: '989121234567',
    });
  });

  it('has numbers in JSON where they are asked for, and the tree as it is declared', () => {
    const json = {
      to: ['{{ to | number }}'],
      n: 1,
      b: false,
      x: null,
      list: [['{{ replyId | number }}', 'a'], []],
      t: '{{ from | number }}-{{ replyId }}',
    };
    const { headers, body = '' } = requestOf({ method: 'POST', path: '/', json }, valuesWith());
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(body), {
      to: [989121234567],
      n: 1,
      b: false,
      x: null,
      list: [[42, 'a'], []],
      t: '79160000500-42',
    });
    const long = requestOf(
      { method: 'POST', path: '/', json: ['{{ replyId | number }}'] },
      valuesWith({ replyId: '9007199254740993' }),
    );
    assert.equal(long.body, '["9007199254740993"]');
  });

  it('leaves out what needs a validity when the SMS has none, and rounds minutes down', () => {
    const declared: DeclaredRequest = {
      method: 'POST',
      path: '/',
      query: { ttl: '{{ validitySeconds }}' },
      headers: { 'x-ttl': '{{ validityMinutes }}' },
      json: { ttl: '{{ validityMinutes | number }}', list: ['{{ validitySeconds }}'], text: '{{ text }}' },
    };
    assert.equal(requestOf(declared, valuesWith()).body, '{"list":[],"text":"Карта ✓"}');
    const timed = valuesOf({ ...SMS, validitySeconds: 179 }, CALLBACK);
    const { path, headers, body } = requestOf(declared, timed);
    assert.deepEqual([path, headers['x-ttl'], body], ['/?ttl=179', '2', '{"ttl":2,"list":["179"],"text":"Карта ✓"}']);
    assert.equal(valuesOf({ ...SMS, validitySeconds: 5 }, CALLBACK).validityMinutes, '1');
  });

  it('leads receipts back, with the token only where it stands in the URL', () => {
    const tokens = ['first token&', 'second'] as const;
    const at = (webhookTokenAt: string) => callbackUrlOf('https://x/y', '42', { webhookToken: tokens, webhookTokenAt });
    assert.equal(at('query:key'), 'https://x/y?key=first+token%26&reply=42');
    assert.equal(at('header:authorization'), 'https://x/y?reply=42');
    assert.equal(callbackUrlOf('https://x/y', '42', { webhookTokenAt: 'query:token' }), 'https://x/y?reply=42');
  });

  it('cannot be given a parameter, a field, an element or a header by any text', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.constantFrom(
        'x&to=+1',
        '"},"to":"+1',
        '</text><to>+1</to>',
        ']]><to>',
        'a\r\nx-evil: 1',
        '{{ to }}',
        '\ud800',
        '\0',
        '%26to=1',
        '&lt;',
      ),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const values = valuesWith({ text });
        const whole = text.toWellFormed();
        const of = (declared: Partial<DeclaredRequest>) =>
          requestOf({ method: 'POST', path: '/', ...declared }, values);
        const form = of({ form: { text: '{{ text }}', to: 'me' } }).body;
        assert.deepEqual(
          [...new URLSearchParams(form)],
          [
            ['text', whole],
            ['to', 'me'],
          ],
        );
        const { path } = of({ query: { text: '{{ text }}', to: 'me' } });
        assert.deepEqual(
          [...new URL(path, 'http://x').searchParams],
          [
            ['text', whole],
            ['to', 'me'],
          ],
        );
        assert.deepEqual(JSON.parse(of({ json: { text: '{{ text }}', to: 'me' } }).body ?? ''), {
          text: whole,
          to: 'me',
        });
        const xml = parseXml(of({ xml: { sms: { '@text': '{{ text }}', text: '{{ text }}', to: 'me' } } }).body ?? '');
        // A parser makes one line break of any.
        const said = withoutUnsayable(whole).replace(/\r\n?/g, '\n');
        assert.deepEqual(valueAt(xml, 'sms'), { '@text': said, text: said, to: 'me' });
        const { headers } = of({
          headers: { a: '{{ text | base64 }}', b: '{{ text | urlEncoded }}', c: '{{ text | ucs2Hex }}' },
        });
        for (const value of Object.values(headers)) assert.match(value, /^[\x21-\x7e]*$/);
        assert.match(of({ path: '/sms/{{ text }}' }).path, /^\/sms\/[\w.~%-]*$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what the answer of a declared API means', () => {
  let api: FakeApi;
  before(async () => {
    api = await startFakeApi();
  });
  after(() => api.close());

  const outcomeWith = async (send: object, answer: ApiPlan) => {
    const declaration = {
      sourceAddresses: '203.0.113.7',
      messages: { content: 'json', id: 'id', from: 'from', to: 'to', text: 'text' },
      apiBaseUrl: api.origin,
      send: { path: '/send', json: { text: '{{ text }}' }, ...send },
    };
    const { value, error } = PROVIDERS.http.options.validate(declaration);
    assert.equal(error, undefined);
    const provider = PROVIDERS.http.create(channelOf('http'), value, { now: Date.now });
    api.plan(answer);
    const outcome = await provider.send(SMS, new AbortController().signal);
    await provider.close();
    return outcome;
  };

  const RULES = [
    { status: 200, when: { 'words.0': 'OK' }, outcome: 'accepted' },
    { when: { text: ['*too fast*', 'SLOW'] }, outcome: 'throttled', retryAfterSeconds: 7 },
    { status: ['4xx', 503], when: { 'words.1': true, 'words.2': false }, outcome: 'transient' },
    { status: '4xx', when: { 'words.2': 'STOP' }, outcome: 'optedOut' },
    { status: 422, outcome: 'unknown' },
    { status: 410, outcome: 'noRoute' },
    { status: 411, outcome: 'recipientLater' },
    { status: 412, outcome: 'accountTrouble' },
    { status: '4xx', outcome: 'rejected' },
  ];
  const TEXTS: readonly (readonly [status: number, body: string, outcome: object])[] = [
    [200, 'OK - 1 SMS, ID - 1234', { kind: 'accepted', providerMessageId: '1234' }],
    [200, 'OK', { kind: 'unknown', code: 'http-200' }],
    [201, 'OK - 1 SMS, ID - 1234', { kind: 'unknown', code: '-' }],
    [500, 'you are too fast!', { kind: 'throttled', retryAfterMs: 7_000 }],
    [200, 'SLOW', { kind: 'throttled', retryAfterMs: 7_000 }],
    [403, 'error E42', { kind: 'transient', code: 'E42' }],
    [503, 'error E42', { kind: 'transient', code: 'E42' }],
    [403, 'error E42 STOP', { kind: 'rejected', code: 'E42', isOptOut: true }],
    [422, 'error E42 x', { kind: 'unknown', code: 'E42' }],
    [404, 'no such: +79160000567 phone', { kind: 'rejected', code: 'such', isOptOut: false }],
    [404, 'number 79160000567 unknown', { kind: 'rejected', code: 'http-404', isOptOut: false }],
    [410, '', { kind: 'rejected', code: 'http-410', isOptOut: false, isOfRoute: true }],
    [411, '', { kind: 'transient', code: 'http-411', cause: 'recipient' }],
    [412, '', { kind: 'transient', code: 'http-412', cause: 'account' }],
    [404, '', { kind: 'rejected', code: 'http-404', isOptOut: false }],
    [302, 'elsewhere', { kind: 'unknown', code: 'http-302' }],
  ];
  for (const [status, body, outcome] of TEXTS) {
    it(`${status} "${body}" in words`, async () => {
      const send = { answer: 'text', id: 'words.6', errorCode: 'words.1', outcomes: RULES };
      assert.deepEqual(await outcomeWith(send, { status, body }), outcome);
    });
  }

  it('is found in XML, in headers, and without an id in our own', async () => {
    const outcomes = [{ status: '2xx', outcome: 'accepted' }];
    const xml = { status: 200, body: '<r><sms id="17"><ok/></sms></r>', headers: { location: '18' } };
    const idOf = async (id?: string) => {
      const outcome = await outcomeWith({ answer: 'xml', outcomes, ...(id !== undefined && { id }) }, xml);
      return outcome.kind === 'accepted' ? outcome.providerMessageId : outcome.kind;
    };
    assert.deepEqual(await Promise.all([idOf('r.sms.@id'), idOf('header:Location'), idOf(), idOf('r.sms.ok')]), [
      '17',
      '18',
      'reply-42',
      'unknown',
    ]);
  });

  it('is not read in an answer that was cut, nor from what it then lacks: only its status counts', async () => {
    const outcomes = [{ status: 200, when: { a: false }, outcome: 'transient' }];
    assert.equal((await outcomeWith({ outcomes, id: 'a' }, 'cut answer')).kind, 'unknown');
    assert.equal((await outcomeWith({ outcomes, id: 'a' }, { status: 200, body: 'no JSON' })).kind, 'unknown');
    assert.equal((await outcomeWith({ outcomes, id: 'a' }, { status: 200, body: '{}' })).kind, 'transient');
    const believed = [{ status: 200, outcome: 'accepted' }];
    assert.equal((await outcomeWith({ outcomes: believed, id: 'a' }, 'cut answer')).kind, 'unknown');
  });

  it('waits as long as Retry-After says', async () => {
    const outcomes = [{ status: 429, outcome: 'throttled' }];
    const outcome = await outcomeWith({ outcomes }, { status: 429, body: '', headers: { 'retry-after': '90' } });
    assert.deepEqual(outcome, { kind: 'throttled', retryAfterMs: 90_000 });
  });
});
