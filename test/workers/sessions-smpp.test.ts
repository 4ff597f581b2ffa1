import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { smppChannel } from '../../src/providers/smpp/channel.ts';
import type { Database } from '../../src/store/database.ts';
import { type KeptSessions, keepSessions, type LeaseTerms, type SessionNeighbours } from '../../workers/sessions.ts';
import { openTestPool } from '../store/open-test-store.ts';
import { addReplies } from '../store/outbox.ts';
import { look } from '../support/club.ts';
import { type FakeSmsc, startFakeSmsc } from '../support/fake-smsc.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept } from '../support/scripted-provider.ts';
import { smppOptionsTo } from '../support/smpp-channel.ts';
import { waitFor } from '../support/wait-for.ts';
import { log } from './binder.ts';
import { sender } from './sender.ts';

/** Half a second for the sessions, and a bit, as in production. */
const TERMS: LeaseTerms = { forMs: 2_000, letGoAfterMs: 1_000, everyMs: 100, sendsAfterMs: 10_000 };

describe('the SMPP sessions of a channel', () => {
  const store = freshStore();
  let smsc: FakeSmsc;
  const kept: KeptSessions[] = [];
  const providers: ReturnType<typeof smppChannel>[] = [];

  beforeEach(async () => {
    smsc = await startFakeSmsc();
  });

  afterEach(async () => {
    await Promise.all(kept.splice(0).map((one) => one.close(0)));
    await Promise.all(providers.splice(0).map((provider) => provider.close()));
    await smsc.close();
  });

  function open(options: Readonly<Record<string, unknown>> = {}) {
    const backoff = { firstMs: 20, maxMs: 100 };
    const provider = smppChannel(smppOptionsTo(smsc, options), { backoff, random: Math.random });
    providers.push(provider);
    return provider;
  }

  function keep(db: Database, provider: ReturnType<typeof smppChannel>, changes: Partial<SessionNeighbours> = {}) {
    const openSending = () => async () => {};
    const lines = new Map([['main', { provider }]]);
    kept.push(keepSessions({ db, lines, keep: async () => {}, openSending, log, lease: TERMS, ...changes }));
  }

  it('move no reply to the fallback because their first bind takes its time', async () => {
    smsc.planBinds('silence', 'ESME_RALYBND', 'ESME_RALYBND');
    const provider = open({ responseTimeoutMs: 200 });
    const ids = await addReplies(store.db, [{}, {}, {}, {}]);
    const worker = sender(store.db, (message, signal) => provider.send(message, signal), {
      channel: { fallback: 'backup' },
      backup: accept,
    });
    let sent: Promise<void> | undefined;
    const openSending = () => {
      sent = worker.send(ids);
      return async () => {};
    };
    keep(store.db, provider, { openSending });
    await waitFor(() => sent !== undefined, { what: 'sending to begin' });
    await sent;
    assert.equal(smsc.binds.length, 4);
    assert.equal(smsc.submits.length, 4);
    assert.equal(worker.circuits.get('main')?.word(), 'closed');
    const rows = await look(store.db, sql`SELECT DISTINCT channel, status, moved_because FROM replies`);
    assert.deepEqual(rows, [{ channel: 'main', status: 'accepted', moved_because: null }]);
  });

  it('are gone before another process may have them, whatever is under way and whether or not the SMSC reads', async () => {
    const pool = openTestPool(store.url);
    const [first, second] = [open(), open()];
    const commits: (() => void)[] = [];
    keep(pool, first, { keep: () => new Promise((resolve) => commits.push(resolve)) });
    const session = await smsc.session();
    keep(store.db, second);
    smsc.usually = 'hold';
    const sending = sender(store.db, (message, signal) => first.send(message, signal));
    const sent = sending.send(await addReplies(store.db, [{}]));
    const sms = { source_addr: '79160000567', destination_addr: '2420', short_message: Buffer.from('x') };
    void session.request('deliver_sm', sms);
    await waitFor(() => commits.length === 1 && smsc.heldCount === 1, { what: 'an SMS and a reply to be under way' });
    smsc.pause(session);
    await pool.destroy();
    const stateAtBind = await waitFor(() => smsc.binds.length === 2 && first.sessions.states()[0], {
      what: 'the second to bind',
    });
    assert.equal(stateAtBind.state, 'closed');
    assert.equal(first.sessions.canSend(), false);
    await sent;
    commits[0]?.();
    assert.equal(session.seen.filter(({ command }) => command === 'deliver_sm_resp').length, 0);
  });
});
