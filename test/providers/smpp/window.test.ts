import assert from 'node:assert/strict';
import { LAST_SEQUENCE, type Request, Window } from '../../../src/providers/smpp/window.ts';
import { readPdu } from '../../../src/providers/smpp/wire.ts';
import { pduBytes, rawPdu } from '../../support/fake-smsc-wire.ts';

const answerTo = (sequence: number, status = 0) =>
  readPdu(pduBytes('submit_sm_resp', { sequence_number: sequence, command_status: status }));

function windowOf(options: { size?: number; timeoutMs?: number; firstSequence?: number } = {}) {
  const written: number[] = [];
  const window = new Window({ size: 10, timeoutMs: 60_000, ...options, write: () => undefined });
  const submit = (extra: Partial<Request> = {}) =>
    window.submit({
      command: 'submit_sm',
      encode(sequence) {
        written.push(sequence);
        return Buffer.alloc(0);
      },
      ...extra,
    });
  return { window, written, submit };
}

describe('The window of an SMPP session', () => {
  it('never holds more requests than its size, and lets the next out when one is answered', async () => {
    const { window, written, submit } = windowOf({ size: 3 });
    const answers = Array.from({ length: 8 }, () => submit());
    assert.deepEqual(written, [1, 2, 3]);
    assert.equal(window.waiting, 5);
    window.settle(answerTo(2));
    assert.deepEqual(written, [1, 2, 3, 4]);
    for (const sequence of [1, 3, 4, 5, 6, 7, 8]) window.settle(answerTo(sequence));
    assert.ok((await Promise.all(answers)).every(({ kind }) => kind === 'answered'));
    assert.equal(window.inFlight, 0);
  });

  it('gives each answer to its own request, in whatever order they come', async () => {
    const { window, submit } = windowOf();
    const answers = [submit(), submit(), submit()];
    for (const [sequence, status] of [
      [3, 0x14],
      [1, 0x58],
      [2, 0],
    ] as const) {
      assert.equal(window.settle(answerTo(sequence, status)), true);
    }
    const statuses = (await Promise.all(answers)).map((answer) => answer.kind === 'answered' && answer.pdu.status);
    assert.deepEqual(statuses, [0x58, 0, 0x14]);
  });

  it('ignores an answer to nothing, a second answer, and an answer of another kind', async () => {
    const { window, submit } = windowOf();
    const answer = submit();
    assert.equal(window.settle(answerTo(99)), false);
    assert.equal(window.settle(readPdu(pduBytes('enquire_link_resp', { sequence_number: 1 }))), false);
    assert.equal(window.settle(answerTo(1)), true);
    assert.equal(window.settle(answerTo(1, 0x14)), false);
    assert.equal((await answer).kind, 'answered');
  });

  it('takes a generic_nack for an answer', async () => {
    const { window, submit } = windowOf();
    const answer = submit();
    assert.equal(window.settle(readPdu(rawPdu(0x8000_0000, { status: 2, sequence: 1 }))), true);
    assert.equal((await answer).kind, 'answered');
  });

  it('wraps its sequence numbers at 0x7FFFFFFF', () => {
    const { window, written, submit } = windowOf({ firstSequence: LAST_SEQUENCE - 1 });
    for (let sent = 0; sent < 4; sent += 1) void submit();
    assert.deepEqual(written, [LAST_SEQUENCE - 1, LAST_SEQUENCE, 1, 2]);
    window.fail('over');
  });

  it('when it fails leaves exactly what was written unanswered, and says of the rest that it never left', async () => {
    const { window, submit } = windowOf({ size: 4 });
    const answers = Array.from({ length: 10 }, () => submit());
    window.settle(answerTo(2));
    window.fail('session-lost');
    const kinds = (await Promise.all(answers)).map(({ kind }) => kind);
    const written = ['unanswered', 'answered', 'unanswered', 'unanswered', 'unanswered'];
    assert.deepEqual(kinds, [...written, ...Array.from({ length: 5 }, () => 'never-left')]);
    assert.deepEqual(await submit(), { kind: 'never-left', code: 'session-lost' });
  });

  it('when it shuts still takes the answers to what was written', async () => {
    const { window, submit } = windowOf({ size: 1 });
    const [first, second] = [submit(), submit()];
    window.shut('closing');
    assert.deepEqual(await second, { kind: 'never-left', code: 'closing' });
    const drained = window.drained();
    window.settle(answerTo(1));
    await drained;
    assert.equal((await first)?.kind, 'answered');
  });

  it('gives a silent answer up after its time, and still knows it when it comes late', async () => {
    const { window, submit } = windowOf({ timeoutMs: 20 });
    const late: number[] = [];
    const answer = await submit({ onLateAnswer: ({ sequence }) => late.push(sequence) });
    assert.deepEqual(answer, { kind: 'unanswered', code: 'response-timeout' });
    assert.equal(window.inFlight, 0);
    assert.equal(window.settle(answerTo(1)), true);
    assert.equal(window.settle(answerTo(1)), false);
    assert.deepEqual(late, [1]);
  });

  it('recalls what waits for a place, never what was written', async () => {
    const { window, written, submit } = windowOf({ size: 1 });
    const controller = new AbortController();
    const first = submit({ signal: controller.signal });
    const second = submit({ signal: controller.signal });
    controller.abort();
    assert.deepEqual(await second, { kind: 'never-left', code: 'aborted' });
    assert.deepEqual(await submit({ signal: controller.signal }), { kind: 'never-left', code: 'aborted' });
    window.settle(answerTo(1));
    assert.equal((await first).kind, 'answered');
    assert.deepEqual(written, [1]);
  });

  it('says that a place was waited for in vain', async () => {
    const { window, submit } = windowOf({ size: 1, timeoutMs: 20 });
    // With the end of the first wait the second is written; the third has waited long enough.
    const [, , third] = await Promise.all([submit(), submit(), submit()]);
    assert.deepEqual(third, { kind: 'never-left', code: 'window-full' });
    assert.equal(window.inFlight, 0);
  });

  it('waits no longer for a place, or an answer, than the request can', async () => {
    const { submit, window } = windowOf({ size: 1 });
    const [first, second] = await Promise.all([submit({ maxAnswerMs: 20 }), submit({ maxWaitMs: 0 })]);
    assert.deepEqual(first, { kind: 'unanswered', code: 'response-timeout' });
    assert.deepEqual(second, { kind: 'never-left', code: 'window-full' });
    assert.equal(window.inFlight, 0);
  });

  it('says of what cannot be put into bytes that it never left', async () => {
    const { window, submit } = windowOf();
    const encode = () => {
      throw new RangeError('does not fit');
    };
    assert.deepEqual(await submit({ encode }), { kind: 'never-left', code: 'not-encodable' });
    assert.equal(window.inFlight, 0);
  });
});
