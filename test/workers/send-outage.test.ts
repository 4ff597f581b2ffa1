import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { sql } from 'kysely';
import type { SendOutcome } from '../../src/providers/provider.ts';
import { SEND_RETRY } from '../../src/queue/catalog.ts';
import { addReplies, repliesIn } from '../store/outbox.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept } from '../support/scripted-provider.ts';
import { always, type Script, sender } from './sender.ts';

const AWAY: SendOutcome = { kind: 'transient', code: 'ECONNREFUSED' };
const REFUSED: SendOutcome = { kind: 'transient', code: 'http-401', cause: 'account' };
const UNBOUND: SendOutcome = { kind: 'transient', code: 'not-bound', cause: 'no-session' };

describe('send, while the provider is away', () => {
  const store = freshStore();
  let clock = 0;
  beforeEach(() => {
    clock = 1_000;
    mock.method(performance, 'now', () => clock);
  });
  afterEach(() => mock.restoreAll());

  const many = (length: number) =>
    addReplies(
      store.db,
      Array.from({ length }, () => ({})),
    );
  const due = () =>
    sql`UPDATE replies SET next_attempt_at = now(), sweep_at = now() WHERE sweep_at IS NOT NULL`.execute(store.db);
  const worker = (script: Script, channel = {}) => sender(store.db, script, { channel });

  for (const outcome of [AWAY, REFUSED, UNBOUND]) {
    const code = 'code' in outcome ? outcome.code : '';
    it(`a day of ${code} fails no reply`, async () => {
      const ids = await many(3);
      const { send, circuits } = worker(always(outcome));
      for (let turn = 0; turn < 200; turn += 1) {
        await send(ids);
        await due();
        clock += circuits.get('main')?.retryAfterMs() ?? 0;
      }
      for (const row of await repliesIn(store.db)) {
        assert.equal(row.status, 'queued');
        assert.ok(row.attempts < SEND_RETRY.attempts / 2, `${row.attempts} attempts`);
      }
    });
  }

  it('what was not attempted waits for as long as the circuit, and no attempt is used up', async () => {
    const { send, again, provider } = worker(always(REFUSED));
    await send(await many(1));
    again.length = 0;
    const ids = await many(60);
    await send(ids);
    assert.equal(provider.handed.length, 1);
    assert.deepEqual(
      again,
      ids.map((id) => ({ channel: 'main', id, delayMs: 3_000 })),
    );
    for (const row of (await repliesIn(store.db)).slice(1)) {
      assert.deepEqual([row.status, row.attempts, row.error_code, row.due_in], ['queued', 0, 'circuit-open', 3]);
    }
  });

  it('one reply goes to find out; the rest of its pack follows when that was taken, and waits when it was not', async () => {
    let outcome: SendOutcome = REFUSED;
    const { send, provider, circuits } = worker((message) => (outcome === REFUSED ? outcome : accept(message)));
    const ids = await many(40);
    await send(ids.slice(0, 1));
    clock += 3_000;
    await due();
    await send(ids);
    assert.equal(provider.handed.length, 2);
    assert.equal(circuits.get('main')?.word(), 'open');
    outcome = { kind: 'accepted', providerMessageId: '' };
    clock += 60_000;
    await due();
    await Promise.all([send(ids.slice(0, 20)), send(ids.slice(20))]);
    assert.equal(provider.handed.length, 42);
    assert.ok((await repliesIn(store.db)).every(({ status }) => status === 'accepted'));
  });

  it('a pack whose replies are gone hands the probe on', async () => {
    let outcome: SendOutcome = REFUSED;
    const { send, provider } = worker((message) => (outcome === REFUSED ? outcome : accept(message)));
    const [gone = '', next = ''] = await many(2);
    await send([gone]);
    await sql`UPDATE replies SET status = 'failed', sweep_at = NULL WHERE id = ${gone}`.execute(store.db);
    clock += 3_000;
    await due();
    outcome = { kind: 'accepted', providerMessageId: '' };
    await send([gone, next]);
    assert.deepEqual(
      provider.handed.map(({ replyId }) => replyId),
      [gone, next],
    );
  });

  it('another channel goes on', async () => {
    const { send, backup } = sender(store.db, always(REFUSED), { backup: accept });
    await send(await many(5));
    await send(await addReplies(store.db, [{ channel: 'backup' }, { channel: 'backup' }]), 'backup');
    assert.equal(backup.handed.length, 2);
  });

  describe('a reply of a channel with a validity', () => {
    const VALID = { validityMinutes: 30 };
    const age = (minutes: number) =>
      sql`UPDATE replies SET created_at = now() - ${minutes} * interval '1 minute'`.execute(store.db);

    it('is handed over with what is left of it', async () => {
      const ids = await many(1);
      await age(20);
      const { send, provider } = worker(accept, VALID);
      await send(ids);
      const { validitySeconds = 0 } = provider.handed[0] ?? {};
      assert.ok(validitySeconds > 590 && validitySeconds <= 600, String(validitySeconds));
    });

    it('is not sent when nothing is left', async () => {
      const ids = await many(1);
      await age(31);
      const { send, provider } = worker(accept, VALID);
      await send(ids);
      assert.equal(provider.handed.length, 0);
      const [row] = await repliesIn(store.db);
      assert.deepEqual([row?.status, row?.error_code], ['failed', 'too-late']);
    });
  });
});
