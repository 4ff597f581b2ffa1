import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { arrive, inbound, look, outcomes } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { CLUB, phone } from '../support/world.ts';
import { binder } from './binder.ts';

describe('a STOP to an address that programmes share', () => {
  const store = freshStore();
  const stop = () => inbound(phone(0), { kind: 'stop', alsoOf: ['coffee'] });
  const optedOut = () =>
    look(store.db, sql`SELECT program FROM phones WHERE opted_out_at IS NOT NULL ORDER BY program`);

  it('opts out of all of them, also beside another SMS to one of them, with one reply', async () => {
    const { db } = store;
    const worker = binder(db, { programs: [CLUB, { ...CLUB, key: 'coffee' }] });
    const toCoffee = inbound(phone(0), { kind: 'help' }, { program: 'coffee' });
    await worker.bind(await arrive(db, [toCoffee, stop()]));
    assert.deepEqual(await optedOut(), [{ program: 'club' }, { program: 'coffee' }]);
    assert.deepEqual(await outcomes(db), { help: 1, stopped: 1 });
    assert.equal(worker.replies.length, 2);
  });

  it('opts out of all of them, also when it comes again after a START to one', async () => {
    const { db } = store;
    const worker = binder(db, { programs: [CLUB, { ...CLUB, key: 'coffee' }] });
    await worker.bind(await arrive(db, [stop()]));
    await worker.bind(await arrive(db, [inbound(phone(0), { kind: 'start' }, { program: 'coffee' })]));
    assert.deepEqual(await optedOut(), [{ program: 'club' }]);
    await worker.bind(await arrive(db, [stop()]));
    assert.deepEqual(await optedOut(), [{ program: 'club' }, { program: 'coffee' }]);
  });
});
