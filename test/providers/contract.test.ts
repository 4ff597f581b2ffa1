import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Provider, ProviderRequest } from '../../src/providers/provider.ts';
import { PROVIDERS, type ProviderName } from '../../src/providers/registry.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { PUBLIC_URL, recordedCalls } from './recorded.ts';
import { SUBJECTS, type Subject } from './subjects.ts';

const NOW = Date.UTC(2026, 10, 21);

for (const name of Object.keys(PROVIDERS) as ProviderName[])
  describe(`the contract, kept by ${name}`, () => keeps(name));

function keeps(name: ProviderName): void {
  const subject: Subject = SUBJECTS[name];
  const calls = recordedCalls(name);
  const providers: Provider[] = [];
  const create = (options: unknown): Provider => {
    const channel = { key: `${name}-main`, webhookUrl: `${PUBLIC_URL}/webhooks/${name}-main` };
    const provider = PROVIDERS[name].create(channel, options, { now: () => NOW });
    providers.push(provider);
    return provider;
  };
  const provider = create(subject.options);
  after(() => Promise.all(providers.map((each) => each.close())));

  describe('what it recorded is read as it was meant', () => {
    for (const { name: call, about, request, received } of calls) {
      it(`${call}: ${about}`, () => {
        const reception = provider.receive(request);
        assert.equal(reception.kind, 'authentic');
        assert.deepEqual(reception.kind === 'authentic' && reception.received, received);
        assert.equal(reception.kind === 'authentic' && reception.acknowledgement.status, 200);
      });
    }
    it('there is a message, a receipt and something unreadable among it', () => {
      const kinds = new Set(calls.flatMap(({ received }) => received.map(({ kind }) => kind)));
      assert.deepEqual([...kinds].toSorted(), ['message', 'receipt', 'unreadable']);
    });
  });

  it('a replayed call reads the same, so that its id can be recognised', () => {
    for (const { request } of calls) assert.deepEqual(provider.receive(request), provider.receive(request));
  });

  describe('a call is forged', () => {
    const forgeries: readonly [string, (request: ProviderRequest) => ProviderRequest][] = [
      ...subject.signatureHeaders.flatMap(forgeriesOf),
      ['when it is a GET', (request) => ({ ...request, method: 'GET' })],
      ['when another secret signed it', (request) => signedWith(subject, request, 'of-somebody-else')],
      ['when an empty secret signed it', (request) => signedWith(subject, request, '')],
    ];
    for (const [when, forge] of forgeries) {
      it(when, () => {
        for (const call of calls) assert.equal(provider.receive(forge(call.request)).kind, 'forged', call.name);
      });
    }
  });

  it('one changed bit in the body, the query or the signature makes it forged, or changes nothing of what it says', () => {
    const flips = fc.tuple(
      fc.constantFrom(...calls),
      fc.constantFrom('body', 'query', 'signature'),
      fc.nat(),
      fc.nat(7),
    );
    fc.assert(
      fc.property(flips, ([{ request, received }, part, position, bit]) => {
        const reception = provider.receive(flip(subject, request, part, { position, bit }));
        // `%d0` and `%D0` are one character.
        if (reception.kind === 'authentic')
          assert.deepEqual(withoutHashes(reception.received), withoutHashes(received));
      }),
      { numRuns: 1_000 },
    );
  });

  it('what was never a call of its is forged, whatever it holds, and nothing is thrown', () => {
    const strangers = fc.record({
      body: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json(), fc.webQueryParameters()),
      query: fc.string({ unit: 'binary' }),
      headers: fc.dictionary(fc.constantFrom('content-type', ...subject.signatureHeaders), fc.string()),
    });
    fc.assert(
      fc.property(strangers, ({ body, query, headers }) => {
        const url = `${PUBLIC_URL}/webhooks/${name}-main?${query}`;
        const request = { method: 'POST', url, headers, body: Buffer.from(body), remoteAddress: '::1' };
        assert.equal(provider.receive(request).kind, 'forged');
      }),
    );
  });

  it('a channel without a secret, or with an empty one, is refused by the schema and cannot be created', () => {
    for (const secret of [undefined, '', '   ', null, [], ['']]) {
      const options = { ...subject.options, [subject.secretOption]: secret };
      assert.notEqual(PROVIDERS[name].options.validate(options).error, undefined, JSON.stringify(secret));
      assert.throws(() => create(options), TypeError);
    }
  });

  it('what the schema gives is what the provider is created with', () => {
    const { value, error } = PROVIDERS[name].options.validate(subject.options);
    assert.equal(error, undefined);
    assert.doesNotThrow(() => create(value));
  });

  it('an option that does not exist is refused, and no message of the schema shows the secret', () => {
    const options = { ...subject.options, [subject.secretOption]: { nested: 'hidden-value' }, colour: 'red' };
    const { error } = PROVIDERS[name].options.validate(options, { abortEarly: false });
    assert.match(String(error), /colour/);
    assert.doesNotMatch(String(error), /hidden-value/);
  });

  const { rotating } = subject;
  if (rotating !== undefined) {
    it('while secrets are rotated both are believed, and no third', () => {
      const rotated = create(rotating);
      const { request } = calls.find((call) => call.name.startsWith('mo-')) ?? assert.fail('no recorded message');
      const believed = (secret: string) => rotated.receive(signedWith(subject, request, secret)).kind;
      const secrets = [rotating[subject.secretOption]].flat() as string[];
      assert.deepEqual([...secrets, 'a-third'].map(believed), ['authentic', 'authentic', 'forged']);
    });
  }

  it('a send that is called off before it leaves is transient, so it is safe to repeat', async () => {
    const message = { replyId: '42', from: '+79160000500', to: '+79160000567' as Msisdn, text: 'Карта активна' };
    const outcome = await provider.send(message, AbortSignal.abort());
    assert.deepEqual(outcome, { kind: 'transient', code: 'aborted' });
  });
}

function forgeriesOf(header: string): readonly [string, (request: ProviderRequest) => ProviderRequest][] {
  const change = (how: (value: string) => string | undefined) => (request: ProviderRequest) => ({
    ...request,
    headers: { ...request.headers, [header]: how(request.headers[header] ?? '') },
  });
  return [
    [`without ${header}`, change(() => undefined)],
    [`with an empty ${header}`, change(() => '')],
    [`with a shorter ${header}`, change((value) => value.slice(0, -1))],
    [`with a longer ${header}`, change((value) => `${value}=`)],
    [`with ${header} twice`, change((value) => `${value}, ${value}`)],
    [`with ${header} of letters outside ASCII`, change((value) => 'ж'.repeat(value.length))],
  ];
}

function signedWith(subject: Subject, request: ProviderRequest, secret: string): ProviderRequest {
  const signature = subject.sign({ url: request.url, body: request.body.toString(), secret });
  return { ...request, headers: { ...request.headers, ...signature } };
}

interface Bit {
  readonly position: number;
  readonly bit: number;
}

function flip(subject: Subject, request: ProviderRequest, part: string, at: Bit): ProviderRequest {
  const [base = '', ...query] = request.url.split('?');
  if (part === 'query' && query.length > 0) return { ...request, url: `${base}?${flipText(query.join('?'), at)}` };
  if (part === 'body' && request.body.length > 0) return { ...request, body: flipBytes(request.body, at) };
  const header = subject.signatureHeaders[at.position % subject.signatureHeaders.length] ?? '';
  return { ...request, headers: { ...request.headers, [header]: flipText(request.headers[header] ?? '', at) } };
}

function flipText(text: string, at: Bit): string {
  return flipBytes(Buffer.from(text), at).toString('latin1');
}

function flipBytes(bytes: Buffer, { position, bit }: Bit): Buffer {
  const flipped = Buffer.from(bytes);
  const index = position % flipped.length;
  flipped[index] = (flipped[index] ?? 0) ^ (1 << bit);
  return flipped;
}

/** An id made from the body follows each of its bytes, also those that mean nothing. */
function withoutHashes(received: readonly object[]): unknown {
  return JSON.parse(JSON.stringify(received).replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256'));
}
