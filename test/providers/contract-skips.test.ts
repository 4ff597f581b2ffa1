import assert from 'node:assert/strict';
import { describeEach, type Kept, NOW, SPOKEN, SPOKEN_RECEIPT } from './kept-by.ts';
import type { ContractRow } from './subject.ts';

const TWO_DAYS_MS = 2 * 86_400_000;

/**
 * What is so of a provider for which a row means nothing. A row that could be kept must not be skipped: when one of these
 * fails, take the skip out of the subject.
 */
const REASONABLE: Readonly<Record<ContractRow, (kept: Kept) => boolean>> = {
  forged: ({ subject: { proof } }) => Object.values(proof).flat().length === 0,
  'body covered': ({ subject, receive, signed }) => {
    const call = signed(subject.message(SPOKEN, NOW));
    const swap = (text: string) => text.replaceAll('9643', '9644');
    const changed = { ...call, url: swap(call.url), body: Buffer.from(swap(call.body.toString())) };
    return receive(changed).kind === 'authentic';
  },
  stale: ({ subject, receive, signed }) => {
    const old = NOW - TWO_DAYS_MS;
    return receive(signed(subject.message(SPOKEN, old), old)).kind === 'authentic';
  },
  'wrong content type': ({ subject, receive, resign, signed }) => {
    const call = signed(subject.message(SPOKEN, NOW));
    const reception = receive(resign({ ...call, headers: { ...call.headers, 'content-type': 'text/plain' } }));
    return reception.kind === 'authentic' && reception.received[0]?.kind === 'message';
  },
  'batch with one bad element': ({ subject }) => subject.batch === undefined && subject.brokenBatch === undefined,
  'long message in parts': ({ subject }) => subject.parts === undefined,
  receipts: ({ subject }) => subject.receipt === undefined,
  'reply id in receipts': ({ subject, read, signed }) => {
    if (subject.receipt === undefined) return true;
    const [one] = read(signed(subject.receipt(SPOKEN_RECEIPT, NOW)));
    return one?.kind === 'receipt' && one.receipt.replyId === undefined;
  },
  'rotated secret': ({ subject }) => subject.rotating === undefined,
  throttled: ({ subject }) => subject.api?.throttled === undefined,
  'opted out': ({ subject }) => subject.api?.optedOut === undefined,
};

describeEach('what it has no use for', (kept) => {
  const skips = Object.entries(kept.subject.skips) as [ContractRow, string][];
  for (const [row, reason] of skips) {
    it(`${row}: ${reason}`, () => {
      assert.match(reason, /\S+ \S+ \S+/, 'a reason is a sentence');
      assert.ok(REASONABLE[row](kept), 'the row could be kept, so it must not be skipped');
    });
  }
  if (skips.length === 0) it('nothing', () => assert.deepEqual(kept.subject.skips, {}));
});
