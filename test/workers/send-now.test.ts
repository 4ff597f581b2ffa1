import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Channel } from '../../src/config.ts';
import { REHEARSAL_PREFIX } from '../../src/sms/rehearsal.ts';
import type { Database, Trx } from '../../src/store/database.ts';
import type { ClaimedReply } from '../../src/store/replies.ts';
import { sweepReplies } from '../../src/store/reply-sweep.ts';
import type { Attempts } from '../../workers/attempt.ts';
import { repliesIn } from '../store/outbox.ts';
import { addCards, arrive, inbound, look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept } from '../support/scripted-provider.ts';
import { waitFor } from '../support/wait-for.ts';
import { CLUB, card, phone } from '../support/world.ts';
import { binder } from './binder.ts';
import { always, type Script, sender } from './sender.ts';

describe('a reply that goes out with the worker that decided it', () => {
  const store = freshStore();
  const asksFor = (from: number, n: number) => inbound(phone(from), { kind: 'card', card: card(n) });
  const statuses = async () => (await repliesIn(store.db)).map(({ status }) => status);

  /** A worker that decides and sends, over `main`. */
  function worker(script: Script = accept, channel: Partial<Channel> = {}) {
    const sending = sender(store.db, script, { channel: { messagesPerSecond: 1_000, ...channel } });
    const end = sending.sendNow.open('main');
    const binding = binder(store.db, { sendNow: sending.sendNow });
    /** Decides, and waits for what goes out because of it. */
    const bind = async (...sms: readonly Parameters<typeof arrive>[1][number][]) => {
      await binding.bind(await arrive(store.db, sms));
      await end(10_000);
    };
    return { ...sending, ...binding, bind, decide: binding.bind, end };
  }

  it('needs no job: it is committed as being sent, goes out once, and its acceptance is written down', async () => {
    await addCards(store.db, [{ number: card(1) }]);
    const seen: unknown[] = [];
    const { bind, provider, replies } = worker(async (message) => {
      seen.push(...(await look(store.db, sql`SELECT status, attempts FROM replies`)));
      assert.deepEqual(await sweepReplies(store.db, ['main'], 10), [], 'no sweep takes it for one that lost its job');
      return accept(message);
    });
    await bind(asksFor(0, 1));
    assert.deepEqual(seen, [{ status: 'sending', attempts: 1 }]);
    const [row, ...others] = await repliesIn(store.db);
    assert.deepEqual([row?.status, row?.attempts, row?.provider_message_id], ['accepted', 1, `SM${row?.id}`]);
    assert.deepEqual([provider.handed.length, others, replies], [1, [], []]);
  });

  it('is one of as many as the channel carries now; the rest waits in the queue', async () => {
    const { bind, provider, replies } = worker(accept, { messagesPerSecond: 2 });
    await bind(...[0, 1, 2, 3, 4].map((n) => inbound(phone(n), { kind: 'help' })));
    assert.deepEqual([provider.handed.length, replies.length], [2, 3]);
    assert.deepEqual((await statuses()).toSorted(), ['accepted', 'accepted', 'queued', 'queued', 'queued']);
  });

  it('waits in the queue while the provider is taken to be away', async () => {
    const { bind, decide, provider, replies } = worker(always({ kind: 'transient', code: '503' }));
    await decide(
      await arrive(
        store.db,
        [0, 1, 2, 3, 4].map((n) => inbound(phone(n), { kind: 'help' })),
      ),
    );
    await bind();
    assert.equal(provider.handed.length, 5, 'five in a row open the circuit');
    await bind(inbound(phone(5), { kind: 'help' }));
    assert.deepEqual([provider.handed.length, replies.length], [5, 1]);
  });

  it('waits in the queue once this process sends no more, and what is under way is waited for', async () => {
    const [asked, answered] = [signal(), signal()];
    const { decide, end, provider, replies } = worker(async (message) => {
      asked.give();
      await answered.given;
      return accept(message);
    });
    await decide(await arrive(store.db, [inbound(phone(0), { kind: 'help' })]));
    await asked.given;
    const ended = end(10_000).then(statuses);
    await decide(await arrive(store.db, [inbound(phone(1), { kind: 'help' })]));
    assert.deepEqual([provider.handed.length, replies.length], [1, 1]);
    answered.give();
    assert.deepEqual((await ended).toSorted(), ['accepted', 'queued']);
  });

  it('goes back into the outbox when it is called off before it left', async () => {
    const { decide, end, provider } = worker(
      (_message, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ kind: 'transient', code: 'aborted' }), { once: true });
        }),
    );
    await decide(await arrive(store.db, [inbound(phone(0), { kind: 'help' })]));
    await end(0);
    const [row] = await repliesIn(store.db);
    assert.deepEqual([row?.status, row?.attempts, provider.handed.length], ['queued', 0, 1]);
  });

  it('is not sent to a phone that opted out in the same pack', async () => {
    const { bind, provider } = worker();
    await bind(inbound(phone(0), { kind: 'help' }), inbound(phone(0), { kind: 'stop' }));
    assert.deepEqual(
      (await repliesIn(store.db)).map(({ status, error_code }) => [status, error_code]),
      [
        ['failed', 'opted-out'],
        ['accepted', null],
      ],
    );
    assert.equal(provider.handed.length, 1);
  });

  it('is not sent when it answers what was typed in a rehearsal and its channel is live now', async () => {
    const { bind, provider } = worker(accept, { provider: 'twilio' });
    await bind(inbound(phone(0), { kind: 'help' }, { providerMessageId: `${REHEARSAL_PREFIX}1` }));
    assert.deepEqual([provider.handed.length, (await repliesIn(store.db))[0]?.error_code], [0, 'rehearsed']);
  });

  it('goes back into the outbox when its transaction was committed, but the answer to that was lost', async () => {
    const sending = sender(store.db, accept, { channel: { messagesPerSecond: 1_000 } });
    sending.sendNow.open('main');
    const { bind } = binder(losingAnswers(store.db), { sendNow: sending.sendNow, quotaDb: store.db });
    await assert.rejects(bind(await arrive(store.db, [inbound(phone(0), { kind: 'help' })])), /terminated/);
    await waitFor(async () => (await statuses())[0] === 'queued', { what: 'the reply to be back in the outbox' });
    assert.deepEqual([(await repliesIn(store.db))[0]?.attempts, sending.provider.handed.length], [0, 0]);
    const places = await sending.sendNow.take('main', 1_000);
    assert.equal(places.count, 200);
  });

  it('holds a place until its provider answers, and is one of 600 at most of which nothing is written down', async () => {
    const held: { answer: () => void; write: () => void }[] = [];
    const attempts: Attempts = {
      attempt: (_line, _reply, { onAnswered = assert.fail }) =>
        new Promise((write) => held.push({ answer: onAnswered, write })),
      putBack: () => Promise.resolve(),
    };
    const { sendNow } = sender(store.db, accept, { channel: { messagesPerSecond: 10_000 }, attempts });
    sendNow.open('main');
    const sendAll = async () => {
      const places = await sendNow.take('main', 1_000);
      places.send(Array.from({ length: places.count }, () => ({}) as ClaimedReply));
      return places.count;
    };
    const answerFrom = (first: number) => {
      for (const { answer } of held.slice(first)) answer();
    };
    assert.deepEqual([await sendAll(), await sendAll()], [200, 0], 'nothing is answered');
    answerFrom(0);
    assert.equal(await sendAll(), 200);
    answerFrom(200);
    assert.equal(await sendAll(), 200);
    answerFrom(400);
    assert.equal(await sendAll(), 0, 'nothing is written down');
    for (const { write } of held.slice(0, 50)) write();
    await new Promise(setImmediate);
    assert.equal(await sendAll(), 50);
  });

  it('gives its place back when its pack is not committed', async () => {
    const sending = sender(store.db, accept, { channel: { messagesPerSecond: 1_000 } });
    sending.sendNow.open('main');
    const broken = { ...CLUB, support: undefined as never, repliesPerDay: 0 };
    const { bind } = binder(store.db, {
      sendNow: sending.sendNow,
      // Its decisions are made, but cannot be written.
      programs: [{ ...broken, key: 'club', locales: [] as never }],
    });
    for (let round = 0; round < 3; round += 1) {
      const ids = await arrive(store.db, [inbound(phone(round), { kind: 'help' })]);
      await bind(ids).catch(() => undefined);
    }
    const places = await sending.sendNow.take('main', 1_000);
    assert.equal(places.count, 200, 'all that one process may hand over');
  });
});

/** The same database, whose server takes every COMMIT and then is gone. */
function losingAnswers(db: Database): Database {
  return new Proxy(db, {
    get(target, name) {
      if (name !== 'transaction') return Reflect.get(target, name, target) as unknown;
      return () => ({
        async execute(work: (trx: Trx) => Promise<unknown>) {
          await target.transaction().execute(work);
          throw new Error('Connection terminated unexpectedly');
        },
      });
    },
  });
}

function signal() {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { give, given };
}
