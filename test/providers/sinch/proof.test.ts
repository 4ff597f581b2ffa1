import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { ProviderRequest } from '../../../src/providers/provider.ts';
import { doubtOf, type Proof } from '../../../src/providers/sinch/proof.ts';

/**
 * The example of Sinch's documents, which its SDKs are tested with too:
 * https://github.com/sinch/sinch-sdk-node packages/sdk-client/tests, "Webhook signature (Conversation API)".
 */
const SIGNED = {
  secret: 'foo_secret1234',
  body: '{"app_id":"","accepted_time":"2021-10-18T17:49:13.813615Z","project_id":"e2df3a34-a71b-4448-9db5-a8d2baad28e4","contact_create_notification":{"contact":{"id":"01FJA8B466Y0R2GNXD78MD9SM1","channel_identities":[{"channel":"SMS","identity":"48123456789","app_id":""}],"display_name":"New Test Contact","email":"new.contact@email.com","external_id":"","metadata":"","language":"EN_US"}},"message_metadata":""}',
  nonce: '01FJA8B4A7BM43YGWSG9GBV067',
  timestamp: '1634579353',
  signature: '6bpJoRmFoXVjfJIVglMoJzYXxnoxRujzR4k2GOXewOE=',
};
const AT = Number(SIGNED.timestamp) * 1_000;
const TOLERANCE_MS = 86_400_000;

describe('the proof of Sinch’s callbacks', () => {
  describe('a signature', () => {
    const proof: Proof = { kind: 'signature', secrets: [SIGNED.secret], toleranceMs: TOLERANCE_MS };
    const headers = {
      'x-sinch-webhook-signature': SIGNED.signature,
      'x-sinch-webhook-signature-nonce': SIGNED.nonce,
      'x-sinch-webhook-signature-timestamp': SIGNED.timestamp,
      'x-sinch-webhook-signature-algorithm': 'HmacSHA256',
    };
    const doubt = (changed = {}, now = AT) =>
      doubtOf(called({ headers: { ...headers, ...changed }, body: SIGNED.body }), proof, now);

    it('of Sinch’s own example is believed', () => {
      assert.equal(doubt(), undefined);
    });

    const times: readonly [about: string, laterMs: number, isBelieved: boolean][] = [
      ['repeated after 22 h 45 min, as the last repeat is', 81_920_000, true],
      ['a day and a second old', TOLERANCE_MS + 1_000, false],
      ['of a clock four minutes ahead of ours', -240_000, true],
      ['of a clock six minutes ahead of ours', -360_000, false],
    ];
    for (const [about, laterMs, isBelieved] of times) {
      it(`${about} is ${isBelieved ? 'believed' : 'not believed'}`, () => {
        assert.equal(doubt({}, AT + laterMs) === undefined, isBelieved);
      });
    }

    for (const [name, algorithm] of [
      ['HmacSHA384', 'sha384'],
      ['HmacSHA512', 'sha512'],
    ] as const) {
      it(`made with ${name} is believed under that name alone`, () => {
        const signed = `${SIGNED.body}.${SIGNED.nonce}.${SIGNED.timestamp}`;
        const changed = {
          'x-sinch-webhook-signature': createHmac(algorithm, SIGNED.secret).update(signed).digest('base64'),
          'x-sinch-webhook-signature-algorithm': name,
        };
        assert.equal(doubt(changed), undefined);
        assert.equal(doubt({ ...changed, 'x-sinch-webhook-signature-algorithm': 'HmacSHA256' }), 'wrong signature');
      });
    }

    for (const name of ['HmacSHA1', 'none', 'hmacsha256', '__proto__']) {
      it(`that says it is made with ${name} is not believed`, () => {
        assert.match(doubt({ 'x-sinch-webhook-signature-algorithm': name }) ?? '', /unknown/);
      });
    }

    it('over a time that is no number is not believed', () => {
      const timestamp = '2021-10-18T17:49:13Z';
      const signed = `${SIGNED.body}.${SIGNED.nonce}.${timestamp}`;
      const signature = createHmac('sha256', SIGNED.secret).update(signed).digest('base64');
      const changed = { 'x-sinch-webhook-signature': signature, 'x-sinch-webhook-signature-timestamp': timestamp };
      assert.equal(doubt(changed), 'signed at another time');
    });
  });

  describe('a token in the URL', () => {
    const proof: Proof = { kind: 'token', tokens: ['new-token', 'old token&'] };
    const cases: readonly [query: string, isBelieved: boolean][] = [
      ['?token=new-token', true],
      ['?token=old+token%26', true],
      ['?a=1&token=new-token&b=2', true],
      ['', false],
      ['?token=', false],
      ['?token=new-toke', false],
      ['?token=new-token1', false],
      ['?Token=new-token', false],
      ['?token=new-token&token=new-token', false],
      ['?token=wrong&token=new-token', false],
    ];
    for (const [query, isBelieved] of cases) {
      it(`${query || 'no query'} is ${isBelieved ? 'believed' : 'not believed'}`, () => {
        assert.equal(doubtOf(called({ query }), proof, AT) === undefined, isBelieved);
      });
    }
    it('is not replaced by a signature', () => {
      const headers = { 'x-sinch-webhook-signature': SIGNED.signature };
      assert.notEqual(doubtOf(called({ headers }), proof, AT), undefined);
    });
  });

  describe('Basic authentication', () => {
    const proof: Proof = { kind: 'basic', user: 'sinch', passwords: ['new:пароль', 'old'] };
    const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`;
    const cases: readonly [about: string, authorization: string | undefined, isBelieved: boolean][] = [
      ['the new password', basic('sinch:new:пароль'), true],
      ['the old password', basic('sinch:old'), true],
      ['the scheme in small letters', basic('sinch:old').replace('Basic', 'basic'), true],
      ['another password', basic('sinch:older'), false],
      ['another user', basic('sinc:old'), false],
      ['no password', basic('sinch:'), false],
      ['nothing', undefined, false],
      ['an empty header', '', false],
      ['the credentials alone', basic('sinch:old').slice('Basic '.length), false],
      ['a Bearer', basic('sinch:old').replace('Basic', 'Bearer'), false],
      ['the header twice', `${basic('sinch:old')}, ${basic('sinch:old')}`, false],
    ];
    for (const [about, authorization, isBelieved] of cases) {
      it(`${about} is ${isBelieved ? 'believed' : 'not believed'}`, () => {
        assert.equal(doubtOf(called({ headers: { authorization } }), proof, AT) === undefined, isBelieved);
      });
    }
  });
});

function called({
  query = '',
  headers = {},
  body = '{}',
}: {
  readonly query?: string;
  readonly headers?: ProviderRequest['headers'];
  readonly body?: string;
}): ProviderRequest {
  const url = `https://sms.example.com/webhooks/sinch-main${query}`;
  return { method: 'POST', url, headers, body: Buffer.from(body), remoteAddress: '127.0.0.1' };
}
