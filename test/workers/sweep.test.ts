import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Line } from '../../src/lines.ts';
import { createLogger } from '../../src/log.ts';
import type { QueueBackend } from '../../src/queue/backend.ts';
import { keepParts } from '../../src/store/long-messages.ts';
import { applyReceipts } from '../../src/store/receipts.ts';
import { createReplyQuota } from '../../src/store/reply-quota.ts';
import { createSweep, startSweeper } from '../../workers/sweep.ts';
import { addReplies } from '../store/outbox.ts';
import { channelOf } from '../support/channel.ts';
import { addCards, arrive, inbound, look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept, scriptedProvider } from '../support/scripted-provider.ts';
import { waitFor } from '../support/wait-for.ts';
import { CLUB, card, phone } from '../support/world.ts';
import { binder, metrics } from './binder.ts';

const NOW = new Date('2024-05-01T12:00:00Z');
const LATER = new Date(NOW.getTime() + 15 * 60_000);

/** A line whose provider is never called. */
function lineOf(key: string): Line {
  return { channel: channelOf({ key }), provider: scriptedProvider(accept) };
}

describe('the sweeper', () => {
  const store = freshStore();

  /** A sweeper over the channels `main` and `slow`, whose queues are empty. */
  function sweeper(state: 'queue answers' | 'queue is away' = 'queue answers', programs = new Map([['club', CLUB]])) {
    const bound: string[] = [];
    const sent: string[] = [];
    const lines: string[] = [];
    const depth: QueueBackend['depth'] = (queues) =>
      state === 'queue is away'
        ? Promise.reject(new Error('Redis is away'))
        : Promise.resolve(queues.map((queue) => ({ queue, waiting: 0, active: 0, delayed: 0, failed: 0 })));
    const neighbours = {
      db: store.db,
      programs,
      lines: new Map(['main', 'slow'].map((key) => [key, lineOf(key)])),
      metrics,
      log: createLogger({ level: 'error', destination: { write: (line) => void lines.push(line) } }),
      now: () => LATER,
      quota: createReplyQuota(store.db, () => LATER),
      queue: { depth, waitingSince: () => Promise.resolve(undefined) },
      enqueue: {
        bind: (ids: readonly string[]) => bound.push(...ids),
        send: (channel: string, ids: readonly string[]) => sent.push(...ids.map((id) => `${channel} ${id}`)),
        drain: () => Promise.resolve(),
        dropped: 0,
      },
    };
    return { sweep: createSweep(neighbours), start: () => startSweeper(neighbours), bound, sent, lines };
  }

  async function lost(): Promise<{ inbox: string[]; replies: string[] }> {
    const inbox = await arrive(
      store.db,
      [1, 2].map((n) => inbound(phone(n), { kind: 'help' })),
    );
    const [main, slow] = await addReplies(store.db, [{}, { channel: 'slow' }]);
    await sql`UPDATE inbox SET sweep_at = now()`.execute(store.db);
    await sql`UPDATE replies SET sweep_at = now() WHERE sweep_at IS NOT NULL`.execute(store.db);
    return { inbox: inbox.toSorted(), replies: [`main ${main}`, `slow ${slow}`] };
  }

  it('brings back SMS and replies that lost their job', async () => {
    const { inbox, replies } = await lost();
    const { sweep, bound, sent } = sweeper();
    await sweep();
    assert.deepEqual([bound, sent.toSorted()], [inbox, replies]);
    await sweep();
    assert.deepEqual([bound.length, sent.length], [2, 2], 'not again at once');
  });

  it('takes nothing for a queue that does not answer, and loses nothing by it', async () => {
    const { inbox, replies } = await lost();
    const away = sweeper('queue is away');
    await away.sweep();
    assert.deepEqual([away.bound, away.sent], [[], []]);
    const back = sweeper();
    await back.sweep();
    assert.deepEqual([back.bound, back.sent.toSorted()], [inbox, replies]);
  });

  it('tells a newcomer once that the holder did not agree, with four sweepers at once', async () => {
    await addCards(store.db, [{ number: card(1), holder: phone(1) }]);
    const asks = inbound(phone(2), { kind: 'card', card: card(1) });
    await binder(store.db, { now: () => NOW }).bind(await arrive(store.db, [asks]));
    const four = [sweeper(), sweeper(), sweeper(), sweeper()];
    await Promise.all(four.map(({ sweep }) => sweep()));
    const refusals = await look<{ id: string; locale: string; recipient: string }>(
      store.db,
      sql`SELECT id, locale, recipient FROM replies WHERE template = 'request-refused'`,
    );
    assert.deepEqual(
      refusals.map(({ locale, recipient }) => [locale, recipient]),
      [['ru', phone(2)]],
    );
    assert.deepEqual(
      four.flatMap(({ sent }) => sent),
      [`main ${refusals[0]?.id}`],
    );
  });

  it('reads what came of a long SMS whose other parts never do, and hands it on', async () => {
    const part = { channel: 'main', providerMessageId: 'P1', sender: phone(1), senderRaw: phone(1), recipient: '2420' };
    const place = { reference: '7', total: 2, position: 1, text: `card ${card(1)}`, waitMs: 0 };
    await keepParts(store.db, [{ ...part, ...place }], () => assert.fail('it is not whole'));
    const { sweep, bound } = sweeper();
    await sweep();
    const inbox = await look<{ id: string; intent: object }>(store.db, sql`SELECT id, intent FROM inbox`);
    assert.deepEqual(
      [bound, inbox.map(({ intent }) => intent)],
      [inbox.map(({ id }) => id), [{ kind: 'card', card: card(1) }]],
    );
  });

  it('applies the receipts that wait for their reply, and gives up those of no reply', async () => {
    const receipt = (providerMessageId: string) => ({ providerMessageId, status: 'sent', isOptOut: false }) as const;
    await applyReceipts(store.db, 'main', [receipt('P1'), receipt('P2')]);
    const ids = await addReplies(store.db, [{ status: 'accepted' }]);
    await sql`UPDATE replies SET provider_message_id = 'P1' WHERE id = ANY(${ids}::bigint[])`.execute(store.db);
    await sql`UPDATE parked_receipts SET parked_at = now() - interval '1 hour'`.execute(store.db);
    await sweeper('queue is away').sweep();
    assert.deepEqual(await look(store.db, sql`SELECT status FROM replies`), [{ status: 'sent' }]);
    assert.deepEqual(await look(store.db, sql`SELECT FROM parked_receipts`), []);
    const { values } = await metrics.receiptsUnmatched.get();
    assert.equal(values.find(({ labels }) => labels.channel === 'main')?.value, 1);
  });

  it('settles what was never answered and seals the audit, also while the queue is away', async () => {
    await addReplies(store.db, [{ status: 'sending' }]);
    await addCards(store.db, [{ number: card(1), holder: phone(1) }]);
    await sql`UPDATE replies SET sweep_at = now() WHERE sweep_at IS NOT NULL`.execute(store.db);
    await sweeper('queue is away').sweep();
    assert.deepEqual(await look(store.db, sql`SELECT status FROM replies`), [{ status: 'unknown' }]);
    assert.equal((await look(store.db, sql`SELECT FROM audit_chain`)).length, 1);
  });

  it('goes on after a step that fails, also of one programme alone, and names it in the log once', async () => {
    await addCards(store.db, [{ number: card(1), holder: phone(1) }]);
    const asks = inbound(phone(2), { kind: 'card', card: card(1) });
    await binder(store.db, { now: () => NOW }).bind(await arrive(store.db, [asks]));
    // Postgres takes no NUL, so every statement of this programme fails.
    const broken = { ...CLUB, key: 'bro\0ken' };
    const { sweep, sent, lines } = sweeper(
      'queue answers',
      new Map([broken, CLUB].map((program) => [program.key, program])),
    );
    await sql`ALTER TABLE parked_receipts RENAME TO away`.execute(store.db);
    try {
      await sweep();
      await sweep();
    } finally {
      await sql`ALTER TABLE away RENAME TO parked_receipts`.execute(store.db);
    }
    assert.equal(sent.length, 1, 'the newcomer is told');
    assert.ok((await look(store.db, sql`SELECT FROM audit_chain`)).length > 0);
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { step: string }).step),
      ['receipts that came first', 'receipts of no reply', `offers of ${broken.key}`],
    );
  });

  it('sweeps at once when it starts, and no more once it is stopped', async () => {
    const { inbox } = await lost();
    const { start, bound } = sweeper();
    const stop = start();
    await waitFor(() => bound.length === inbox.length, { what: 'the first sweep' });
    await stop();
    await sql`UPDATE inbox SET sweep_at = now()`.execute(store.db);
    assert.deepEqual(bound, inbox);
  });
});
