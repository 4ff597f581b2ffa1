import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { doubtOf, type Signers } from '../../../src/providers/plivo/signature.ts';
import type { ProviderRequest } from '../../../src/providers/provider.ts';
import { signedByPlivo } from '../subjects/plivo.ts';

const TOKEN = 'my_auth_token';
const WEBHOOK = 'https://sms.example.com/webhooks/plivo-main';
const V3_ONLY: Signers = { authToken: [TOKEN], acceptV2: false };
const WITH_V2: Signers = { authToken: [TOKEN], acceptV2: true };

describe('Plivo’s signatures', () => {
  describe('V3: each was accepted by `validateV3Signature` of plivo 4.79.0 for Node, with the nonce 12345', () => {
    const vectors: readonly [about: string, method: string, url: string, form: string, signature: string][] = [
      [
        'a form',
        'POST',
        '',
        'From=%2B79160000567&To=79160000500&Text=Hello+a%26b%3Dc',
        'p72iCcvU26Bdzla6wJ8tRvosqkitXxJ6sTQe+QHW0zI=',
      ],
      [
        'Cyrillic and an emoji',
        'POST',
        '',
        'From=%2B79160000567&To=79160000500&Text=%D0%9A%D0%B0%D1%80%D1%82%D0%B0+%F0%9F%8E%81',
        '4jngyWfTc+OS/N6Yqp9FvepplERhwW5yUHOxeLenixI=',
      ],
      [
        'a query and a form',
        'POST',
        '?reply=42',
        'Status=sent&MessageUUID=u',
        'nm6gXrRfkaE8aEeFSUqO4+K0F9Imi6PIOhZbZYsKQ0I=',
      ],
      [
        'repeated names, out of order',
        'POST',
        '?reply=42&b=%D0%B9+x&a=1&b=0',
        'Tag=b&Tag=a',
        '9ZPz1WQMuzycKH1MU1i4NpXDdUao36eygqruXXSdoEI=',
      ],
      ['a GET', 'GET', '?To=1&From=%2B7&Text=K+x', '', 'hxp7+5ESwoYtHz5cHYOjrB6UbdQHyxHi2BM5vSAdMuM='],
      ['a GET in Cyrillic', 'GET', '?To=1&Text=%D0%9A+x', '', 'WX5Btbs8Kz1tdiU1H3+MS40J38BFLr1O+IURrY52gmQ='],
      ['a query alone', 'POST', '?x=1', '', 'Ac5Ss5RB0ecsv1ZuOjc1R7yBPx5C1lVf1uPnzUawVDM='],
      ['nothing but the URL', 'POST', '', '', '/wm1swOvusIPW308AnL+A9+5t6b0ug2BTwI2XUjBu0Q='],
    ];
    for (const [about, method, query, form, signature] of vectors) {
      it(about, () => {
        const request = { ...call(`${WEBHOOK}${query}`, form), method };
        const headers = { 'x-plivo-signature-v3': signature, 'x-plivo-signature-v3-nonce': '12345' };
        assert.equal(doubtOf({ ...request, headers }, V3_ONLY), undefined);
      });
    }
    it('a port', () => {
      const headers = {
        'x-plivo-signature-v3': 'FeVicE0U3nScVTbKuKncPzxzfnx+YDgALpuGlcI3UCY=',
        'x-plivo-signature-v3-nonce': '12345',
      };
      const request = { ...call('https://sms.example.com:8443/webhooks/plivo-main', ''), headers };
      assert.equal(doubtOf(request, V3_ONLY), undefined);
      assert.equal(doubtOf({ ...request, url: WEBHOOK }, V3_ONLY), 'wrong V3 signature');
    });
  });

  describe('V2: https://github.com/plivo/plivo-node/blob/master/test/utils.js', () => {
    const vectors: readonly [url: string, nonce: string, signature: string][] = [
      ['https://answer.url', '12345', 'ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc='],
      ['https://answer.url:8000', '24725744043720739450', 'LDphWoWimP4QM5AoWI1uwP6WmlWtt5ITPZjXIWYvCNU='],
    ];
    for (const [url, nonce, signature] of vectors) {
      it(`${url}, of the account or of the main account, and whatever the query`, () => {
        for (const name of ['x-plivo-signature-v2', 'x-plivo-signature-ma-v2']) {
          const headers = { [name]: signature, 'x-plivo-signature-v2-nonce': nonce };
          assert.equal(doubtOf({ ...call(`${url}?a=1`, 'b=2'), headers }, WITH_V2), undefined);
          assert.equal(doubtOf({ ...call(`${url}0`, ''), headers }, WITH_V2), 'wrong V2 signature');
        }
      });
    }
  });

  describe('which of them count', () => {
    const request = call(`${WEBHOOK}?reply=42`, 'Status=sent&MessageUUID=u');
    const v3 = (token = TOKEN) => sign(`${signedByPlivo(request)}.n1`, token);
    const v2 = (token = TOKEN) => sign(`${WEBHOOK}n1`, token);
    const nonces = { 'x-plivo-signature-v3-nonce': 'n1', 'x-plivo-signature-v2-nonce': 'n1' };
    type Headers = Readonly<Record<string, string>>;
    const cases: readonly [about: string, headers: Headers, signers: Signers, doubt: string | undefined][] = [
      ['the account’s', { 'x-plivo-signature-v3': v3() }, V3_ONLY, undefined],
      ['the main account’s', { 'x-plivo-signature-ma-v3': v3() }, V3_ONLY, undefined],
      [
        'the main account’s beside another one',
        { 'x-plivo-signature-v3': v3('sub'), 'x-plivo-signature-ma-v3': v3() },
        V3_ONLY,
        undefined,
      ],
      ['one of a list', { 'x-plivo-signature-v3': `${v3('old')},${v3()}` }, V3_ONLY, undefined],
      ['one of a list with spaces', { 'x-plivo-signature-v3': `${v3('old')}, ${v3()}` }, V3_ONLY, undefined],
      [
        'the second live token’s',
        { 'x-plivo-signature-v3': v3('new') },
        { ...V3_ONLY, authToken: [TOKEN, 'new'] },
        undefined,
      ],
      ['a list of strangers', { 'x-plivo-signature-v3': `${v3('a')},${v3('b')}` }, V3_ONLY, 'wrong V3 signature'],
      ['a V2 alone, where only V3 is believed', { 'x-plivo-signature-v2': v2() }, V3_ONLY, 'no X-Plivo-Signature-V3'],
      ['a V2 alone, where it is believed', { 'x-plivo-signature-v2': v2() }, WITH_V2, undefined],
      [
        'a V2 beside a V3 that does not fit',
        { 'x-plivo-signature-v3': v3('a'), 'x-plivo-signature-v2': v2() },
        WITH_V2,
        'wrong V3 signature',
      ],
      [
        'a V2 beside an empty V3',
        { 'x-plivo-signature-v3': '', 'x-plivo-signature-v2': v2() },
        WITH_V2,
        'wrong V3 signature',
      ],
      ['none', {}, WITH_V2, 'no X-Plivo-Signature-V2'],
    ];
    for (const [about, headers, signers, doubt] of cases) {
      it(`${about}: ${doubt ?? 'believed'}`, () => {
        assert.equal(doubtOf({ ...request, headers: { ...nonces, ...headers } }, signers), doubt);
      });
    }
    it('none without its nonce', () => {
      const bare = sign(`${signedByPlivo(request)}.`, TOKEN);
      for (const nonce of ['', undefined]) {
        const headers = { 'x-plivo-signature-v3': bare, 'x-plivo-signature-v3-nonce': nonce };
        assert.equal(doubtOf({ ...request, headers }, V3_ONLY), 'wrong V3 signature');
      }
    });
  });

  it('whatever the form and the query hold, ours is the signature that is made by Plivo’s rule', () => {
    const pairs = fc.array(fc.tuple(fc.string({ minLength: 1, unit: 'binary' }), fc.string({ unit: 'binary' })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(pairs, pairs, (query, form) => {
        const search = new URLSearchParams(query).toString();
        const request = call(`${WEBHOOK}${search && `?${search}`}`, new URLSearchParams(form).toString());
        const signature = sign(`${signedByPlivo(request)}.n1`, TOKEN);
        const headers = { 'x-plivo-signature-v3': signature, 'x-plivo-signature-v3-nonce': 'n1' };
        assert.equal(doubtOf({ ...request, headers }, V3_ONLY), undefined);
      }),
    );
  });
});

function call(url: string, form: string): ProviderRequest {
  return { method: 'POST', url, headers: {}, body: Buffer.from(form), remoteAddress: '127.0.0.1' };
}

function sign(signed: string, token: string): string {
  return createHmac('sha256', token).update(signed).digest('base64');
}
