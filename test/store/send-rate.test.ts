import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { sql } from 'kysely';
import { createSendShares, reserveSends } from '../../src/store/send-rate.ts';
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
    const ahead = sql`INSERT INTO send_rate VALUES ('main', date_trunc('second', now()) + interval '30 seconds')`;
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

describe('a channel that is free only in five minutes, by a clock that has gone back since', () => {
  const store = freshStore();
  const ahead = () => sql`INSERT INTO send_rate VALUES ('main', now() + interval '5 minutes')`.execute(store.db);

  it('is free at once, and then keeps its rate', async () => {
    await ahead();
    assert.equal(await reserveSends(store.db, 'main', 1, 10), 0);
    assert.ok((await reserveSends(store.db, 'main', 1, 10)) <= 100);
    assert.ok((await reserveSends(store.db, 'main', 1, 10)) > 100);
  });

  it('is free at once for a share of its places, and then keeps its rate', async () => {
    await ahead();
    const shares = createSendShares(store.db);
    assert.equal(await shares.take('main', 5, 10), 5);
    assert.equal(await shares.take('main', 1, 10), 0);
  });

  it('is believed where its rate is so low that replies may be waiting for as long', async () => {
    await ahead();
    assert.ok((await reserveSends(store.db, 'main', 1, 0.1)) > 290_000);
  });
});

describe('shares of a channel’s rate', () => {
  const store = freshStore();
  const reservations = async () =>
    (
      await look<{ ahead: number }>(
        store.db,
        sql`SELECT round(extract(epoch FROM free_at - clock_timestamp()) * 1000)::int AS ahead FROM send_rate`,
      )
    )[0]?.ahead ?? 0;
  afterEach(() => mock.reset());

  it('give a slow channel’s places one by one, and none before its time', async () => {
    const shares = createSendShares(store.db);
    assert.equal(await shares.take('main', 3, 1), 1);
    assert.equal(await shares.take('main', 1, 1), 0);
    assert.equal(await createSendShares(store.db).take('main', 1, 1), 0, 'nor to another process');
  });

  it('reserve a twentieth of a second’s places at a time, and ask nobody until these are used', async () => {
    const shares = createSendShares(store.db);
    assert.equal(await shares.take('main', 1, 1_000), 1);
    const ahead = await reservations();
    assert.ok(ahead > 0 && ahead <= 50, `${ahead}`);
    await sql`DELETE FROM send_rate`.execute(store.db);
    for (let taken = 1; taken < 50; taken += 7) assert.equal(await shares.take('main', 7, 1_000), 7);
    assert.equal(await reservations(), 0);
    await shares.take('main', 1, 1_000);
    assert.ok((await reservations()) > 0);
  });

  it('give a whole pack its places at once, but not more than the channel carries in a second', async () => {
    assert.equal(await createSendShares(store.db).take('main', 60, 100), 60);
    assert.equal(await createSendShares(store.db).take('other', 60, 40), 40);
  });

  it('lapse after a second', async () => {
    let now = 0;
    mock.method(performance, 'now', () => now);
    const shares = createSendShares(store.db);
    assert.equal(await shares.take('main', 1, 1_000), 1);
    await sql`UPDATE send_rate SET free_at = now() + interval '30 seconds'`.execute(store.db);
    now = 999;
    assert.equal(await shares.take('main', 1, 1_000), 1);
    now = 1_000;
    assert.equal(await shares.take('main', 1, 1_000), 0);
  });

  it('of many processes together pass the rate by a tenth of a second and their last share at most', async () => {
    const perSecond = 200;
    const began = performance.now();
    const taken = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const shares = createSendShares(store.db);
        let count = 0;
        for (let n = 0; n < 40; n += 1) count += await shares.take('main', 5, perSecond);
        return count;
      }),
    );
    const seconds = (performance.now() - began) / 1_000;
    const total = taken.reduce((sum, count) => sum + count);
    assert.ok(total <= perSecond * (seconds + 0.1) + 10, `${total} in ${seconds} s`);
    assert.ok(total >= 10, `${total}`);
  });
});
