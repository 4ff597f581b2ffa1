import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { type Database, transact } from '../../src/store/database.ts';
import { type ActOfDestruction, erase } from '../../src/store/erase.ts';
import { lockPhones } from '../../src/store/locks.ts';
import { claimReplies, recordAttempts } from '../../src/store/replies.ts';
import { lockWaiters, look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { tracesOf } from '../support/traces.ts';
import { waitFor } from '../support/wait-for.ts';
import { CLUB, card, phone } from '../support/world.ts';
import { openTestPool } from './open-test-store.ts';
import { addReplies } from './outbox.ts';

const ANNA = phone(0);

describe('an erasure that is open', () => {
  const store = freshStore();
  let peppered: Database;
  before(() => {
    peppered = openTestPool(store.url, 'a pepper');
  });
  after(() => peppered.destroy());

  /** Runs `meanwhile` until it waits for what the erasure of Anna has locked, her replies emptied; then both go on. */
  async function whileErasing<T>(
    meanwhile: () => Promise<T>,
  ): Promise<readonly [act: ActOfDestruction | undefined, T]> {
    await sql`INSERT INTO enrolments (program, way, card, phone, state, entered_by)
      VALUES ('club', 'website', ${card(0)}, ${ANNA}, 'code-sent', 'key:a')`.execute(store.db);
    const own = await store.db.startTransaction().execute();
    await sql`SELECT FROM enrolments FOR UPDATE`.execute(own);
    const erasing = erase(peppered, { program: CLUB, who: { phone: ANNA }, actor: 'cli:test' });
    await waitFor(async () => (await lockWaiters(store.db)) === 1, { what: 'the erasure to wait' });
    const other = meanwhile();
    await waitFor(async () => (await lockWaiters(store.db)) === 2, { what: 'the other to wait for the erasure' });
    await own.commit().execute();
    return await Promise.all([erasing, other]);
  }

  it('is not undone by a worker that writes down that the provider calls the phone opted out', async () => {
    const [id = ''] = await addReplies(store.db, [{ recipient: ANNA }]);
    const [claimed] = await claimReplies(store.db, 'main', [id]);
    const result = { kind: 'failed', errorCode: 'opted-out', isOptOut: true } as const;
    const attempt = { id, attemptedAt: claimed?.attempted_at ?? '', text: 'words', segments: 1, result };
    const [act] = await whileErasing(() => recordAttempts(store.db, [attempt]));
    assert.equal(act?.counts.replies, 1);
    assert.deepEqual(await tracesOf(store.url, [ANNA.slice(1)]), []);
  });

  it('tells whoever waits for the phone that it had opted out', async () => {
    await sql`INSERT INTO phones (program, phone, opted_out_at) VALUES ('club', ${ANNA}, now())`.execute(store.db);
    const [act, locked] = await whileErasing(() => transact(peppered, (trx) => lockPhones(trx, 'club', [ANNA])));
    assert.equal(act?.isOptOutKept, true);
    assert.deepEqual(
      locked.map((row) => [row.phone, row.opted_out_at !== null]),
      [[ANNA, true]],
    );
    const kept = sql`SELECT FROM phones WHERE opted_out_at IS NOT NULL`;
    assert.equal((await look(store.db, kept)).length, 1);
  });
});
