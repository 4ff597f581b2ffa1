import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { SEND_RETRY } from '../../src/queue/catalog.ts';
import { settleUnanswered, sweepReplies } from '../../src/store/reply-sweep.ts';
import { addReplies, optedOut, repliesIn } from '../store/outbox.ts';
import { look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept } from '../support/scripted-provider.ts';
import { phone } from '../support/world.ts';
import { always, type Script, sender } from './sender.ts';

describe('send', () => {
  const store = freshStore();
  const worker = (script: Script, channel = {}) => sender(store.db, script, { channel });
  const due = () =>
    sql`UPDATE replies SET next_attempt_at = now(), sweep_at = now() WHERE sweep_at < 'infinity'`.execute(store.db);

  it('hands a reply over once, with its words, and writes the acceptance down', async () => {
    const ids = await addReplies(store.db, [{ recipient: phone(3) }]);
    const { send, provider } = worker(accept);
    await send(ids);
    await send(ids);
    assert.deepEqual(provider.handed, [{ replyId: ids[0], from: '2420', to: phone(3), text: 'Help from Club' }]);
    const [row] = await repliesIn(store.db);
    assert.deepEqual(
      [row?.status, row?.text, row?.provider_message_id, row?.attempts],
      ['accepted', 'Help from Club', `SM${ids[0]}`, 1],
    );
  });

  it('asks for a code behind the keyword, where the code alone would go to another programme', async () => {
    const routes = [{ program: 'bakery' }, { keyword: 'club', program: 'club' }];
    const facts = { code: '4821' };
    const ids = await addReplies(store.db, [
      { template: 'holder-asked', facts },
      { template: 'confirm-code', facts },
    ]);
    const { send, provider } = worker(accept, { routes });
    await send(ids);
    assert.deepEqual(provider.handed.map(({ text }) => text).toSorted(), ['Reply club 4821', 'Type 4821']);
  });

  it('hands each reply over once when sixteen jobs name it', async () => {
    const ids = await addReplies(
      store.db,
      Array.from({ length: 30 }, () => ({})),
    );
    const { send, provider } = worker(accept);
    await Promise.all(Array.from({ length: 16 }, () => send(ids)));
    assert.deepEqual(
      provider.handed.map(({ replyId }) => replyId).toSorted((a, b) => Number(a) - Number(b)),
      ids,
    );
  });

  it('waits when the provider asks to, and uses up no attempt', async () => {
    const ids = await addReplies(store.db, [{}]);
    const { send, again } = worker(always({ kind: 'throttled', retryAfterMs: 7_000 }));
    for (let turn = 0; turn < 20; turn += 1) {
      await send(ids);
      await due();
    }
    assert.deepEqual(
      again,
      Array.from({ length: 20 }, () => ({ channel: 'main', id: ids[0], delayMs: 7_000 })),
    );
    const [row] = await repliesIn(store.db);
    assert.deepEqual([row?.status, row?.attempts, row?.error_code], ['queued', 0, 'throttled']);
  });

  it('does not try before the wait is over', async () => {
    const ids = await addReplies(store.db, [{}]);
    const { send, provider } = worker(always({ kind: 'throttled', retryAfterMs: 7_000 }));
    await send(ids);
    await send(ids);
    assert.equal(provider.handed.length, 1);
  });

  it('tries a passing trouble again with longer and longer waits, twelve times in all', async () => {
    const [bad = '', ...others] = await addReplies(store.db, [
      { recipient: phone(1) },
      ...Array.from({ length: 15 }, () => ({})),
    ]);
    const trouble = { kind: 'transient', code: '20500' } as const;
    const { send, again, provider } = worker((message) => (message.to === phone(1) ? trouble : accept(message)));
    for (const other of others) {
      await send([bad, other]);
      await due();
    }
    assert.equal(provider.handed.filter(({ to }) => to === phone(1)).length, SEND_RETRY.attempts);
    assert.equal(again.length, SEND_RETRY.attempts - 1);
    for (const [n, { delayMs }] of again.entries()) assert.ok(n === 0 || delayMs >= (again[n - 1]?.delayMs ?? 0));
    const [row] = await repliesIn(store.db);
    assert.deepEqual([row?.status, row?.attempts, row?.error_code], ['failed', 12, '20500']);
  });

  it('remembers an opt-out that the provider tells, and gives the reply up', async () => {
    const ids = await addReplies(store.db, [{ recipient: phone(1) }, { recipient: phone(1) }, { recipient: phone(2) }]);
    const { send, again } = worker(({ to }) => ({ kind: 'rejected', code: '21610', isOptOut: to === phone(1) }));
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
    const { send, again, provider } = worker(always({ kind: 'unknown', code: 'timeout' }));
    for (let turn = 0; turn < 4; turn += 1) {
      await send(ids);
      await due();
      await settleUnanswered(store.db, []);
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
    const first = worker(
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
    const second = worker(accept);
    await sql`DELETE FROM send_rate`.execute(store.db);
    await second.send(ids);
    assert.deepEqual(
      second.provider.handed.map(({ replyId }) => replyId),
      ids.slice(2),
    );
  });

  it('sends a safe text when a template fails', async () => {
    const ids = await addReplies(store.db, [{ template: 'activated' }, { template: 'switched' }]);
    const { send, provider } = worker(accept);
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
    const { send, provider } = worker(accept);
    await send(ids);
    assert.deepEqual(
      provider.handed.map(({ replyId }) => replyId),
      ids.slice(1),
    );
    const [row] = await repliesIn(store.db);
    assert.deepEqual([row?.status, row?.error_code], ['failed', 'opted-out']);
  });

  it('puts a reply off whose programme it does not know, and gives it up after a day', async () => {
    const ids = await addReplies(store.db, [{ program: 'gone' }, { program: 'fresh' }, {}]);
    await sql`UPDATE replies SET created_at = now() - interval '25 hours' WHERE program = 'gone'`.execute(store.db);
    const { send, provider, again } = worker(accept);
    await send(ids);
    assert.equal(provider.handed.length, 1);
    assert.deepEqual(
      (await repliesIn(store.db)).map((row) => [row.status, row.error_code, row.attempts, row.due_in]),
      [
        ['failed', 'no-program', 1, 0],
        ['queued', 'no-program', 0, 60],
        ['accepted', null, 1, 0],
      ],
    );
    assert.deepEqual(again, [{ channel: 'main', id: ids[1], delayMs: 60_000 }]);
  });

  /** Seconds of the channel's rate that are used up from now on. */
  const usedUp = async () => {
    const [row] = await look<{ seconds: number }>(
      store.db,
      sql`SELECT extract(epoch FROM free_at - clock_timestamp())::float8 AS seconds FROM send_rate`,
    );
    return row?.seconds ?? 0;
  };

  it('uses none of the channel’s rate for replies that went out already', async () => {
    const ids = await addReplies(
      store.db,
      Array.from({ length: 10 }, () => ({})),
    );
    const { send, provider } = worker(accept, { messagesPerSecond: 10 });
    await send(ids);
    for (let again = 0; again < 3; again += 1) await send(ids);
    assert.equal(provider.handed.length, 10);
    const seconds = await usedUp();
    assert.ok(seconds <= 1, `${seconds} s`);
  });

  it('uses its places for the next of its replies when another job was faster', async () => {
    const ids = await addReplies(
      store.db,
      Array.from({ length: 4 }, () => ({})),
    );
    const begun = performance.now();
    const sentAt: number[] = [];
    const { send } = worker(
      (message) => {
        sentAt.push(performance.now() - begun);
        return accept(message);
      },
      { messagesPerSecond: 2 },
    );
    await Promise.all([send(ids), send(ids)]);
    assert.equal(sentAt.length, 4);
    assert.ok(Math.max(...sentAt) < 1_900, `${sentAt.join(', ')} ms: the first two at once, the others a second later`);
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
    const { send } = worker(script, { messagesPerSecond: 200 });
    const packs = [ids.slice(0, 50), ids.slice(50)];
    const begun = performance.now();
    await Promise.all(packs.map((pack) => send(pack)));
    const firsts = packs.map((pack) => Math.min(...pack.map((id) => sentAt.get(id) ?? Number.NaN)));
    // A timer may fire a millisecond early.
    assert.ok(Math.max(...firsts) - begun >= 245);
  });
});
