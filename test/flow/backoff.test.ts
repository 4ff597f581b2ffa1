import { equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { backoffMs } from '../../src/flow/backoff.ts';

describe('the wait between attempts', () => {
  const longest = () => 1 - Number.EPSILON;
  const shortest = () => 0;

  for (const [attempt, least, most] of [
    [1, 500, 1000],
    [2, 500, 2000],
    [3, 500, 4000],
    [6, 500, 32_000],
    [7, 500, 60_000],
    [5000, 500, 60_000],
  ] as const) {
    it(`after attempt ${attempt} is between ${least} and ${most} ms`, () => {
      equal(backoffMs(attempt, { firstMs: 1000, maxMs: 60_000 }, shortest), least);
      equal(backoffMs(attempt, { firstMs: 1000, maxMs: 60_000 }, longest), most);
    });
  }

  it('never exceeds the longest, even when that is shorter than the first', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (attempt, firstMs, maxMs, random) => {
          const wait = backoffMs(attempt, { firstMs, maxMs }, () => random);
          ok(Number.isInteger(wait) && wait >= Math.floor(Math.min(firstMs / 2, maxMs)) && wait <= maxMs);
        },
      ),
    );
  });
});
