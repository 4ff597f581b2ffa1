import assert from 'node:assert/strict';
import fc from 'fast-check';
import { openHand } from '../../src/queue/hand.ts';

describe('the ids in hand', () => {
  it('let a job end at once while there is room, and one that is too many when some is made', () => {
    const hand = openHand(100);
    const ended: string[] = [];
    const first = hand.take(50, () => ended.push('first'));
    hand.take(50, () => ended.push('second'));
    const third = hand.take(50, () => ended.push('third'));
    assert.deepEqual([ended, third.isEnded], [['first', 'second'], false]);
    first.release(true);
    assert.deepEqual([ended, third.isEnded], [['first', 'second', 'third'], true]);
  });

  it('end no job before its handler after one threw, until one has gone well', () => {
    const hand = openHand(100);
    hand.take(1, () => {}).release(false);
    const ended: string[] = [];
    const second = hand.take(1, () => ended.push('second'));
    const third = hand.take(1, () => ended.push('third'));
    assert.deepEqual(ended, []);
    second.release(true);
    assert.deepEqual([ended, second.isEnded, third.isEnded], [['third'], false, true]);
  });

  it('are never more than may be, of jobs that ended, and no job waits while there is room', () => {
    const step = fc.record({ ids: fc.integer({ min: 1, max: 50 }), ends: fc.nat(9), isSound: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const hand = openHand(120);
        let isWell = true;
        const open: { ids: number; grip: ReturnType<typeof hand.take> }[] = [];
        for (const { ids, ends, isSound } of steps) {
          const [done] = open.splice(ends, 1);
          done?.grip.release(isSound);
          if (done === undefined) open.push({ ids, grip: hand.take(ids, () => {}) });
          else isWell = isSound;
          const held = open.reduce((sum, job) => sum + job.ids, 0);
          const ended = open.filter((job) => job.grip.isEnded).reduce((sum, job) => sum + job.ids, 0);
          assert.ok(ended <= 120, `${ended} ids of ended jobs`);
          if (isWell && held <= 120) assert.equal(ended, held);
        }
      }),
    );
  });
});
