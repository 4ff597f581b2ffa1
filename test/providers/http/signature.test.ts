import assert from 'node:assert/strict';
import { type SignatureRecipe, signatureDoubt, signedFault } from '../../../src/providers/http/signature.ts';
import type { ProviderRequest } from '../../../src/providers/provider.ts';

const SECRET = 'shared-secret';
const BODY = '{"id":"1","text":"Карта"}';
const AT = 1_700_000_000;

/** Computed with `openssl dgst` over `1700000000.` and the body; for plain hashes the secret stands behind them. */
const VECTORS: readonly (readonly [SignatureRecipe['algorithm'], string])[] = [
  ['hmac-md5', '327184b549257a123f117174051708fb'],
  ['hmac-sha1', 'd41560725644aebb44ef19502f7d29a793508555'],
  ['hmac-sha256', '74d522d8ff24edcc6aa36b693fcb0a8b166d0a714fe2a7e868c2f6b7232a96cf'],
  [
    'hmac-sha512',
    '344b1ab258394fa6027a37593e07945ea3c4cb48437d913c49a4b41da258c4c72016ea840ab523cfeb6c648a4ceb5198243550970414037f9bf530d2db2ba596',
  ],
  ['md5', '4178824923cf55ea73e4b8aaac7086f4'],
  ['sha1', 'f21948433fb2d9b939ccdaa630070acd6b141221'],
  ['sha256', '6281391c5b0fcb8696bd0162e3e77e02cc4d9591fc83b588d2bff1ecf482dc7e'],
  [
    'sha512',
    '645c2d7c632b8330445c480de151a6b6cabe5aee5761721527eba8c57520937c1be23444cbb763c13c230d3d6b2fafb47adc42c56d154190e20f67f63615ef24',
  ],
];

function recipeOf(recipe: Partial<SignatureRecipe>): SignatureRecipe {
  const algorithm = recipe.algorithm ?? 'hmac-sha256';
  const of = `{{ header:x-time }}.{{ body }}${algorithm.startsWith('hmac') ? '' : '{{ secret }}'}`;
  return { at: 'header:X-Sign', algorithm, of, encoding: 'hex', prefix: '', ...recipe };
}

function doubt(recipe: SignatureRecipe, headers: ProviderRequest['headers'], now = AT * 1_000, secrets = [SECRET]) {
  const request = { method: 'POST', url: 'https://x/y', headers, body: Buffer.from(BODY), remoteAddress: '' };
  const source = { headers, query: {}, content: JSON.parse(BODY) as unknown };
  return signatureDoubt({ request, source }, { recipe, of: recipe.of, secrets, now });
}

describe('a declared signature', () => {
  for (const [algorithm, signature] of VECTORS) {
    it(`${algorithm} is what openssl computes`, () => {
      const recipe = recipeOf({ algorithm });
      const headers = { 'x-time': String(AT), 'x-sign': signature };
      assert.equal(doubt(recipe, headers), undefined);
      assert.equal(doubt(recipe, { ...headers, 'x-sign': signature.toUpperCase() }), undefined);
      assert.equal(doubt(recipe, { ...headers, 'x-time': '1700000001' }), 'wrong signature');
      assert.equal(doubt(recipe, headers, 0, ['another', SECRET]), undefined);
      assert.equal(doubt(recipe, headers, 0, ['another']), 'wrong signature');
    });
  }

  it('is read in base64 and behind a prefix, letter by letter', () => {
    const recipe = recipeOf({ encoding: 'base64', prefix: 'v1=' });
    const right = 'v1=dNUi2P8k7cxqo2tpP8sKixZtCnFP4qfoaML2tyMqls8=';
    assert.equal(doubt(recipe, { 'x-time': String(AT), 'x-sign': right }), undefined);
    for (const wrong of [
      right.slice(3),
      right.toLowerCase(),
      `${right}=`,
      right.replace('v1', 'V1'),
      '',
      ` ${right}`,
    ]) {
      assert.equal(doubt(recipe, { 'x-time': String(AT), 'x-sign': wrong }), 'wrong signature', wrong);
    }
  });

  it('is missed when it, or a part that it covers, is not there', () => {
    const [, signature = ''] = VECTORS[2] ?? [];
    assert.equal(doubt(recipeOf({}), { 'x-time': String(AT) }), 'no signature');
    assert.equal(doubt(recipeOf({}), { 'x-sign': signature }), 'wrong signature');
    const over = recipeOf({ of: '{{ nothing }}{{ body }}' });
    assert.equal(doubt(over, { 'x-sign': signature }), 'wrong signature');
  });

  it('is of now when a moment is declared, and of no other time', () => {
    const timestamp = { at: 'header:x-time', format: 'unix', zone: 'Z', toleranceSeconds: 300 } as const;
    const [, signature = ''] = VECTORS[2] ?? [];
    const at = (seconds: number) =>
      doubt(recipeOf({ timestamp }), { 'x-time': String(AT), 'x-sign': signature }, (AT + seconds) * 1_000);
    assert.deepEqual([-300, 0, 300].map(at), [undefined, undefined, undefined]);
    assert.deepEqual([-301, 301].map(at), Array(2).fill('signed too long ago, or in the future'));
    const elsewhere = recipeOf({ timestamp: { ...timestamp, at: 'header:x-other' } });
    assert.equal(
      doubt(elsewhere, { 'x-time': String(AT), 'x-sign': signature }),
      'signed too long ago, or in the future',
    );
  });
});

describe('what a declaration may say is signed', () => {
  const TABLE: readonly (readonly [of: string, algorithm: string, fault: RegExp | undefined])[] = [
    ['{{ body }}', 'hmac-sha256', undefined],
    ['{{ url }}{{ body }}', 'hmac-sha1', undefined],
    ['{{ phone }}:{{ field:body }}:{{ secret }}', 'md5', undefined],
    ['{{ query:a }}{{ secret }}', 'md5', undefined],
    ['{{ phone }}', 'md5', /must hold \{\{ secret/],
    ['{{ body }}{{ secret }}', 'hmac-md5', /must not hold/],
    ['{{ secret }}', 'md5', /one signature would do/],
    ['{{ header:x-nonce }}{{ method }}', 'hmac-sha256', /one signature would do/],
    ['a constant', 'hmac-sha256', /one signature would do/],
    ['{{ header: }}{{ body }}', 'hmac-sha256', /names no header/],
    ['{{ body | base64 }}', 'hmac-sha256', /knows no filter/],
    ['{{ body }', 'hmac-sha256', /braces/],
  ];
  for (const [of, algorithm, fault] of TABLE) {
    it(`${of}, ${algorithm}: ${fault === undefined ? 'taken' : fault.source}`, () => {
      const told = signedFault(of, algorithm);
      if (fault === undefined) assert.equal(told, undefined);
      else assert.match(told ?? '', fault);
    });
  }
});
