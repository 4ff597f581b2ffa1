import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { createReplyQuota } from '../../src/store/reply-quota.ts';
import { look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { CLUB, clubWith } from '../support/world.ts';

const NOON = new Date('2024-05-01T12:00:00Z');
const capped = (repliesPerDay: number) => clubWith({ limits: { ...CLUB.limits, repliesPerDay } });

describe('the replies of a day', () => {
  const store = freshStore();
  const openQuota = () => createReplyQuota(store.db, () => NOON);
  const used = async () =>
    (await look<{ used: number }>(store.db, sql`SELECT sum(used)::int AS used FROM reply_quota`))[0]?.used ?? 0;

  for (const cap of [0, 1, 7, 1_000]) {
    it(`are never more than ${cap}, with 16 takers over 4 processes that give back what they do not use`, async () => {
      const processes = [openQuota(), openQuota(), openQuota(), openQuota()];
      let made = 0;
      const taker = async (n: number) => {
        for (let turn = 0; turn < 30; turn += 1) {
          const want = 1 + ((n * 7 + turn * 3) % 9);
          const taken = await processes[n % 4]?.take(capped(cap), want);
          assert.ok(taken !== undefined && taken.count <= want);
          const uses = Math.min(taken.count, (n + turn) % 6);
          made += uses;
          assert.ok(made <= cap);
          taken.giveBack(taken.count - uses);
        }
      };
      await Promise.all(Array.from({ length: 16 }, (_, n) => taker(n)));
      assert.ok(made <= (await used()) && (await used()) <= cap);
      // What was given back is not lost: alone, each process can still use its own.
      for (const quota of processes) made += (await quota.take(capped(cap), cap)).count;
      assert.equal(made, cap);
    });
  }

  it('can be taken to the last one by whoever asks for little', async () => {
    const quota = openQuota();
    const counts: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) counts.push((await quota.take(capped(7), 2)).count);
    assert.deepEqual(counts, [2, 2, 2, 1]);
  });

  it('are counted in shares, so that packs do not queue up for one row', async () => {
    const quota = openQuota();
    await quota.take(capped(10_000), 2);
    assert.equal(await used(), 100);
    await Promise.all(Array.from({ length: 20 }, () => quota.take(capped(10_000), 4)));
    assert.equal(await used(), 100);
  });

  it('begin anew at midnight UTC, and what was taken before it is not given back after it', async () => {
    let now = new Date('2024-05-01T23:59:59Z');
    const quota = createReplyQuota(store.db, () => now);
    const late = await quota.take(capped(5), 5);
    assert.equal((await quota.take(capped(5), 1)).count, 0);
    now = new Date('2024-05-02T00:00:00Z');
    const today = await quota.take(capped(5), 3);
    late.giveBack(5);
    assert.deepEqual([today.count, (await quota.take(capped(5), 5)).count], [3, 2]);
  });

  it('are each programme’s own', async () => {
    const quota = openQuota();
    assert.equal((await quota.take(capped(1), 1)).count, 1);
    assert.equal((await quota.take({ ...capped(1), key: 'other' }, 1)).count, 1);
  });

  it('are used up at once when the cap is lowered during the day', async () => {
    await openQuota().take(capped(50), 40);
    assert.equal((await openQuota().take(capped(10), 5)).count, 0);
  });
});
