import assert from 'node:assert/strict';
import { setImmediate as turnEnded } from 'node:timers/promises';
import { type Admission, createAdmission } from '../../src/http/admission.ts';

const MAX = 400;

/** An admission, with turns of the event loop that take as long as it is told. */
function onAClock(maxWaiting = MAX) {
  let nowMs = 0;
  const admission = createAdmission({ maxWaiting, nowMs: () => nowMs });
  return {
    admission,
    async turn(ms: number) {
      admission.isFull();
      nowMs += ms;
      await turnEnded();
    },
  };
}

/** How many may come in now; they leave again. */
function room(admission: Admission): number {
  let entered = 0;
  for (; !admission.isFull(); entered += 1) admission.enter();
  for (let left = entered; left > 0; left -= 1) admission.leave();
  return entered;
}

describe('the admission of webhook calls', () => {
  it('lets in as many as may wait, and one more for each that leaves', () => {
    const { admission } = onAClock(2);
    admission.enter();
    assert.equal(admission.isFull(), false);
    admission.enter();
    assert.equal(admission.isFull(), true);
    admission.leave();
    assert.equal(admission.isFull(), false);
  });

  const turns: [string, number[], number][] = [
    ['turns as short as at full load leave it as it is', [200, 340], 400],
    ['a turn half as long again takes a third', [525], 267],
    ['a very long one takes half, not more', [5_000], 200],
    ['as do two of them', [700, 700], 100],
    ['a short one gives back five', [700, 50, 50], 210],
    ['however many are long, some are kept', Array.from({ length: 20 }, () => 1_000), 100],
    ['and it comes back to where it was', [1_000, 1_000, ...Array.from({ length: 70 }, () => 50)], 400],
  ];
  for (const [name, ms, expected] of turns) {
    it(name, async () => {
      const { admission, turn } = onAClock();
      for (const one of ms) await turn(one);
      assert.equal(room(admission), expected);
    });
  }

  it('never lets in more than it was told, however slow the machine', async () => {
    const { admission, turn } = onAClock(3);
    await turn(1_000);
    assert.equal(room(admission), 3);
  });

  it('refuses those who come while as many as before still wait, once fewer may', async () => {
    const { admission, turn } = onAClock();
    for (let entered = 0; entered < 300; entered += 1) admission.enter();
    await turn(700);
    assert.equal(admission.isFull(), true);
    for (let left = 0; left < 101; left += 1) admission.leave();
    assert.equal(admission.isFull(), false);
  });
});
