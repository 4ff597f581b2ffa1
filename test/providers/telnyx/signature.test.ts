import assert from 'node:assert/strict';
import { isOfNow, isPublicKey, isSigned, publicKey } from '../../../src/providers/telnyx/signature.ts';

/** The public keys of RFC 8032 §7.1, tests 1 and 2. */
const KEY = '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
const OTHER_KEY = 'PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=';

/** Computed by the Python of RFC 8032 §6 over `<timestamp>|<body>`, with the private keys of the same tests. */
const VECTORS = [
  {
    key: KEY,
    timestamp: '1795219200',
    body: '{"data":{"event_type":"message.received"}}',
    signature: 'KFhas+t7X7isC6dVMXK9AIepTXYTpDtLocHZn5ZPyMngBLwXoVrgWaa8otgFHAGefVsJ0vl2lwoij1v3sEf2Aw==',
  },
  {
    key: OTHER_KEY,
    timestamp: '1795219200',
    body: 'Карта',
    signature: 'ZszEis818rh31gwNmKA1CKWKndDQxjKzJY5ClmRWFgFxUOFGfVibixq1EnT3qHFYMm/GuJyIl1y07rYB9F3RAQ==',
  },
];

describe('the signature of Telnyx', () => {
  for (const { key, timestamp, body: text, signature } of VECTORS) {
    const body = Buffer.from(text);
    const keys = [publicKey(key)];
    it(`fits the one that another implementation makes of ${text}`, () => {
      assert.ok(isSigned({ signature, timestamp, body }, keys));
      assert.ok(isSigned({ signature, timestamp, body }, [KEY, OTHER_KEY].map(publicKey)));
    });
    it(`of ${text} is not believed with another key, time, body or spelling`, () => {
      const other = publicKey(key === KEY ? OTHER_KEY : KEY);
      assert.ok(!isSigned({ signature, timestamp, body }, [other]));
      assert.ok(!isSigned({ signature, timestamp, body }, []));
      assert.ok(!isSigned({ signature, timestamp: '1795219201', body }, keys));
      assert.ok(!isSigned({ signature, timestamp, body: Buffer.from(`${text} `) }, keys));
      assert.ok(!isSigned({ signature, timestamp: '', body: Buffer.from(`${timestamp}|${text}`) }, keys));
      const hex = Buffer.from(signature, 'base64').toString('hex');
      for (const spelling of [
        '',
        '=',
        hex,
        signature.slice(0, -2),
        `${signature}=`,
        ` ${signature}`,
        `${signature}, x`,
      ]) {
        assert.ok(!isSigned({ signature: spelling, timestamp, body }, keys), spelling);
      }
    });
  }

  it('is of now within five minutes, either way, and never without a time', () => {
    const now = 1_795_219_200_000;
    const times: readonly [timestamp: string, expected: boolean][] = [
      ['1795219200', true],
      ['1795218900', true],
      ['1795219500', true],
      ['1795218899', false],
      ['1795219501', false],
      ['', false],
      ['-1', false],
      ['1e9', false],
      [' 1795219200', false],
      ['1795219200, 1795219200', false],
    ];
    for (const [timestamp, expected] of times) assert.equal(isOfNow(timestamp, now), expected, timestamp);
  });

  it('is checked with a key of 32 bytes, and nothing else is a key', () => {
    assert.ok(isPublicKey(KEY));
    const pem = '-----BEGIN PUBLIC KEY-----';
    for (const text of ['', 'x', KEY.slice(1), KEY.slice(0, -1), `${KEY}=`, `MCow${KEY}`, pem])
      assert.ok(!isPublicKey(text));
  });
});
