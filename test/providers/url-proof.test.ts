import assert from 'node:assert/strict';
import { provenUrl, type UrlProof, urlFault, webhookToken } from '../../src/providers/url-proof.ts';

const PROOF: UrlProof = { webhookToken: ['a-secret-of-the-first-kind', 'a-secret-of-the-second'] };

describe('a provider that is known by its URL', () => {
  const faultOf = (query: string, proof = PROOF, remoteAddress = '203.0.113.7') =>
    urlFault(
      { method: 'POST', url: `https://x/webhooks/a${query}`, headers: {}, body: Buffer.of(), remoteAddress },
      proof,
    );

  it('is believed with either of the live secrets', () => {
    for (const token of PROOF.webhookToken) assert.equal(faultOf(`?token=${token}&reply=42`), undefined);
  });
  it('is not believed with another, an empty, a doubled one or none', () => {
    const [token] = PROOF.webhookToken;
    for (const query of [
      '',
      '?',
      '?token=',
      '?token=x',
      `?token=${token}&token=${token}`,
      `?Token=${token}`,
      `?a=${token}`,
    ]) {
      assert.match(faultOf(query) ?? '', /token/, query);
    }
  });
  it('is not believed from elsewhere, even with the secret', () => {
    const listed = { ...PROOF, sourceAddresses: ['10.0.0.0/8'] };
    assert.match(faultOf(`?token=${PROOF.webhookToken[0]}`, listed) ?? '', /address/);
    assert.equal(faultOf(`?token=${PROOF.webhookToken[0]}`, listed, '::ffff:10.1.2.3'), undefined);
    assert.match(faultOf('?token=x', listed, '10.1.2.3') ?? '', /token/);
  });
  it('is given the first secret, and a gateway’s own signs stay as they are', () => {
    assert.equal(
      provenUrl('https://x/webhooks/a', PROOF, 'reply=42&status=%d'),
      'https://x/webhooks/a?token=a-secret-of-the-first-kind&reply=42&status=%d',
    );
  });

  const secrets: readonly [secret: unknown, isGood: boolean][] = [
    ['0123456789abcdef', true],
    [['0123456789abcdef', 'fedcba98-7654_3210'], true],
    ['0123456789abcde', false],
    ['0123456789abcde f', false],
    ['0123456789abcdef&x=1', false],
    ['0123456789abcdef%41', false],
    ['секретсекретсекрет', false],
    [['0123456789abcdef', '0123456789abcdef'], false],
  ];
  for (const [secret, isGood] of secrets) {
    it(`${JSON.stringify(secret)} ${isGood ? 'can' : 'cannot'} be its secret, and no message shows it`, () => {
      const { error } = webhookToken('the provider').validate(secret);
      assert.equal(error === undefined, isGood);
      for (const one of [secret].flat()) assert.ok(!String(error).includes(String(one)));
    });
  }
});
