import assert from 'node:assert/strict';
import type { Received } from '../../src/providers/provider.ts';
import { describeEach, digits, type Kept, NOW, SPOKEN, SPOKEN_RECEIPT } from './kept-by.ts';
import type { SpokenMessage, SpokenReceipt, Subject } from './subject.ts';
import { assertWellFormed } from './well-formed.ts';

const THREE: readonly SpokenMessage[] = [1, 2, 3].map((n) => ({
  ...SPOKEN,
  id: `5f1c0c1e-7d4a-4b7e-9a51-0d3c7f6e0c0${n}`,
  from: `+7916000050${n}`,
  text: `Карта ${n}`,
}));

/** Texts of parts: the card's number is torn. */
const PARTS = ['Карта № 9643 0012 ', '3456 34', '56, спасибо 😀'];

/** What a receipt may be read as. Not every provider tells `sent` from `accepted`, or `undelivered` from `failed`. */
const READINGS: Readonly<Record<SpokenReceipt['status'], readonly string[]>> = {
  sent: ['sent', 'accepted'],
  delivered: ['delivered'],
  undelivered: ['undelivered', 'failed'],
  failed: ['failed', 'undelivered'],
};

describeEach('one call tells several things, or a part of one', (kept) => {
  const { batch, brokenBatch, parts, receipt } = kept.subject;
  const batches = batch && brokenBatch && { batch, brokenBatch };
  kept.row('batch with one bad element', batches, (both) => describe('a batch', () => batchOf(kept, both)));
  kept.row('long message in parts', parts, (speak) => describe('a long SMS in parts', () => longMessage(kept, speak)));
  kept.row('receipts', receipt, (speak) => describe('a receipt', () => receipts(kept, speak)));
});

function batchOf(
  { read, signed }: Kept,
  { batch, brokenBatch }: Required<Pick<Subject, 'batch' | 'brokenBatch'>>,
): void {
  const textsOf = (received: readonly Received[]) =>
    received.flatMap((one) => (one.kind === 'message' ? [one.message.text] : []));

  it('of three SMS is read as three, each with its own id', () => {
    const received = read(signed(batch(THREE, NOW)));
    assertWellFormed(received);
    assert.deepEqual(
      textsOf(received),
      THREE.map(({ text }) => text),
    );
    const ids = received.map((one) => (one.kind === 'message' ? one.message.providerMessageId : one.kind));
    assert.equal(new Set(ids).size, 3);
  });

  it('of one SMS reads as that SMS does in a batch of three', () => {
    const [alone] = read(signed(batch(THREE.slice(0, 1), NOW)));
    assert.deepEqual(alone, read(signed(batch(THREE, NOW)))[0]);
  });

  for (const index of THREE.keys()) {
    it(`whose element ${index + 1} cannot be read loses only that one, which is kept under an id of its own`, () => {
      const call = signed(brokenBatch(THREE, index, NOW));
      const received = read(call);
      assertWellFormed(received);
      assert.deepEqual(
        textsOf(received),
        THREE.filter((_, at) => at !== index).map(({ text }) => text),
      );
      const kept = received.flatMap((one) => (one.kind === 'unreadable' ? [one.providerMessageId] : []));
      assert.equal(kept.length, 1);
      assert.deepEqual(read(call), received, 'on a repeat of the call the ids are the same');
    });
  }

  it('another batch with something unreadable is kept under another id', () => {
    const others = THREE.map((one) => ({ ...one, id: one.id.replace('0c0', '0d0') }));
    const idsOf = (messages: readonly SpokenMessage[]) =>
      read(signed(brokenBatch(messages, 1, NOW))).flatMap((one) =>
        one.kind === 'unreadable' ? [one.providerMessageId] : [],
      );
    assert.notDeepEqual(idsOf(THREE), idsOf(others));
  });
}

function longMessage({ read, signed }: Kept, speak: NonNullable<Subject['parts']>): void {
  const partsOf = (message: Omit<SpokenMessage, 'text'>) =>
    speak(message, PARTS, NOW).map((call) => {
      const [one, ...more] = read(signed(call));
      assert.equal(more.length, 0);
      return one?.kind === 'part' ? one.part : assert.fail(`read as ${one?.kind}`);
    });

  it('is read part by part, with the place of each, and joined it is what was texted', () => {
    const parts = partsOf(SPOKEN);
    assertWellFormed(parts.map((part) => ({ kind: 'part', part })));
    assert.deepEqual(
      parts.map(({ position, total }) => [position, total]),
      PARTS.map((_, at) => [at + 1, PARTS.length]),
    );
    assert.equal(parts.map(({ text }) => text).join(''), PARTS.join(''));
    for (const { from, to } of parts) {
      assert.deepEqual([digits(from), digits(to)], [digits(SPOKEN.from), digits(SPOKEN.to)]);
    }
  });

  it('has one reference in all its parts, and in each an id of its own', () => {
    const parts = partsOf(SPOKEN);
    assert.equal(new Set(parts.map(({ reference }) => reference)).size, 1);
    assert.equal(new Set(parts.map(({ providerMessageId }) => providerMessageId)).size, PARTS.length);
  });

  it('whose part comes again gives the same part with the same id', () => {
    assert.deepEqual(partsOf(SPOKEN), partsOf(SPOKEN));
  });
}

function receipts(kept: Kept, speak: NonNullable<Subject['receipt']>): void {
  const { read, signed } = kept;
  const readOne = (receipt: SpokenReceipt) => {
    const [one, ...more] = read(signed(speak(receipt, NOW)));
    assert.equal(more.length, 0);
    return one?.kind === 'receipt' ? one.receipt : assert.fail(`read as ${one?.kind}`);
  };

  for (const [status, readings] of Object.entries(READINGS) as [SpokenReceipt['status'], readonly string[]][]) {
    it(`that says ${status} is read so, and as no opt-out`, () => {
      const receipt = readOne({ ...SPOKEN_RECEIPT, status });
      assert.ok(readings.includes(receipt.status), `read as ${receipt.status}`);
      assert.equal(receipt.isOptOut, false);
      assertWellFormed([{ kind: 'receipt', receipt }]);
    });
  }

  it('finds its reply', () => {
    const { replyId, providerMessageId } = readOne({ ...SPOKEN_RECEIPT, replyId: '9007199254740993' });
    if (replyId === undefined) assert.equal(providerMessageId, SPOKEN_RECEIPT.providerMessageId);
    else assert.equal(replyId, '9007199254740993');
  });

  kept.row('reply id in receipts', true, () => {
    it('gives our reply id back', () => {
      assert.equal(readOne({ ...SPOKEN_RECEIPT, replyId: '9007199254740993' }).replyId, '9007199254740993');
    });
  });

  it('is recorded among the calls', () => {
    assert.ok(kept.recorded.some(({ received }) => received.some(({ kind }) => kind === 'receipt')));
  });
}
