import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { reserveSends } from '../../src/store/send-rate.ts';
import { look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';

describe('reserveSends', () => {
  const store = freshStore();
  /** Milliseconds until the channel is free, counted from `since`. */
  const freeAt = async (channel: string) => {
    const query = sql`SELECT extract(epoch FROM free_at)::float8 * 1000 AS at FROM send_rate WHERE channel = ${channel}`;
    return (await look<{ at: number }>(store.db, query))[0]?.at ?? Number.NaN;
  };

  it('lets the first one go at once, and an idle channel earns nothing for later', async () => {
    const { db } = store;
    assert.equal(await reserveSends(db, 'main', 1, 10), 0);
    await sql`UPDATE send_rate SET free_at = now() - interval '1 hour'`.execute(db);
    assert.equal(await reserveSends(db, 'main', 5, 10), 0);
    const wait = await reserveSends(db, 'main', 1, 10);
    assert.ok(wait > 300 && wait <= 500, `${wait}`);
  });

  it('gives 100 concurrent reservations places one after another, exactly at the rate', async () => {
    const { db } = store;
    const ahead = sql`INSERT INTO send_rate VALUES ('main', date_trunc('second', now()) + interval '1 hour')`;
    await ahead.execute(db);
    const start = await freeAt('main');
    const counts = Array.from({ length: 100 }, (_, n) => 1 + (n % 3));
    const begun = Date.now();
    const waits = await Promise.all(counts.map((count) => reserveSends(db, 'main', count, 20)));
    const total = counts.reduce((sum, count) => sum + count);
    assert.ok(Math.abs((await freeAt('main')) - start - total * 50) < 1);
    const inTurn = waits.toSorted((a, b) => a - b);
    assert.ok((inTurn[0] ?? 0) > start - Date.now() - 1_000, 'the first waits for what was reserved before');
    assert.ok((inTurn.at(-1) ?? 0) < start - begun + (total - 1) * 50, 'the last does not wait for its own');
  });

  it('keeps a rate below one a second, and each channel’s own', async () => {
    const { db } = store;
    await reserveSends(db, 'slow', 1, 0.5);
    const wait = await reserveSends(db, 'slow', 1, 0.5);
    assert.ok(wait > 1_500 && wait <= 2_000, `${wait}`);
    assert.equal(await reserveSends(db, 'main', 1, 0.5), 0);
  });
});
