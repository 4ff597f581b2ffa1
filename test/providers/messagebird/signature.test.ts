import assert from 'node:assert/strict';
import { createHash, createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import jwt from 'jsonwebtoken';
import { doubtOf } from '../../../src/providers/messagebird/signature.ts';
import type { ProviderRequest } from '../../../src/providers/provider.ts';

interface Tokens {
  readonly signingKey: string;
  readonly at: string;
  readonly tokens: readonly {
    readonly about: string;
    readonly url: string;
    readonly body?: string;
    readonly token: string;
    readonly isValid: boolean;
  }[];
}

const TOKENS = JSON.parse(readFileSync(new URL('./tokens.json', import.meta.url), 'utf8')) as Tokens;
const NOW = Date.parse(TOKENS.at);
const KEY = createSecretKey(Buffer.from(TOKENS.signingKey));
const URL_CALLED = 'https://sms.example.com/webhooks/messagebird-main';

describe('the tokens of MessageBird', () => {
  for (const { about, url, body = '', token, isValid } of TOKENS.tokens) {
    it(`${isValid ? 'believed' : 'not believed'}: ${about}`, () => {
      const doubt = doubtOf(called(url, body, token), [KEY], NOW);
      assert.equal(doubt === undefined, isValid, doubt);
    });
  }

  const hash = (content: string) => createHash('sha256').update(content).digest('hex');
  const seconds = NOW / 1_000;
  const claims = {
    iss: 'MessageBird',
    nbf: seconds,
    exp: seconds + 60,
    jti: 'e92cf079',
    url_hash: hash(URL_CALLED),
    payload_hash: hash('a=1'),
  };
  const without = (name: keyof typeof claims) =>
    Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
  const cases: readonly [about: string, claims: object, isValid: boolean][] = [
    ['with every claim', claims, true],
    ['without its issuer', without('iss'), false],
    ['of another issuer', { ...claims, iss: 'MessageBirdie' }, false],
    ['that has no beginning', without('nbf'), false],
    ['that never expires', without('exp'), false],
    ['without an id', without('jti'), false],
    ['for no URL', without('url_hash'), false],
    ['for the URL with another query', { ...claims, url_hash: hash(`${URL_CALLED}?a=1`) }, false],
    ['for no body, with a body', without('payload_hash'), false],
    ['for another body', { ...claims, payload_hash: hash('a=2') }, false],
    ['whose hashes are no text', { ...claims, url_hash: [hash(URL_CALLED)] }, false],
    ['that our clock finds 50 s old', { ...claims, nbf: seconds - 110, exp: seconds - 50 }, true],
    ['that our clock finds 50 s ahead', { ...claims, nbf: seconds + 50, exp: seconds + 110 }, true],
    ['that expired two minutes ago', { ...claims, nbf: seconds - 180, exp: seconds - 120 }, false],
    ['of in two minutes', { ...claims, nbf: seconds + 120, exp: seconds + 180 }, false],
  ];
  for (const [about, content, isValid] of cases) {
    it(`a token ${about} is ${isValid ? 'believed' : 'not believed'}`, () => {
      const token = jwt.sign(content, TOKENS.signingKey, { noTimestamp: true });
      assert.equal(doubtOf(called(URL_CALLED, 'a=1', token), [KEY], NOW) === undefined, isValid);
    });
  }

  it('a token that is no object is not believed', () => {
    const token = jwt.sign('MessageBird', TOKENS.signingKey);
    assert.notEqual(doubtOf(called(URL_CALLED, 'a=1', token), [KEY], NOW), undefined);
  });
});

function called(url: string, body: string, token: string): ProviderRequest {
  const headers = { 'messagebird-signature-jwt': token };
  return { method: 'POST', url, headers, body: Buffer.from(body), remoteAddress: '127.0.0.1' };
}
