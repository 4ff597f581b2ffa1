import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { lockPhones } from '../../src/store/locks.ts';
import { freshStore } from '../support/fresh-store.ts';
import { phone } from '../support/world.ts';

describe('lockPhones', () => {
  const store = freshStore();

  it('locks overlapping sets of new and known phones in any number of transactions without a deadlock', async () => {
    for (let round = 0; round < 15; round += 1) {
      // Some are known already, some come from a transaction that is rolled back, most are new to all.
      const phones = Array.from({ length: 30 }, (_, n) => phone(round * 15 + n));
      const sets = Array.from({ length: 20 }, (_, n) => phones.filter((_, at) => (at * 7 + n * 5) % 11 > 2));
      await Promise.all(
        sets.map((set, n) =>
          store.db.transaction().execute(async (trx) => {
            const locked = await lockPhones(trx, 'club', n % 2 === 0 ? set : set.toReversed());
            assert.deepEqual(
              locked.map((one) => one.phone),
              set,
            );
            if (n % 4 === 3) await sql`ROLLBACK`.execute(trx);
          }),
        ),
      );
    }
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
