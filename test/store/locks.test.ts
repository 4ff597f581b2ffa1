import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { lockPhones } from '../../src/store/locks.ts';
import { lockWaiters } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { waitFor } from '../support/wait-for.ts';
import { phone } from '../support/world.ts';

describe('lockPhones', () => {
  const store = freshStore();

  /** Until so many wait for a lock, or the work is done without waiting. */
  const until = async (count: number, ...works: Promise<unknown>[]) => {
    let isDone = false;
    for (const work of works) void work.then(() => (isDone = true)).catch(() => undefined);
    await waitFor(async () => isDone || (await lockWaiters(store.db)) >= count, {
      what: `${count} to wait for a lock`,
    });
  };
  const locking = (phones: readonly Msisdn[]) =>
    store.db.transaction().execute((trx) => lockPhones(trx, 'club', phones));

  /** Keeps a phone locked until `release`. */
  async function hold(held: Msisdn): Promise<{ release: () => Promise<void> }> {
    await sql`INSERT INTO phones (program, phone) VALUES ('club', ${held})`.execute(store.db);
    const trx = await store.db.startTransaction().execute();
    await sql`SELECT FROM phones WHERE phone = ${held} FOR UPDATE`.execute(trx);
    return { release: () => trx.commit().execute() };
  }

  it('does not deadlock over phones that are new to several transactions', async () => {
    const [first, second, third, fourth] = [phone(1), phone(2), phone(3), phone(4)] as const;
    const one = await hold(first);
    const two = await hold(third);
    // It has looked for the rows when the second phone is added by somebody else …
    const early = locking([first, second, fourth]);
    await until(1);
    const added = sql`INSERT INTO phones (program, phone) VALUES ('club', ${second}) ON CONFLICT DO NOTHING`.execute(
      store.db,
    );
    await until(2, added);
    // … and somebody who has that one locked wants the fourth, too.
    const late = locking([second, third, fourth]);
    await until(2);
    await one.release();
    await until(2, early);
    await two.release();
    const locked = await Promise.all([early, late]);
    await added;
    assert.deepEqual(
      locked.map((rows) => rows.map((row) => row.phone)),
      [
        [first, second, fourth],
        [second, third, fourth],
      ],
    );
  });

  it('answers every phone once, in order, whether it was known or not', async () => {
    await sql`INSERT INTO phones (program, phone, locale) VALUES ('club', ${phone(2)}, 'fa')`.execute(store.db);
    const locked = await store.db
      .transaction()
      .execute((trx) => lockPhones(trx, 'club', [phone(3), phone(2), phone(1), phone(2)]));
    assert.deepEqual(
      locked.map((one) => [one.phone, one.locale]),
      [
        [phone(1), null],
        [phone(2), 'fa'],
        [phone(3), null],
      ],
    );
  });
});
