import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { SendOutcome } from '../../src/providers/provider.ts';
import { applyReceipts } from '../../src/store/receipts.ts';
import { addReplies } from '../store/outbox.ts';
import { look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept } from '../support/scripted-provider.ts';
import { phone } from '../support/world.ts';
import { metrics } from './binder.ts';
import { always, type Script, sender } from './sender.ts';

const NO_ROUTE: SendOutcome = { kind: 'rejected', code: '21408', isOptOut: false, isOfRoute: true };
const REFUSED: SendOutcome = { kind: 'transient', code: 'http-401', cause: 'account' };
const BACKUP = { fallback: 'backup' };

interface Row {
  readonly channel: string;
  readonly sender: string;
  readonly status: string;
  readonly attempts: number;
  readonly was: string | null;
}

describe('the fallback of a channel', () => {
  const store = freshStore();
  const rows = () =>
    look<Row>(
      store.db,
      sql`SELECT channel, sender, status, attempts, first_channel || ' ' || first_sender || ' ' || moved_because AS was
        FROM replies ORDER BY id`,
    );
  const due = () =>
    sql`UPDATE replies SET next_attempt_at = now(), sweep_at = now() WHERE sweep_at IS NOT NULL`.execute(store.db);
  const worker = (script: Script, backup: Script = accept) => sender(store.db, script, { channel: BACKUP, backup });

  it('takes a reply whose phone the channel may not reach, and its row keeps what it was', async () => {
    const ids = await addReplies(store.db, [{ recipient: phone(3) }]);
    const { send, backup, again } = worker(always(NO_ROUTE));
    await send(ids);
    assert.deepEqual(again, [{ channel: 'backup', id: ids[0], delayMs: 0 }]);
    assert.deepEqual(await rows(), [
      { channel: 'backup', sender: '7000', status: 'queued', attempts: 0, was: 'main 2420 21408' },
    ]);
    await send(ids, 'backup');
    assert.deepEqual(backup.handed, [{ replyId: ids[0], from: '7000', to: phone(3), text: 'Help from Club' }]);
    assert.deepEqual(
      (await rows()).map(({ status, attempts }) => [status, attempts]),
      [['accepted', 1]],
    );
  });

  it('counts what it takes', async () => {
    const count = async () =>
      (await metrics.fallbacks.get()).values
        .filter(({ labels }) => labels.channel === 'main' && labels.to === 'backup' && labels.why === 'route')
        .reduce((sum, { value }) => sum + value, 0);
    const before = await count();
    await worker(always(NO_ROUTE)).send(await addReplies(store.db, [{}, {}]));
    assert.equal((await count()) - before, 2);
  });

  const STAY: readonly [about: string, outcome: SendOutcome, status: string][] = [
    ['that may have gone out', { kind: 'unknown', code: 'timeout' }, 'unknown'],
    ['whose number is none', { kind: 'rejected', code: '21211', isOptOut: false }, 'failed'],
    ['whose phone has opted out', { kind: 'rejected', code: '21610', isOptOut: true }, 'failed'],
    ['that has to wait', { kind: 'throttled', retryAfterMs: 1_000 }, 'queued'],
    ['of a passing trouble', { kind: 'transient', code: '503' }, 'queued'],
    ['that was accepted', { kind: 'accepted', providerMessageId: 'SM1' }, 'accepted'],
  ];
  for (const [about, outcome, status] of STAY) {
    it(`takes none ${about}`, async () => {
      const { send } = worker(always(outcome));
      await send(await addReplies(store.db, [{}]));
      assert.deepEqual(
        (await rows()).map((row) => [row.channel, row.status, row.was]),
        [['main', status, null]],
      );
    });
  }

  it('takes none that was sent again because nobody knew whether it had gone out', async () => {
    const ids = await addReplies(store.db, [{}]);
    await sql`UPDATE replies SET was_resent = true`.execute(store.db);
    await worker(always(NO_ROUTE)).send(ids);
    assert.deepEqual(
      (await rows()).map((row) => [row.channel, row.status]),
      [['main', 'failed']],
    );
  });

  for (const backupSession of [true, false]) {
    it(`over sessions takes ${backupSession ? 'them' : 'none'} in an outage when ${backupSession ? 'some' : 'no'} process has a session`, async () => {
      const ids = await addReplies(store.db, [{}]);
      const { send } = sender(store.db, always(REFUSED), { channel: BACKUP, backup: accept, backupSession });
      await send(ids);
      assert.deepEqual(
        (await rows()).map(({ channel }) => channel),
        [backupSession ? 'backup' : 'main'],
      );
    });
  }

  it('takes none whose beginning is out, also when the provider then is away', async () => {
    const ids = await addReplies(store.db, [{}, {}]);
    const begun: SendOutcome = { kind: 'throttled', retryAfterMs: 1_000, isBegun: true };
    await worker(always(begun)).send(ids);
    await due();
    const away: SendOutcome = { kind: 'transient', code: 'not-bound', cause: 'no-session' };
    const { send, backup } = worker(always(away));
    await send(ids);
    await due();
    await send(ids);
    assert.equal(backup.handed.length, 0);
    assert.deepEqual(
      (await rows()).map((row) => [row.channel, row.status, row.attempts]),
      [
        ['main', 'queued', 0],
        ['main', 'queued', 0],
      ],
    );
  });

  it('takes a reply once: what it cannot send either has failed, also when each is the other’s', async () => {
    const ids = await addReplies(store.db, [{}]);
    const { send, provider, backup } = sender(store.db, always(NO_ROUTE), {
      channel: BACKUP,
      backup: always(NO_ROUTE),
      backupChannel: { fallback: 'main' },
    });
    await send(ids);
    await send(ids, 'backup');
    await send(ids);
    assert.deepEqual([provider.handed.length, backup.handed.length], [1, 1]);
    assert.deepEqual(
      (await rows()).map((row) => [row.channel, row.status]),
      [['backup', 'failed']],
    );
  });

  it('takes all while the provider is away, tried or not', async () => {
    const ids = await addReplies(
      store.db,
      Array.from({ length: 30 }, () => ({})),
    );
    const { send, provider, backup, again } = worker(always(REFUSED));
    await send(ids.slice(0, 10));
    await send(ids.slice(10));
    assert.equal(provider.handed.length, 10);
    assert.deepEqual(
      new Set((await rows()).map(({ channel, status }) => `${channel} ${status}`)),
      new Set(['backup queued']),
    );
    assert.deepEqual(
      again.map(({ channel, id }) => `${channel} ${id}`).toSorted(),
      ids.map((id) => `backup ${id}`).toSorted(),
    );
    await send(ids, 'backup');
    assert.equal(backup.handed.length, 30);
  });

  it('takes none while its own provider is away: they wait where they are, and no attempt is used up', async () => {
    const { send, backup, again } = worker(always(REFUSED), always(REFUSED));
    await send(await addReplies(store.db, [{ channel: 'backup' }]), 'backup');
    again.length = 0;
    const ids = await addReplies(store.db, [{}, {}, {}]);
    await send(ids.slice(0, 1));
    await send(ids.slice(1));
    assert.equal(backup.handed.length, 1);
    assert.deepEqual(
      (await rows()).slice(1).map(({ channel, status, attempts }) => [channel, status, attempts]),
      Array.from({ length: 3 }, () => ['main', 'queued', 0]),
    );
    assert.ok(again.every(({ channel, delayMs }) => channel === 'main' && delayMs > 1_000));
  });

  it('leaves no job of the first channel that could send the reply, too', async () => {
    const ids = await addReplies(store.db, [{}]);
    const { send, provider, backup } = worker(always(NO_ROUTE));
    await send(ids);
    await due();
    await Promise.all([send(ids), send(ids, 'backup'), send(ids), send(ids, 'backup')]);
    assert.deepEqual([provider.handed.length, backup.handed.length], [1, 1]);
  });

  it('takes the receipts, too: one of the first channel no longer moves the reply', async () => {
    const ids = await addReplies(store.db, [{}]);
    const { send } = worker(always(NO_ROUTE));
    await send(ids);
    await send(ids, 'backup');
    const receipt = { replyId: ids[0] ?? '', providerMessageId: 'P1', status: 'delivered', isOptOut: false } as const;
    assert.deepEqual(await applyReceipts(store.db, 'main', [receipt]), { found: 0, parked: 0, unmatched: 1 });
    assert.equal((await rows())[0]?.status, 'accepted');
    assert.equal((await applyReceipts(store.db, 'backup', [receipt])).found, 1);
    assert.equal((await rows())[0]?.status, 'delivered');
  });

  it('takes none whose programme has no address on it', async () => {
    const ids = await addReplies(store.db, [{}]);
    const { send } = sender(store.db, always(NO_ROUTE), {
      channel: BACKUP,
      backup: accept,
      backupChannel: { routes: [{ program: 'another' }] },
    });
    await send(ids);
    assert.deepEqual(
      (await rows()).map((row) => [row.channel, row.status]),
      [['main', 'failed']],
    );
  });
});
