import assert from 'node:assert/strict';
import { type RawBuilder, sql } from 'kysely';
import { type Database, transact } from '../../src/store/database.ts';
import { erase } from '../../src/store/erase.ts';
import { forgetUnconfirmed } from '../../src/store/forget-unconfirmed.ts';
import { lockPhones } from '../../src/store/locks.ts';
import { addCards, arrive, inbound, lockWaiters, look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { tracesOf } from '../support/traces.ts';
import { waitFor } from '../support/wait-for.ts';
import { CLUB, card, phone } from '../support/world.ts';
import { openTestPool } from './open-test-store.ts';
import { addReplies } from './outbox.ts';

const ANNA = phone(0);
const NOW = new Date('2026-03-01T12:00:00Z');
const LONG_AGO = new Date('2026-03-01T10:59:00Z');
const LATELY = new Date('2026-03-01T11:01:00Z');

describe('an enrolment that nobody confirmed', () => {
  const store = freshStore();

  /** Somebody typed the phone of Anna; answers the id of the text with the code. */
  async function typed(expiresAt = LONG_AGO, db: Database = store.db): Promise<string> {
    await transact(db, (trx) => lockPhones(trx, 'club', [ANNA]));
    const [reply = ''] = await addReplies(db, [{ template: 'confirm-code', recipient: ANNA, status: 'unknown' }]);
    await sql`INSERT INTO enrolments (program, way, card, phone, state, entered_by, expires_at, code_replies)
      VALUES ('club', 'website', ${card(0)}, ${ANNA}, 'code-sent', 'key:a', ${expiresAt}, ${[reply]}::bigint[])`.execute(
      db,
    );
    return reply;
  }
  const phones = () => look(store.db, sql`SELECT phone FROM phones`);

  it('leaves no trace of the phone, and its texts are not sent any more', async () => {
    await typed();
    await typed();
    await forgetUnconfirmed(store.db, NOW);
    assert.deepEqual(await tracesOf(store.url, [ANNA.slice(1), card(0)]), []);
    const replies = sql`SELECT status, sweep_at, count(*)::int FROM replies GROUP BY 1, 2`;
    assert.deepEqual(await look(store.db, replies), [{ status: 'failed', sweep_at: null, count: 2 }]);
  });

  it('is kept for an hour after its code, with the phone that another one was for, too', async () => {
    const forgotten = await typed();
    const kept = await typed(LATELY);
    await forgetUnconfirmed(store.db, NOW);
    assert.deepEqual(await look(store.db, sql`SELECT id, recipient FROM replies ORDER BY id`), [
      { id: forgotten, recipient: '' },
      { id: kept, recipient: ANNA },
    ]);
    assert.equal((await phones()).length, 1);
  });

  const known: readonly (readonly [what: string, make: (db: Database) => Promise<unknown>])[] = [
    ['texted us', (db) => arrive(db, [inbound(ANNA, { kind: 'none' })])],
    ['has a card', (db) => addCards(db, [{ number: card(1), holder: ANNA }])],
    ['was texted otherwise', (db) => addReplies(db, [{ recipient: ANNA }])],
    ...(
      [
        ['opted out', sql`opted_out_at = now()`],
        ['has a language', sql`locale = 'fa'`],
        ['was answered', sql`replied_at = ARRAY[now()]`],
        ['guessed', sql`failed_at = ARRAY[now()]`],
      ] as const
    ).map(
      ([what, set]: readonly [string, RawBuilder<unknown>]) =>
        [what, (db: Database) => sql`UPDATE phones SET ${set}`.execute(db)] as const,
    ),
  ];
  for (const [what, make] of known) {
    it(`takes nothing from a phone that ${what}`, async () => {
      await typed();
      await make(store.db);
      await forgetUnconfirmed(store.db, NOW);
      assert.equal((await phones()).length, 1);
    });
  }

  it('takes nothing from a phone that gets a card at the same time', async () => {
    await typed();
    const own = await store.db.startTransaction().execute();
    await lockPhones(own, 'club', [ANNA]);
    const forgetting = forgetUnconfirmed(store.db, NOW);
    await waitFor(async () => (await lockWaiters(store.db)) === 1, { what: 'the phone to be waited for' });
    await sql`INSERT INTO cards (program, number) VALUES ('club', ${card(1)})`.execute(own);
    await sql`INSERT INTO bindings (program, card, phone, proof, actor)
      VALUES ('club', ${card(1)}, ${ANNA}, 'cashier', 'key:a')`.execute(own);
    await own.commit().execute();
    await forgetting;
    assert.equal((await phones()).length, 1);
  });

  it('brings no number of an erased person back, and their opt-out stays', async () => {
    const peppered = openTestPool(store.url, 'a pepper');
    await sql`INSERT INTO phones (program, phone, opted_out_at) VALUES ('club', ${ANNA}, now())`.execute(store.db);
    await erase(peppered, { program: CLUB, who: { phone: ANNA }, actor: 'cli:test' });
    await typed(LONG_AGO, peppered);
    await forgetUnconfirmed(peppered, NOW);
    assert.deepEqual(await tracesOf(store.url, [ANNA.slice(1)]), []);
    const [met] = await transact(peppered, (trx) => lockPhones(trx, 'club', [ANNA]));
    assert.notEqual(met?.opted_out_at, null);
    await peppered.destroy();
  });
});
