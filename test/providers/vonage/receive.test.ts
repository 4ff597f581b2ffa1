import assert from 'node:assert/strict';
import type { ProviderRequest } from '../../../src/providers/provider.ts';
import { type Proof, receive } from '../../../src/providers/vonage/receive.ts';

const WEBHOOK_URL = 'https://sms.example.com/webhooks/vonage-main';
const NOW = Date.UTC(2026, 10, 21);
const BY_TOKEN: Proof = { kind: 'token', tokens: ['the-next-token', 'the-token'] };
const BY_SIGNATURE: Proof = { kind: 'signature', method: 'sha256', secrets: ['secret'], toleranceSeconds: 300 };
const BODY = JSON.stringify({ msisdn: '79160000567', to: '50050', messageId: '0A01', text: '9643', type: 'text' });
const MESSAGE = { providerMessageId: '0A01', from: '+79160000567', to: '50050', text: '9643' };
const NOTHING = {
  kind: 'authentic',
  received: [],
  acknowledgement: { status: 200, contentType: 'text/plain', body: '' },
};

function call(query: string, over: Partial<ProviderRequest> = {}): ProviderRequest {
  return {
    method: 'POST',
    url: WEBHOOK_URL + query,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(BODY),
    remoteAddress: '203.0.113.7',
    ...over,
  };
}

const get = (query: string) => call(query, { method: 'GET', headers: {}, body: Buffer.alloc(0) });
const judge = (request: ProviderRequest, proof: Proof = BY_TOKEN) => receive(request, 'abcd1234', proof, NOW);

function read(request: ProviderRequest) {
  const reception = judge(request);
  return reception.kind === 'authentic' ? reception.received : assert.fail(`forged: ${reception.reason}`);
}

describe('a call that the token in its URL proves', () => {
  it('is believed with either of the live tokens, and needs no signature', () => {
    for (const query of ['?token=the-token', '?token=the-next-token', '?ingress=2&token=the-token']) {
      assert.deepEqual(read(call(query)), [{ kind: 'message', message: MESSAGE }], query);
    }
  });

  it('is forged without it, with another, with an empty one, or with two', () => {
    const none = ['', '?', '?token', '?token=', '?Token=the-token', '?token[]=the-token'];
    const others = ['?token=The-token', '?token=the-token%20', '?token=the-token&token=the-token'];
    for (const query of [...none, ...others]) assert.equal(judge(call(query)).kind, 'forged', query);
  });

  it('may be a GET with the SMS beside the token', () => {
    const query = '?token=the-token&msisdn=79160000567&to=50050&messageId=0A01&text=9643&type=text';
    assert.deepEqual(read(get(query)), [{ kind: 'message', message: MESSAGE }]);
  });

  it('is forged when it is about another account', () => {
    const body = Buffer.from(BODY.replace('{', '{"api-key":"another1",'));
    assert.deepEqual(judge(call('?token=the-token', { body })), { kind: 'forged', reason: 'another account' });
  });

  it('is unreadable when it is no form and no JSON', () => {
    const [one] = read(call('?token=the-token', { headers: { 'content-type': 'text/xml' } }));
    assert.equal(one?.kind, 'unreadable');
  });
});

it('where source addresses are declared a call comes from one of them, whatever proves it besides', () => {
  const sourceAddresses = ['216.147.0.0/18'];
  const elsewhere = { kind: 'forged', reason: 'not among sourceAddresses' };
  for (const proof of [BY_TOKEN, BY_SIGNATURE]) {
    assert.deepEqual(judge(call('?token=the-token'), { ...proof, sourceAddresses }), elsewhere);
  }
  const inside = call('?token=the-token', { remoteAddress: '::ffff:216.147.3.4' });
  assert.equal(judge(inside, { ...BY_TOKEN, sourceAddresses }).kind, 'authentic');
});

it('Vonage may try whether the URL answers, and nothing is stored of that', () => {
  assert.deepEqual(judge(get(''), BY_SIGNATURE), NOTHING);
  assert.deepEqual(judge(get('?token=the-token')), NOTHING);
  assert.equal(judge(get('')).kind, 'forged');
  assert.equal(judge(get('?'), BY_SIGNATURE).kind, 'forged');
  assert.equal(judge(call(''), BY_SIGNATURE).kind, 'forged');
  assert.equal(judge({ ...get(''), body: Buffer.from('x') }, BY_SIGNATURE).kind, 'forged');
});
