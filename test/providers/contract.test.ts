import assert from 'node:assert/strict';
import fc from 'fast-check';
import { requestOf } from './call.ts';
import { fieldsOf, nameOf, withUnknownFields, withValues } from './fields.ts';
import { describeEach, digits, type Kept, NOW, SPOKEN, SPOKEN_RECEIPT } from './kept-by.ts';
import type { UnsignedCall } from './subject.ts';
import { assertWellFormed } from './well-formed.ts';

const ALL_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const CONTENT_TYPES = [
  'text/plain',
  'application/xml',
  'application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  undefined,
];
/** What a field may hold when a provider's release goes wrong. */
const STRANGE_VALUES = [null, -1, true, '', '\0', 'ж', '__proto__', 'x'.repeat(5_000), {}, [], [[null]], [{}]];
const JUNK = ['', 'junk', 'null', '[]', '[null]', '{}', '{"results":[null]}', '<a/>', '=&=&a=1&a=2', '%', '\0\uFFFD'];
/** The door takes no more. */
const HUGE_BYTES = 64 * 1024;

const SCRIPTS = fc.constantFrom(
  'Ёлка № 9643',
  'سلام ۱۲۳۴',
  '卡片 9643',
  'ÀÉ€[]{}~^|\\',
  '👩‍👩‍👧‍👦🇮🇷',
  '\u202e9643',
  '\0',
);

describeEach('an SMS arrives', (kept) => {
  describe('recorded calls', () => recordedCalls(kept));
  describe('an SMS', () => messages(kept));
  describe('a strange call', () => strangeCalls(kept));
  describe('a huge call', () => hugeCalls(kept));
});

function recordedCalls({ recorded, read, receive }: Kept): void {
  for (const { name, about, request, at, received } of recorded) {
    it(`${name}: ${about}`, () => {
      assert.deepEqual(read(request, at), received);
      assertWellFormed(received);
      const reception = receive(request, at);
      assert.equal(reception.kind === 'authentic' && reception.acknowledgement.status, 200);
    });
  }
  it('hold a message and something unreadable', () => {
    const kinds = new Set(recorded.flatMap(({ received }) => received.map(({ kind }) => kind)));
    for (const kind of ['message', 'unreadable'] as const) assert.ok(kinds.has(kind), `no ${kind} is recorded`);
  });
  it('replayed read the same, so that their ids can be recognised', () => {
    for (const { request, at } of recorded) assert.deepEqual(read(request, at + 5_000), read(request, at));
  });
}

function messages({ subject, read, signed }: Kept): void {
  const readOne = (call: UnsignedCall, at = NOW) => {
    const [one, ...more] = read(signed(call, at), at);
    assert.equal(more.length, 0, 'one SMS is read as several things');
    return one?.kind === 'message' ? one.message : assert.fail(`read as ${one?.kind}`);
  };

  it('is read as it was texted', () => {
    const { from, to, text, providerMessageId } = readOne(subject.message(SPOKEN, NOW));
    assert.deepEqual([digits(from), digits(to), text], [digits(SPOKEN.from), digits(SPOKEN.to), SPOKEN.text]);
    assertWellFormed([{ kind: 'message', message: { providerMessageId, from, to, text } }]);
  });

  it('has any text that a phone can write: other scripts, emoji, control characters, none at all', () => {
    const texts = fc
      .oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 200 }), SCRIPTS)
      .filter((text) => subject.carries?.(text) ?? true);
    const property = fc.property(texts, (text) => {
      assert.equal(readOne(subject.message({ ...SPOKEN, text }, NOW)).text, text);
    });
    fc.assert(property, { numRuns: 200, examples: [[''], ['کارت ۹۶۴۳ ۰۰۱۲ 😀'], [' 9643\r\n0012 &=%+;<b>"\'\\ ']] });
  });

  it('told again later, and signed anew, is the same SMS with the same id', () => {
    const first = readOne(subject.message(SPOKEN, NOW));
    assert.deepEqual(readOne(subject.message(SPOKEN, NOW), NOW + 60_000), first);
  });

  it('has an id of its own, also when its text is that of another', () => {
    const other = { ...SPOKEN, id: '5f1c0c1e-7d4a-4b7e-9a51-0d3c7f6e0a99' };
    const ids = [SPOKEN, other].map((one) => readOne(subject.message(one, NOW)).providerMessageId);
    assert.notEqual(ids[0], ids[1]);
  });
}

function strangeCalls(kept: Kept): void {
  const { name, subject, receive, read, signed, resign, create } = kept;
  const message = () => signed(subject.message(SPOKEN, NOW));
  const calls = (): readonly UnsignedCall[] => [
    subject.message(SPOKEN, NOW),
    ...(subject.receipt ? [subject.receipt(SPOKEN_RECEIPT, NOW)] : []),
    ...(subject.parts?.(SPOKEN, ['9643', '0012'], NOW).slice(0, 1) ?? []),
    ...(subject.batch ? [subject.batch([SPOKEN], NOW)] : []),
  ];

  it('by a method that the provider does not use is forged', () => {
    const methods: readonly string[] = create().methods ?? ['POST'];
    assert.ok(methods.includes(message().method), 'the subject speaks by a method that the provider does not name');
    for (const method of ALL_METHODS.filter((one) => !methods.includes(one))) {
      assert.equal(receive({ ...message(), method }).kind, 'forged', method);
    }
  });

  kept.row('wrong content type', true, () => {
    it('of another content type than its own is unreadable or forged, and never an SMS', () => {
      const own = message().headers['content-type']?.split(';')[0];
      for (const type of CONTENT_TYPES.filter((one) => one !== own)) {
        const { 'content-type': _, ...headers } = message().headers;
        const wrong = { ...message(), headers: type === undefined ? headers : { ...headers, 'content-type': type } };
        assertNothingRead(kept, resign(wrong), String(type));
      }
    });
  });

  it('with fields, headers and parameters of the future says what it said without them', () => {
    for (const call of calls()) {
      const request = requestOf(name, call);
      assert.deepEqual(read(resign(withUnknownFields(request))), read(resign(request)));
    }
  });

  it('with any one field gone, repeated or strange is never thrown at, and gives nothing that is not well formed', () => {
    for (const request of calls().map((call) => requestOf(name, call))) {
      for (const place of fieldsOf(request)) {
        const spoiled = [
          withValues(request, place, () => []),
          withValues(request, place, (old) => [old, old]),
          ...STRANGE_VALUES.map((value) => withValues(request, place, () => [value])),
        ];
        for (const each of spoiled) {
          const reception = receive(resign(each));
          if (reception.kind === 'authentic') assertWellFormed(reception.received, nameOf(place));
        }
      }
    }
  });

  it('of genuine junk is unreadable or forged, and no two share an id', () => {
    const { body, ...call } = subject.message(SPOKEN, NOW);
    const ids = JUNK.flatMap((junk) => {
      const isInQuery = call.method === 'GET';
      const query = isInQuery ? `?${encodeURIComponent(junk)}` : undefined;
      const spoiled = { ...call, body: isInQuery ? body : junk, ...(query !== undefined && { query }) };
      return assertNothingRead(kept, signed(spoiled), JSON.stringify(junk));
    });
    assert.equal(new Set(ids).size, ids.length, 'two calls that cannot be read would be kept as one');
  });
}

/** Gives the ids of what could not be read. */
function assertNothingRead({ receive }: Kept, request: Parameters<Kept['receive']>[0], about: string): string[] {
  const reception = receive(request);
  if (reception.kind === 'forged') return [];
  return reception.received.map((one) => {
    if (one.kind !== 'unreadable') assert.fail(`${about} was read as ${one.kind}`);
    assertWellFormed([one]);
    return one.providerMessageId;
  });
}

function hugeCalls({ name, subject, receive, signed }: Kept): void {
  it('that nobody signed is forged', () => {
    const call = requestOf(name, subject.message(SPOKEN, NOW));
    for (const piece of ['x', 'a=1&', '[', '{"a":', '\0']) {
      const body = Buffer.from(piece.repeat(HUGE_BYTES / piece.length));
      assert.equal(receive({ ...call, body }).kind, 'forged', piece);
    }
  });

  it('that is genuine gets a verdict, and soon', () => {
    const { headers, method = 'POST' } = subject.message(SPOKEN, NOW);
    const startedAt = performance.now();
    for (const piece of ['x', 'a=1&', '[', '{"a":', '<a>', '\0']) {
      receive(signed({ method, headers, body: piece.repeat(HUGE_BYTES / piece.length) }));
    }
    const text = '9'.repeat(HUGE_BYTES - 2_000);
    const reception = receive(signed(subject.message({ ...SPOKEN, text }, NOW)));
    assert.ok(performance.now() - startedAt < 2_000, 'seven calls took two seconds');
    const [one] = reception.kind === 'authentic' ? reception.received : [];
    if (one?.kind === 'message') assert.equal(one.message.text, text);
  });
}
