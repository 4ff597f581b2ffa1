import assert from 'node:assert/strict';
import { sql } from 'kysely';
import {
  findLease,
  holdLease,
  leaveLease,
  listLeases,
  type ShownSession,
  unboundSeconds,
} from '../../src/store/leases.ts';
import { freshStore } from '../support/fresh-store.ts';

const session = (state: ShownSession['state'], name = 'transceiver-1') => ({
  name,
  state,
  since: new Date(0),
  inFlight: 0,
});
const BOUND = [session('bound')];
const WAITING = [session('waiting')];

describe('the lease of a channel’s sessions', () => {
  const store = freshStore();

  const hold = (states: readonly ShownSession[], changes: { holder?: string; forMs?: number } = {}) =>
    holdLease(store.db, { channel: 'main', holder: 'first', forMs: 60_000, states, ...changes });
  /** Whole seconds, as `cardwake_session_unbound_seconds` shows them. */
  const unbound = async () => {
    const seconds = (await unboundSeconds(store.db)).get('main');
    return seconds === undefined ? undefined : Math.floor(seconds);
  };
  /** As if all that the row tells had been so much earlier. */
  const age = (seconds: number) =>
    sql`UPDATE session_leases SET until = until - ${seconds} * interval '1 second',
      unbound_since = unbound_since - ${seconds} * interval '1 second'`.execute(store.db);

  it('is one holder’s, until it is given back or not renewed', async () => {
    assert.equal(await hold(BOUND), true);
    assert.equal(await hold(BOUND, { holder: 'second' }), false);
    await leaveLease(store.db, 'main', 'second');
    assert.equal(await hold(BOUND, { holder: 'second' }), false);
    await leaveLease(store.db, 'main', 'first');
    assert.deepEqual(await listLeases(store.db), []);
    assert.equal(await hold(BOUND, { holder: 'second' }), true);
    await age(61);
    assert.equal((await listLeases(store.db))[0]?.isAlive, false);
    assert.equal(await hold(BOUND), true);
  });

  it('ends after its own length also when the clock has gone back since, unless it is renewed', async () => {
    await hold(BOUND);
    await age(-300);
    assert.equal(await hold(BOUND, { holder: 'second' }), false);
    await age(59);
    assert.equal(await hold(BOUND, { holder: 'second' }), false, 'its holder has had its length to renew it');
    await age(2);
    assert.equal(await hold(BOUND, { holder: 'second' }), true);
    await age(-300);
    assert.equal(await hold(BOUND, { holder: 'first' }), false);
    assert.equal(await hold(BOUND, { holder: 'second' }), true);
    await age(59);
    assert.equal(await hold(BOUND, { holder: 'first' }), false);
  });

  it('is found by its channel, with what its holder told last', async () => {
    await holdLease(store.db, { channel: 'other', holder: 'second', forMs: 60_000, states: WAITING });
    assert.equal(await findLease(store.db, 'main'), undefined);
    await hold(BOUND);
    const lease = await findLease(store.db, 'main');
    assert.deepEqual([lease?.channel, lease?.holder, lease?.isAlive], ['main', 'first', true]);
    assert.equal(lease?.states[0]?.state, 'bound');
    await age(61);
    assert.equal((await findLease(store.db, 'main'))?.isAlive, false);
    await leaveLease(store.db, 'main', 'first');
    assert.equal(await findLease(store.db, 'main'), undefined);
  });

  it('tells since when not every session is bound, whatever states they go through', async () => {
    assert.equal(await unbound(), undefined);
    await hold(WAITING);
    await age(30);
    await hold([session('binding')]);
    assert.equal(await unbound(), 30);
    await hold([...BOUND, session('waiting', 'transceiver-2')]);
    assert.equal(await unbound(), 30);
    await hold([...BOUND, session('bound', 'transceiver-2')]);
    assert.equal(await unbound(), 0);
    await hold(WAITING);
    assert.equal(await unbound(), 0);
    await age(10);
    assert.equal(await unbound(), 10);
  });

  it('tells it also while nobody has them, and of the next until its are bound', async () => {
    await hold(BOUND);
    await leaveLease(store.db, 'main', 'first');
    await sql`UPDATE session_leases SET unbound_since = unbound_since - interval '20 seconds'`.execute(store.db);
    assert.equal(await unbound(), 20);
    await hold(WAITING, { holder: 'second' });
    assert.equal(await unbound(), 20);
    await hold(BOUND, { holder: 'second' });
    assert.equal(await unbound(), 0);
  });

  it('tells it of a holder that died, since its lease ended', async () => {
    await hold(BOUND);
    await age(75);
    assert.equal(await unbound(), 15);
    await hold(WAITING, { holder: 'second' });
    assert.equal(await unbound(), 15);
  });
});
