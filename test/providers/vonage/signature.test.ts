import assert from 'node:assert/strict';
import { isOfNow, isSigned, type SignatureMethod } from '../../../src/providers/vonage/signature.ts';

const SECRET = 'my_secret_key_for_testing';
const SMS = {
  'message-timestamp': '2013-11-21 15:27:30',
  messageId: '020000001B0FE827',
  msisdn: '14843472194',
  text: 'Test again',
  timestamp: '1385047698',
  to: '13239877404',
  type: 'text',
};
const OTHER_SMS = {
  keyword: 'TEST',
  'message-timestamp': '2017-04-04 22:57:47',
  messageId: '0B00000042AC53BD',
  msisdn: '14843472194',
  nonce: '929d6744-bd28-42c8-b6cf-31d5b4f43732',
  text: 'Test with & and =',
  timestamp: '1491346667',
  to: '12192259404',
  type: 'text',
};
const SENT = {
  api_key: 'fake_api_key',
  to: '14155550100',
  from: 'AcmeInc',
  text: 'Test From Nexmo',
  type: 'text',
  timestamp: '1540924779',
};

/** The vectors of Vonage's own PHP SDK: test/Client/SignatureTest.php in Vonage/vonage-php-sdk-core. */
const VECTORS: readonly [method: SignatureMethod, sig: string, fields: object, secret: string][] = [
  ['md5hash', 'd2e7b1dc968737c5998ad624e02f90b7', SMS, SECRET],
  ['md5', 'DDEBD46008C2D4E93CCE578A332A52D5', SMS, SECRET],
  ['sha1', '27D0D05C2876C7CB1720DBCDBA4D492E1E55C09A', SMS, SECRET],
  ['sha256', 'DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330', SMS, SECRET],
  [
    'sha512',
    'E0D3C650F8C9D1A5C174D10DDDBFB003E561F59B265616208B0487C5D819481CD3C311D59CF6165ECD1139622D5BA3A256C0D763AC4A9AD9144B5A426B94FE82',
    SMS,
    SECRET,
  ],
  ['md5hash', 'e06d9763e3fd0b9c31beb5fc2fcb011c', OTHER_SMS, SECRET],
  [
    'sha256',
    '9FEC5EF6D0F2B3D2BB7558B6E4042569823CAB9EA0DD30503472B7B304601975',
    SENT,
    '71efab63122f1d179f51c46bac838fb5',
  ],
];

describe('the signature of Vonage', () => {
  for (const [method, sig, fields, secret] of VECTORS) {
    it(`${method}: fits what Vonage's own SDK computes (${sig.slice(0, 8)}…), in either case`, () => {
      for (const written of [sig, sig.toLowerCase(), sig.toUpperCase()]) {
        assert.ok(isSigned(new Map(Object.entries({ ...fields, sig: written })), method, ['another', secret]));
      }
    });
    it(`${method}: is not believed with another secret, another method, another value or a name more`, () => {
      const parameters = new Map(Object.entries({ ...fields, sig }));
      const other = method === 'sha1' ? 'sha256' : 'sha1';
      assert.ok(!isSigned(parameters, method, ['another']));
      assert.ok(!isSigned(parameters, other, [secret]));
      assert.ok(!isSigned(new Map([...parameters, ['text', 'Test Again']]), method, [secret]));
      assert.ok(!isSigned(new Map([...parameters, ['extra', '']]), method, [secret]));
      assert.ok(!isSigned(new Map([...parameters, ['sig', '']]), method, [secret]));
    });
  }

  it('is of now within the tolerance, either way, and never without a time', () => {
    const now = 1_385_047_698_000;
    const times: readonly [timestamp: string | undefined, isOfNow: boolean][] = [
      ['1385047698', true],
      ['1385047398', true],
      ['1385047998', true],
      ['1385047397', false],
      ['1385047999', false],
      [undefined, false],
      ['', false],
      ['-1', false],
      ['1e9', false],
      ['NaN', false],
      ['1385047698.0', false],
    ];
    for (const [timestamp, expected] of times) {
      const parameters = new Map(timestamp === undefined ? [] : [['timestamp', timestamp] as const]);
      assert.equal(isOfNow(parameters, now, 300), expected, timestamp);
    }
  });
});
