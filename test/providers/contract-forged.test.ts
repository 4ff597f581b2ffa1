import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ProviderRequest } from '../../src/providers/provider.ts';
import { channelOf } from './call.ts';
import { describeEach, type Kept, NOW, SPOKEN, SPOKEN_RECEIPT } from './kept-by.ts';
import { carries, placesOf, withProof } from './proof.ts';

/** No provider repeats a call for two days. */
const TOO_LONG_MS = 2 * 86_400_000;
/** Tens of seconds of a clock that is not quite right. */
const A_WHILE_MS = 20_000;

/** A genuine call and when it came. */
interface Genuine {
  readonly name: string;
  readonly request: ProviderRequest;
  readonly at: number;
}

/** What a forger may do to a proof; several values repeat it. */
const FORGERIES: Readonly<Record<string, (value: string) => readonly string[]>> = {
  removed: () => [],
  emptied: () => [''],
  shortened: (value) => [value.slice(0, -1)],
  lengthened: (value) => [`${value}=`],
  'lengthened by a letter': (value) => [`${value}A`],
  doubled: (value) => [value, value],
  'of letters outside ASCII': (value) => ['ж'.repeat(value.length)],
};

type Flip = (bytes: Buffer) => Buffer;

type Change = (request: ProviderRequest, flip: Flip) => ProviderRequest;

const anyBytes: readonly Change[] = [
  (request, flip) => ({ ...request, body: flip(request.body) }),
  (request, flip) => {
    const [base = '', ...query] = request.url.split('?');
    return query.length === 0
      ? request
      : { ...request, url: `${base}?${flip(Buffer.from(query.join('?'))).toString('latin1')}` };
  },
];

describeEach('nobody else is believed', (kept) => {
  const { subject } = kept;
  kept.row('forged', true, () => {
    describe('a call is forged when its proof is', () => proofs(kept));
    it('a call that anybody else signed, or nobody, is forged', () => others(kept));
    it('what was never a call of its is forged, whatever it holds, and nothing is thrown', () => strangers(kept));
    it('a changed byte in a proof makes a call forged, or changes nothing of what it says', () =>
      flips(kept, proofBytes(kept)));
  });
  kept.row('body covered', true, () => {
    it('a changed byte anywhere makes a call forged, or changes nothing of what it says', () => flips(kept, anyBytes));
  });
  kept.row('stale', true, () => {
    it('a call of two days ago, or of two days to come, is forged', () => {
      for (const at of [NOW - TOO_LONG_MS, NOW + TOO_LONG_MS]) {
        assert.equal(kept.receive(kept.signed(subject.message(SPOKEN, at), at)).kind, 'forged');
      }
    });
  });
  it('a call is believed while clocks differ by seconds', () => {
    for (const at of [NOW - A_WHILE_MS, NOW, NOW + A_WHILE_MS]) {
      assert.equal(kept.receive(kept.signed(subject.message(SPOKEN, at), at)).kind, 'authentic');
    }
  });
  kept.row('rotated secret', subject.rotating, (rotating) => {
    it('while secrets are rotated both are believed, and no third', () => {
      const provider = kept.create(rotating);
      const secrets = [rotating[subject.secretOption]].flat().map(String);
      assert.equal(secrets.length, 2);
      const believed = (secret: string) =>
        provider.receive(subject.sign(kept.signed(subject.message(SPOKEN, NOW)), secret, NOW)).kind;
      assert.deepEqual([...secrets, 'a-third'].map(believed), ['authentic', 'authentic', 'forged']);
    });
  });
});

/** Everything genuine that the contract knows: recorded, and spoken by the subject. */
function genuine({ subject, recorded, signed }: Kept): readonly Genuine[] {
  const spoken = [subject.message(SPOKEN, NOW), ...(subject.receipt ? [subject.receipt(SPOKEN_RECEIPT, NOW)] : [])];
  return [
    ...recorded,
    ...spoken.map((call, index) => ({ name: `spoken ${index + 1}`, request: signed(call), at: NOW })),
  ];
}

function proofs(kept: Kept): void {
  const places = placesOf(kept.subject.proof);
  it('is there: every call carries one, and every place is carried by a call', () => {
    const calls = genuine(kept);
    const bare = calls.filter(({ request }) => !places.some((place) => carries(request, place)));
    assert.deepEqual(
      bare.map(({ name }) => name),
      [],
    );
    assert.deepEqual(
      places.filter((place) => !calls.some(({ request }) => carries(request, place))),
      [],
    );
  });
  for (const place of places) {
    for (const [how, forge] of Object.entries(FORGERIES)) {
      it(`${place.in} ${place.name} ${how}`, () => {
        for (const { name, request, at } of genuine(kept).filter((call) => carries(call.request, place))) {
          assert.equal(kept.receive(withProof(request, place, forge), at).kind, 'forged', name);
        }
      });
    }
  }
}

function others(kept: Kept): void {
  const { subject, receive } = kept;
  for (const { name, request, at } of genuine(kept)) {
    for (const secret of ['of-somebody-else', '', ' ']) {
      assert.equal(receive(subject.sign(request, secret, at), at).kind, 'forged', `${name}, signed with "${secret}"`);
    }
    const bare = placesOf(subject.proof).reduce((call, place) => withProof(call, place, () => []), request);
    assert.equal(receive(bare, at).kind, 'forged', `${name} without any proof`);
  }
}

function strangers({ name, subject, receive }: Kept): void {
  const { headers = [], query = [], body = [] } = subject.proof;
  const values = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('null', '0', `${NOW}`, '__proto__'),
  );
  const fields = (names: readonly string[]) => fc.dictionary(fc.constantFrom('text', ...names), values);
  const strange = fc.record({
    method: fc.constantFrom('GET', 'POST'),
    headers: fc.dictionary(fc.constantFrom('content-type', 'authorization', ...headers), values),
    query: fc.oneof(fc.string({ unit: 'binary' }), fields(query).map(formOf)),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .oneof(
          fc.json(),
          fields(body).map(formOf),
          fields(body).map((one) => JSON.stringify(one)),
        )
        .map((text) => Buffer.from(text)),
    ),
  });
  const { webhookUrl } = channelOf(name);
  fc.assert(
    fc.property(strange, ({ query: search, ...call }) => {
      const request = { ...call, url: `${webhookUrl}?${search}`, remoteAddress: '203.0.113.7' };
      assert.equal(receive(request).kind, 'forged');
    }),
    { numRuns: 300 },
  );
}

function formOf(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(Object.entries(fields)).toString();
}

/** 400 flips of one bit each, over all genuine calls: most of them in another byte. */
function flips(kept: Kept, changes: readonly Change[]): void {
  const calls = genuine(kept).map((call) => ({ ...call, received: kept.read(call.request, call.at) }));
  const flip = fc.record({
    call: fc.constantFrom(...calls),
    change: fc.constantFrom(...changes),
    position: fc.nat(),
    bit: fc.nat(7),
  });
  fc.assert(
    fc.property(flip, ({ call, change, position, bit }) => {
      const flipped = change(call.request, (bytes) => flipBit(bytes, position, bit));
      const reception = kept.receive(flipped, call.at);
      if (reception.kind === 'authentic') {
        assert.deepEqual(withoutHashes(reception.received), withoutHashes(call.received), call.name);
      }
    }),
    { numRuns: 400 },
  );
}

function proofBytes(kept: Kept): readonly Change[] {
  return placesOf(kept.subject.proof).map(
    (place): Change =>
      (request, flip) =>
        withProof(request, place, (value) => [flip(Buffer.from(value)).toString('latin1')]),
  );
}

function flipBit(bytes: Buffer, position: number, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  if (flipped.length === 0) return flipped;
  const index = position % flipped.length;
  flipped[index] = (flipped[index] ?? 0) ^ (1 << bit);
  return flipped;
}

/** An id made from the body follows each of its bytes, also those that mean nothing: `%d0` and `%D0` are one character. */
function withoutHashes(received: readonly object[]): unknown {
  return JSON.parse(JSON.stringify(received).replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256'));
}
