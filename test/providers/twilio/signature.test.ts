import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { parse } from 'node:querystring';
import fc from 'fast-check';
import { getExpectedTwilioSignature, validateRequest } from 'twilio/lib/webhooks/webhooks.js';
import { isBodyOfHash, isSigned } from '../../../src/providers/twilio/signature.ts';
import { signAsTwilio } from '../../support/sign-as-twilio.ts';

/** The example of https://www.twilio.com/docs/usage/security#validating-requests */
const PUBLISHED = {
  token: '12345',
  url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
  form: 'CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212',
  signature: 'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
};

describe('isSigned', () => {
  it('believes the example that Twilio has published, and our second implementation makes the same signature', () => {
    const { token, url, form, signature } = PUBLISHED;
    assert.equal(isSigned({ url, parameters: parse(form) }, signature, [token]), true);
    assert.equal(isSigned({ url, parameters: parse(form) }, signature, ['other', token]), true);
    assert.equal(isSigned({ url, parameters: parse(form) }, signature, ['other']), false);
    assert.equal(signAsTwilio(token, url, new URLSearchParams(form)), signature);
  });

  describe('believes Twilio whichever way it spelled the port of the configured URL', () => {
    const cases: readonly [configured: string, signed: string, isBelieved: boolean][] = [
      ['https://sms.example.com/w', 'https://sms.example.com/w', true],
      ['https://sms.example.com/w', 'https://sms.example.com:443/w', true],
      ['https://sms.example.com:443/w', 'https://sms.example.com/w', true],
      ['https://sms.example.com:8443/w?a=b:1', 'https://sms.example.com/w?a=b:1', true],
      ['http://[::1]:3000/w', 'http://[::1]/w', true],
      ['http://127.0.0.1/w', 'http://127.0.0.1:80/w', true],
      ['https://sms.example.com/w', 'https://sms.example.com:8443/w', false],
      ['https://sms.example.com/w', 'http://sms.example.com/w', false],
      ['https://sms.example.com/w', 'https://sms.example.com/w/', false],
      ['https://sms.example.com/w', 'https://SMS.example.com/w', false],
      ['https://sms.example.com/w?reply=1', 'https://sms.example.com/w?reply=2', false],
      ['https://sms.example.com/w', 'https://evil.example.com/w', false],
    ];
    for (const [configured, signed, isBelieved] of cases) {
      it(`${configured} signed as ${signed}: ${isBelieved ? 'genuine' : 'forged'}`, () => {
        const signature = signAsTwilio('token', signed, new URLSearchParams('a=b'));
        assert.equal(isSigned({ url: configured, parameters: { a: 'b' } }, signature, ['token']), isBelieved);
      });
    }
  });

  it('counts a repeated value once and knows no order of values', () => {
    const parameters = parse('Tag=b&Tag=a&Tag=b');
    const signature = signAsTwilio('token', 'https://a.example', new URLSearchParams('Tag=a&Tag=b'));
    assert.equal(isSigned({ url: 'https://a.example', parameters }, signature, ['token']), true);
  });

  it('agrees with the twilio package and with our second implementation about any form', () => {
    // No U+E000 to U+FFFF beside an emoji: there UTF-16, by which the package sorts, and UTF-8 disagree.
    const unit = fc.constantFrom('A', 'b', '_', '0', ' ', '+', '%', '&', '=', '\0', 'é', 'я', 'گ', '🎁');
    const name = fc.string({ unit, minLength: 1, maxLength: 2 });
    const text = fc.string({ unit, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text)), fc.string({ minLength: 1 }), (pairs, token) => {
        const form = new URLSearchParams(pairs);
        const parameters = parse(form.toString());
        const url = 'https://sms.example.com/webhooks/main?reply=1';
        const signature = getExpectedTwilioSignature(token, url, parameters);
        assert.equal(isSigned({ url, parameters }, signature, [token]), true);
        assert.equal(validateRequest(token, signature, url, parameters), true);
        assert.equal(signAsTwilio(token, url, form), signature);
      }),
    );
  });
});

describe('isBodyOfHash', () => {
  it('holds for the body whose hash was signed and for no other', () => {
    const body = Buffer.from([0xff, 0x00, 0x41]);
    const hash = createHash('sha256').update(body).digest('hex');
    assert.equal(isBodyOfHash(body, hash), true);
    assert.equal(isBodyOfHash(Buffer.from([0xfe, 0x00, 0x41]), hash), false);
    assert.equal(isBodyOfHash(body, ''), false);
    assert.equal(isBodyOfHash(body, 'ж'.repeat(64)), false);
  });
});
