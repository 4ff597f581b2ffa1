import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { sql } from 'kysely';
import type { SendOutcome } from '../../src/providers/provider.ts';
import { SEND_RETRY } from '../../src/queue/catalog.ts';
import { compileTemplates } from '../../src/reply/compile.ts';
import { templateSource } from '../../src/reply/source.ts';
import { settleUnanswered, sweepReplies } from '../../src/store/reply-sweep.ts';
import { createSend, type SendNeighbours } from '../../workers/send.ts';
import { addReplies, optedOut, repliesIn } from '../store/outbox.ts';
import { look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept, scriptedProvider } from '../support/scripted-provider.ts';
import { CLUB, phone } from '../support/world.ts';
import { log, metrics } from './binder.ts';

const NOW = new Date('2024-05-01T12:00:00Z');
const SOURCES = [
  ['en/help.liquid', 'Help from {{ program }}'],
  ['en/stopped.liquid', 'No more SMS'],
  ['en/activated.liquid', 'Welcome, card {{ card }}'],
].map(([path = '', text = '']) => templateSource(path, text) ?? assert.fail());
const { texts } = compileTemplates(SOURCES, [CLUB]);

type Script = Parameters<typeof scriptedProvider>[0];
type Channel =
  SendNeighbours['lines'] extends ReadonlyMap<string, infer L> ? (L extends { channel: infer C } ? C : never) : never;

describe('send', () => {
  const store = freshStore();

  /** A send worker of one channel; `send` runs one job. */
  function sender(script: Script, { messagesPerSecond = 1_000 } = {}) {
    const provider = scriptedProvider(script);
    const again: { id: string; delayMs: number }[] = [];
    const stopping = new AbortController();
    setMaxListeners(0, stopping.signal);
    const channel = { key: 'main', messagesPerSecond } as Channel;
    const handle = createSend({
      db: store.db,
      programs: new Map([['club', CLUB]]),
      lines: new Map([['main', { channel, provider }]]),
      texts: () => texts,
      enqueue: { send: (_channel, ids, delayMs = 0) => again.push(...ids.map((id) => ({ id, delayMs }))) },
      metrics,
      log,
      now: () => NOW,
      random: () => 0.5,
    });
    const context = { signal: stopping.signal, channel: 'main' };
    return {
      send: (ids: readonly string[]) => handle({ ids }, context),
      provider,
      again,
      stop: () => stopping.abort(),
    };
  }

  const always =
    (outcome: SendOutcome): Script =>
    () =>
      outcome;
  const due = () =>
    sql`UPDATE replies SET next_attempt_at = now(), sweep_at = now() WHERE sweep_at < 'infinity'`.execute(store.db);

  it('hands a reply over once, with its words, and writes the acceptance down', async () => {
    const ids = await addReplies(store.db, [{ recipient: phone(3) }]);
    const { send, provider } = sender(accept);
    await send(ids);
    await send(ids);
    assert.deepEqual(provider.handed, [{ replyId: ids[0], from: '2420', to: phone(3), text: 'Help from Club' }]);
    const [row] = await repliesIn(store.db);
    assert.deepEqual(
      [row?.status, row?.text, row?.provider_message_id, row?.attempts],
      ['accepted', 'Help from Club', `SM${ids[0]}`, 1],
    );
  });

  it('hands each reply over once when sixteen jobs name it', async () => {
    const ids = await addReplies(
      store.db,
      Array.from({ length: 30 }, () => ({})),
    );
    const { send, provider } = sender(accept);
    await Promise.all(Array.from({ length: 16 }, () => send(ids)));
    assert.deepEqual(
      provider.handed.map(({ replyId }) => replyId).toSorted((a, b) => Number(a) - Number(b)),
      ids,
    );
  });

  it('waits when the provider asks to, and uses up no attempt', async () => {
    const ids = await addReplies(store.db, [{}]);
    const { send, again } = sender(always({ kind: 'throttled', retryAfterMs: 7_000 }));
    for (let turn = 0; turn < 20; turn += 1) {
      await send(ids);
      await due();
    }
    assert.deepEqual(
      again,
      Array.from({ length: 20 }, () => ({ id: ids[0], delayMs: 7_000 })),
    );
    const [row] = await repliesIn(store.db);
    assert.deepEqual([row?.status, row?.attempts, row?.error_code], ['queued', 0, 'throttled']);
  });

  it('does not try before the wait is over', async () => {
    const ids = await addReplies(store.db, [{}]);
    const { send, provider } = sender(always({ kind: 'throttled', retryAfterMs: 7_000 }));
    await send(ids);
    await send(ids);
    assert.equal(provider.handed.length, 1);
  });

  it('tries a passing trouble again with longer and longer waits, twelve times in all', async () => {
    const ids = await addReplies(store.db, [{}]);
    const { send, again, provider } = sender(always({ kind: 'transient', code: '20500' }));
    for (let turn = 0; turn < 15; turn += 1) {
      await send(ids);
      await due();
    }
    assert.equal(provider.handed.length, SEND_RETRY.attempts);
    assert.equal(again.length, SEND_RETRY.attempts - 1);
    for (const [n, { delayMs }] of again.entries()) assert.ok(n === 0 || delayMs >= (again[n - 1]?.delayMs ?? 0));
    const [row] = await repliesIn(store.db);
    assert.deepEqual([row?.status, row?.attempts, row?.error_code], ['failed', 12, '20500']);
  });

  it('remembers an opt-out that the provider tells, and gives the reply up', async () => {
    const ids = await addReplies(store.db, [{ recipient: phone(1) }, { recipient: phone(1) }, { recipient: phone(2) }]);
    const { send, again } = sender(({ to }) => ({ kind: 'rejected', code: '21610', isOptOut: to === phone(1) }));
    await send(ids);
    assert.deepEqual(
      (await repliesIn(store.db)).map((row) => row.status),
      ['failed', 'failed', 'failed'],
    );
    assert.deepEqual(await optedOut(store.db), [phone(1)]);
    assert.deepEqual(again, []);
  });

  it('never sends again what may have been sent', async () => {
    const ids = await addReplies(store.db, [{}]);
    const { send, again, provider } = sender(always({ kind: 'unknown', code: 'timeout' }));
    for (let turn = 0; turn < 4; turn += 1) {
      await send(ids);
      await due();
      await settleUnanswered(store.db);
      assert.deepEqual(await sweepReplies(store.db, ['main'], 10), []);
    }
    assert.deepEqual([provider.handed.length, again], [1, []]);
    assert.equal((await repliesIn(store.db))[0]?.status, 'unknown');
    assert.deepEqual(await look(store.db, sql`SELECT kind FROM cases`), [{ kind: 'send-unknown' }]);
  });

  it('leaves what it has not begun in the outbox when it is told to stop, for another worker', async () => {
    const ids = await addReplies(
      store.db,
      Array.from({ length: 6 }, () => ({})),
    );
    const first = sender(
      (message) => {
        first.stop();
        return accept(message);
      },
      { messagesPerSecond: 2 },
    );
    await first.send(ids);
    assert.deepEqual(
      (await repliesIn(store.db)).map((row) => [row.status, row.attempts]),
      [...[0, 1].map(() => ['accepted', 1]), ...[2, 3, 4, 5].map(() => ['queued', 0])],
    );
    await first.send(ids);
    assert.equal(first.provider.handed.length, 2);
    const second = sender(accept);
    await sql`DELETE FROM send_rate`.execute(store.db);
    await second.send(ids);
    assert.deepEqual(
      second.provider.handed.map(({ replyId }) => replyId),
      ids.slice(2),
    );
  });

  it('sends a safe text when a template fails', async () => {
    const ids = await addReplies(store.db, [{ template: 'activated' }, { template: 'switched' }]);
    const { send, provider } = sender(accept);
    await send(ids);
    assert.equal(provider.handed.length, 2);
    for (const { text } of provider.handed) assert.ok(text.includes('+7 495 000 00 00'), text);
    assert.deepEqual(
      (await repliesIn(store.db)).map((row) => row.status),
      ['accepted', 'accepted'],
    );
  });

  it('does not text who opted out meanwhile, but for the confirmation', async () => {
    const ids = await addReplies(store.db, [{}, { template: 'stopped' }, { recipient: phone(1) }]);
    await sql`INSERT INTO phones (program, phone, opted_out_at) VALUES ('club', ${phone(0)}, now())`.execute(store.db);
    const { send, provider } = sender(accept);
    await send(ids);
    assert.deepEqual(
      provider.handed.map(({ replyId }) => replyId),
      ids.slice(1),
    );
    const [row] = await repliesIn(store.db);
    assert.deepEqual([row?.status, row?.error_code], ['failed', 'opted-out']);
  });

  it('gives up a reply of a programme that was taken out', async () => {
    const ids = await addReplies(store.db, [{ program: 'gone' }, {}]);
    const { send, provider } = sender(accept);
    await send(ids);
    assert.equal(provider.handed.length, 1);
    assert.deepEqual(
      (await repliesIn(store.db)).map((row) => row.error_code),
      ['no-program', null],
    );
  });

  it('keeps the channel’s rate: of two packs of 50 at 200 a second, one leaves a quarter of a second later', async () => {
    const ids = await addReplies(
      store.db,
      Array.from({ length: 100 }, () => ({})),
    );
    const sentAt = new Map<string, number>();
    const script: Script = (message) => {
      sentAt.set(message.replyId, performance.now());
      return accept(message);
    };
    const { send } = sender(script, { messagesPerSecond: 200 });
    const packs = [ids.slice(0, 50), ids.slice(50)];
    const begun = performance.now();
    await Promise.all(packs.map(send));
    const firsts = packs.map((pack) => Math.min(...pack.map((id) => sentAt.get(id) ?? Number.NaN)));
    // A timer may fire a millisecond early.
    assert.ok(Math.max(...firsts) - begun >= 245);
  });
});
