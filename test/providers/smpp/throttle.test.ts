import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Pace,
  paceOf,
  retryAfterMs,
  SLOWEST_PER_SECOND,
  slowDown,
  speedUp,
  takeTurn,
} from '../../../src/providers/smpp/throttle.ts';

const FOR_EVER = Number.POSITIVE_INFINITY;
const NO_PACE = paceOf(FOR_EVER);

describe('The pace of a channel', () => {
  it('keeps its limit: a place each step, and whoever can wait for it gets it', () => {
    let pace = paceOf(10);
    const waits: number[] = [];
    for (let sent = 0; sent < 4; sent += 1) {
      const [next, turn] = takeTurn(pace, 0, FOR_EVER);
      pace = next;
      if (turn.kind === 'go') waits.push(turn.waitMs);
    }
    assert.deepEqual(waits, [0, 100, 200, 300]);
  });

  it('uses the places of ten milliseconds together, and is never further ahead of its limit', () => {
    let pace = paceOf(1_000);
    const waits = Array.from({ length: 25 }, () => {
      const [next, turn] = takeTurn(pace, 0, FOR_EVER);
      pace = next;
      return turn.waitMs;
    });
    assert.deepEqual(waits, [...Array(10).fill(0), ...Array(10).fill(10), ...Array(5).fill(20)]);
    const gaps = fc.array(fc.double({ min: 0, max: 30, noNaN: true }));
    fc.assert(fc.property(fc.integer({ min: 1, max: 20_000 }), gaps, isNearItsLimit));
  });

  it('turns away, for a second at least, who cannot wait for its place, and keeps it for others', () => {
    const [pace] = takeTurn(paceOf(10), 0, FOR_EVER);
    const [after, turn] = takeTurn(pace, 0, 50);
    assert.deepEqual(turn, { kind: 'later', waitMs: 1_000 });
    assert.deepEqual(takeTurn(after, 0, 100)[1], { kind: 'go', waitMs: 100 });
  });

  it('never exceeds its limit, whatever an SMSC once imposed', () => {
    let pace = slowDown(paceOf(10), 0, 10);
    assert.equal(pace.perSecond, 5);
    for (let taken = 0; taken < 100; taken += 1) {
      pace = speedUp(pace);
      assert.ok((pace.perSecond ?? 0) < 10);
    }
    assert.equal(pace.perSecond, undefined);
    const [next] = takeTurn(pace, 5_000, FOR_EVER);
    assert.deepEqual(takeTurn(next, 5_000, FOR_EVER)[1], { kind: 'go', waitMs: 100 });
  });
});

describe('The pace that an SMSC imposes', () => {
  it('is none until it asks for one', () => {
    const [pace, turn] = takeTurn(NO_PACE, 5, 0);
    assert.deepEqual([turn, pace.perSecond], [{ kind: 'go', waitMs: 0 }, undefined]);
    assert.equal(speedUp(NO_PACE), NO_PACE);
  });

  it('is half of what was too fast, and half again when that is too fast a second later', () => {
    const once = slowDown(NO_PACE, 0, 100);
    assert.equal(once.perSecond, 50);
    assert.equal(slowDown(once, 1_000, 50).perSecond, 25);
  });

  it('is halved once by all refusals of one burst', () => {
    const once = slowDown(NO_PACE, 0, 100);
    assert.equal(slowDown(once, 999, 100), once);
  });

  it('never falls below one a second, so that the end of the refusals is noticed', () => {
    let pace = slowDown(NO_PACE, 0, 100);
    for (let now = 1_000; now <= 60_000; now += 1_000) pace = slowDown(pace, now, 1);
    assert.equal(pace.perSecond, SLOWEST_PER_SECOND);
  });

  it('rises by some 5 a second when 100 a second was too fast, and is forgotten at 200', () => {
    let pace: Pace = slowDown(NO_PACE, 0, 100);
    let seconds = 0;
    for (; pace.perSecond !== undefined && seconds < 100; seconds += 1) {
      const before: number = pace.perSecond;
      for (let taken = 0; taken < Math.floor(before); taken += 1) pace = speedUp(pace);
      if (pace.perSecond !== undefined) {
        const rise = pace.perSecond - before;
        assert.ok(rise > 4 && rise <= 5.1, `rose by ${rise}`);
      }
    }
    assert.equal(pace.perSecond, undefined);
    assert.ok(seconds >= 28 && seconds <= 34, `${seconds} s`);
  });

  it('lets no more out in any second than it says, plus one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 50, maxLength: 400 }),
        (rate, gaps) => {
          let pace = slowDown(NO_PACE, 0, rate * 2);
          let now = 0;
          const left: number[] = [];
          for (const gap of gaps) {
            now += gap;
            const [next, turn] = takeTurn(pace, now, FOR_EVER);
            pace = next;
            if (turn.kind === 'go') left.push(now + turn.waitMs);
          }
          for (const at of left) {
            const within = left.filter((other) => other >= at && other < at + 1_000).length;
            assert.ok(within <= rate + 1, `${within} in a second at ${rate}`);
          }
        },
      ),
    );
  });

  it('turns away who would wait longer than a second, each to another time within 30 s', () => {
    let pace = slowDown(NO_PACE, 0, 20);
    const waits: number[] = [];
    for (let sent = 0; sent < 400; sent += 1) {
      const [next, turn] = takeTurn(pace, 0, FOR_EVER);
      pace = next;
      if (turn.kind === 'later') waits.push(turn.waitMs);
      else assert.ok(turn.waitMs <= 1_000);
    }
    assert.ok(waits.length > 380);
    assert.ok(waits.every((waitMs) => waitMs > 1_000 && waitMs <= 30_000));
    assert.ok(new Set(waits).size > 250);
  });

  it('tells whoever was refused to wait a second at least and 30 s at most', () => {
    assert.equal(retryAfterMs(slowDown(NO_PACE, 0, 100), 0), 1_000);
    assert.equal(retryAfterMs({ ...NO_PACE, perSecond: 1, promisedUntil: 90_000 }, 0), 30_000);
  });
});

/** Whoever comes after each of the gaps waits until less than ten milliseconds before its place at most. */
function isNearItsLimit(limit: number, gaps: readonly number[]): void {
  let pace = paceOf(limit);
  let [now, place] = [0, 0];
  for (const gap of gaps) {
    now += gap;
    place = Math.max(place, now);
    const [next, turn] = takeTurn(pace, now, FOR_EVER);
    pace = next;
    const earlyMs = place - now - turn.waitMs;
    assert.ok(earlyMs > -1e-6 && earlyMs < 10, `${earlyMs} ms before its place`);
    place += 1_000 / limit;
  }
}
