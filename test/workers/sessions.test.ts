import assert from 'node:assert/strict';
import type { Provider, Received, SessionDoor } from '../../src/providers/provider.ts';
import type { Database } from '../../src/store/database.ts';
import { listLeases } from '../../src/store/leases.ts';
import { type KeptSessions, keepSessions, type LeaseTerms } from '../../workers/sessions.ts';
import { openTestPool } from '../store/open-test-store.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept, scriptedProvider } from '../support/scripted-provider.ts';
import { waitFor } from '../support/wait-for.ts';
import { log } from './binder.ts';

const TERMS: LeaseTerms = { forMs: 800, letGoAfterMs: 600, everyMs: 50, sendsAfterMs: 10_000 };

/**
 * A provider over sessions that does nothing but remember who runs it, and one process after another that may. Its session
 * is bound unless told otherwise; `bind` does it then.
 */
function peers({ isBound = true } = {}) {
  const running = new Set<string>();
  const journal: string[] = [];
  const doors = new Map<string, SessionDoor>();
  let canSend = isBound;
  const state = () =>
    ({ name: 'transceiver-1', state: canSend ? 'bound' : 'waiting', since: new Date(0), inFlight: 0 }) as const;
  const provider = (name: string): Provider => ({
    ...scriptedProvider(accept),
    sessions: {
      async run(door, part, cut) {
        running.add(name);
        doors.set(name, door);
        assert.equal(running.size, 1, 'two processes have the sessions of one channel');
        door.changed(state());
        const how = await Promise.race([told(part, 'parted'), told(cut, 'was cut off')]);
        running.delete(name);
        journal.push(`${name} ${how}`);
      },
      states: () => [state()],
      canSend: () => canSend,
    },
  });
  return {
    running,
    journal,
    doors,
    provider,
    bind(name: string) {
      canSend = true;
      doors.get(name)?.changed(state());
    },
  };
}

function told<T>(signal: AbortSignal, what: T): Promise<T> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(what), { once: true }));
}

describe('the sessions of a channel', () => {
  const store = freshStore();
  const open: KeptSessions[] = [];
  const pools: Database[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close(0)));
    await Promise.all(pools.splice(0).map((pool) => pool.destroy()));
  });

  interface Changes {
    readonly kept?: (readonly Received[])[];
    readonly db?: Database;
    readonly lease?: Partial<LeaseTerms>;
    /** Until when the replies at hand take. */
    readonly sending?: Promise<void>;
    /** Told when they are called off. */
    readonly callOff?: () => void;
  }

  function start(name: string, all: ReturnType<typeof peers>, changes: Changes = {}) {
    const { kept = [], db = store.db, lease, sending, callOff } = changes;
    const sessions = keepSessions({
      db,
      lines: new Map([
        ['smpp-main', { provider: all.provider(name) }],
        ['by-webhook', { provider: scriptedProvider(accept) }],
      ]),
      keep: async (_channel, received) => void kept.push(received),
      openSending: (channel) => {
        all.journal.push(`${name} sends for ${channel}`);
        return async (graceMs) => {
          if (graceMs > 0) await sending;
          all.journal.push(graceMs > 0 ? `${name} sends no more` : `${name} calls its sends off`);
          if (graceMs === 0) callOff?.();
        };
      },
      log,
      lease: { ...TERMS, ...lease },
    });
    open.push(sessions);
    return sessions;
  }

  it('are one process’s, which also sends; the next takes over when it parts, and not before', async () => {
    const all = peers();
    const first = start('first', all);
    await waitFor(() => all.running.has('first'), { what: 'the first to hold' });
    start('second', all);
    const looks = Array.from({ length: 5 }, async () => (await listLeases(store.db))[0]?.isAlive);
    assert.deepEqual(await Promise.all(looks), [true, true, true, true, true]);
    await first.close(1_000);
    await waitFor(() => all.running.has('second'), { what: 'the second to hold' });
    await waitFor(() => all.journal.length === 4, { what: 'the second to send' });
    const parting = ['first sends for smpp-main', 'first sends no more', 'first parted', 'second sends for smpp-main'];
    assert.deepEqual(all.journal, parting);
  });

  it('are taken over from a process that can no longer reach the database, once it must have let go', async () => {
    const all = peers();
    const pool = openTestPool(store.url);
    start('first', all, { db: pool });
    await waitFor(() => all.running.has('first'), { what: 'the first to hold' });
    start('second', all);
    const shut = all.doors.get('first');
    await pool.destroy();
    await waitFor(() => all.running.has('second'), { what: 'the second to hold' });
    await waitFor(() => all.journal.length === 4, { what: 'the second to send' });
    const calledOff = ['first sends for smpp-main', 'first calls its sends off', 'first was cut off'];
    assert.deepEqual(all.journal, [...calledOff, 'second sends for smpp-main']);
    assert.ok(shut);
    await assert.rejects(shut.keep([], Buffer.alloc(0)), /lease/);
  });

  it('are let go in time also by one that was told to stop and still has replies at hand', async () => {
    const all = peers();
    const pool = openTestPool(store.url);
    let callOff = () => {};
    const sending = new Promise<void>((resolve) => {
      callOff = resolve;
    });
    const first = start('first', all, { db: pool, sending, callOff });
    await waitFor(() => all.journal.length > 0, { what: 'the first to send' });
    start('second', all);
    const closed = first.close(60_000);
    await pool.destroy();
    await waitFor(() => all.running.has('second'), { what: 'the second to hold' });
    await closed;
    assert.deepEqual(all.journal.slice(0, 2), ['first sends for smpp-main', 'first calls its sends off']);
    assert.ok(all.journal.includes('first was cut off'));
  });

  it('send nothing before one of them is bound: nobody takes the SMSC to be away meanwhile', async () => {
    const all = peers({ isBound: false });
    const first = start('first', all);
    await waitFor(async () => (await listLeases(store.db)).length > 0 && all.doors.has('first'), { what: 'the lease' });
    assert.deepEqual(all.journal, []);
    all.bind('first');
    await waitFor(() => all.journal.length > 0, { what: 'sending to begin' });
    await first.close(1_000);
    assert.deepEqual(all.journal, ['first sends for smpp-main', 'first sends no more', 'first parted']);
  });

  it('send all the same when none can be bound for long, so that the SMSC is found to be away', async () => {
    const all = peers({ isBound: false });
    start('first', all, { lease: { sendsAfterMs: 100 } });
    await waitFor(() => all.journal.includes('first sends for smpp-main'), { what: 'sending to begin' });
  });

  it('that are given back before any is bound have sent nothing', async () => {
    const all = peers({ isBound: false });
    const first = start('first', all);
    await waitFor(() => all.running.has('first'), { what: 'the first to hold' });
    await first.close(1_000);
    assert.deepEqual(all.journal, ['first parted']);
    assert.deepEqual(await listLeases(store.db), []);
  });

  it('hand what they receive to the door of their channel, and are shown to people', async () => {
    const all = peers();
    const kept: (readonly Received[])[] = [];
    const first = start('first', all, { kept });
    await waitFor(() => all.doors.get('first'), { what: 'the door' });
    const message = { kind: 'message', message: { providerMessageId: 'a', from: '1', to: '2', text: 'x' } } as const;
    await all.doors.get('first')?.keep([message], Buffer.alloc(0));
    assert.deepEqual(kept, [[message]]);
    assert.deepEqual([...first.states().keys()], ['smpp-main']);
    const [lease] = await listLeases(store.db);
    assert.deepEqual([lease?.channel, lease?.states[0]?.state], ['smpp-main', 'bound']);
  });

  it('are one process’s at a time, however many want them and come and go', async () => {
    const all = peers();
    for (let round = 0; round < 4; round += 1) {
      const many = Array.from({ length: 6 }, (_, n) => start(`${round}-${n}`, all));
      await waitFor(() => all.running.size === 1, { what: 'one to hold' });
      await Promise.all(many.map((one) => one.close(0)));
      assert.equal(all.running.size, 0);
    }
  });
});
