import assert from 'node:assert/strict';
import { firstIdAt, firstIdOf, type Month, monthAfter, monthOf, parseMonth, startOf } from '../../src/store/months.ts';

describe('a month of messages', () => {
  const moments: readonly (readonly [at: string, month: string])[] = [
    ['2026-11-30T23:59:59.999Z', '2026-11'],
    ['2026-12-01T00:00:00.000Z', '2026-12'],
    ['2026-12-31T23:59:59.999Z', '2026-12'],
    ['2027-01-01T00:00:00.000Z', '2027-01'],
    ['2028-02-29T12:00:00.000Z', '2028-02'],
  ];
  for (const [at, month] of moments) {
    it(`is ${month} at ${at}, and the ids of that moment are within its bounds`, () => {
      const found = monthOf(new Date(at));
      assert.equal(found, month);
      const id = BigInt(firstIdAt(new Date(at)));
      assert.ok(BigInt(firstIdOf(found)) <= id);
      // The greatest id of the millisecond.
      assert.ok(id + (1n << 20n) - 1n < BigInt(firstIdOf(monthAfter(found, 1))));
    });
  }

  it('is counted over the turn of the year, both ways', () => {
    assert.equal(monthAfter('2026-11' as Month, 2), '2027-01');
    assert.equal(monthAfter('2027-01' as Month, -2), '2026-11');
    assert.equal(monthAfter('2026-01' as Month, -25), '2023-12');
  });

  it('begins at midnight UTC', () => {
    assert.equal(startOf('2026-11' as Month).toISOString(), '2026-11-01T00:00:00.000Z');
  });

  it('is read from a partition’s name, and from nothing else', () => {
    assert.equal(parseMonth('2026_11'), '2026-11');
    for (const text of ['2026_13', '2026_00', '2026-11', 'old', '2026_11_pkey'])
      assert.equal(parseMonth(text), undefined);
  });

  it('has ids of at most 19 digits that a Postgres bigint holds, until the year 2248', () => {
    assert.equal(firstIdOf('2026-11' as Month).length, 19);
    assert.ok(BigInt(firstIdOf('2248-01' as Month)) < 2n ** 63n);
  });
});
