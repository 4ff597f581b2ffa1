import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Channel } from '../../src/config.ts';
import type { LookupOutcome, UnansweredSend } from '../../src/providers/provider.ts';
import { LOOKUP_RETRY, SEND_RETRY } from '../../src/queue/catalog.ts';
import { claimReplies } from '../../src/store/replies.ts';
import { settleUnanswered } from '../../src/store/reply-sweep.ts';
import { lookUpDue, startLookups, unansweredPolicies } from '../../workers/lookup.ts';
import { addReplies, type GivenReply, repliesIn } from '../store/outbox.ts';
import { channelOf } from '../support/channel.ts';
import { look } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { accept, scriptedProvider } from '../support/scripted-provider.ts';
import { waitFor } from '../support/wait-for.ts';
import { phone } from '../support/world.ts';
import { log, metrics } from './binder.ts';

type Script = (send: UnansweredSend) => LookupOutcome | Promise<LookupOutcome>;

const FOUND: LookupOutcome = {
  kind: 'found',
  receipt: { providerMessageId: 'P1', status: 'delivered', isOptOut: false },
};
const ABSENT: LookupOutcome = { kind: 'absent' };
const UNCLEAR: LookupOutcome = { kind: 'unclear', code: 'http-500' };

describe('unanswered sends', () => {
  const store = freshStore();

  /** A worker of the channel `main`, whose provider answers look-ups as the script says; undefined: it cannot. */
  function worker(script: Script | undefined, unknown: Partial<Channel['unknown']> = {}, awayMs = 0) {
    const asked: UnansweredSend[] = [];
    const sent: string[] = [];
    const lookup =
      script &&
      (async (send: UnansweredSend) => {
        asked.push(send);
        return await script(send);
      });
    const policy = { waitReceiptMinutes: 10, lookup: true, otherwise: 'hold', ...unknown } as const;
    const lines = new Map([
      ['main', { channel: channelOf({ unknown: policy }), provider: scriptedProvider(accept, lookup) }],
    ]);
    const enqueue = { send: (_channel: string, ids: readonly string[]) => void sent.push(...ids) };
    const circuits = new Map([['main', { retryAfterMs: () => awayMs }]]);
    const neighbours = { db: store.db, lines, circuits, enqueue, metrics, log, random: () => 0.5 };
    const { signal } = new AbortController();
    const settle = () => settleUnanswered(store.db, unansweredPolicies(lines));
    return {
      asked,
      sent,
      settle,
      look: () => lookUpDue(neighbours, signal),
      start: () => startLookups(neighbours),
      /** Everything that two minutes of a worker would do. */
      turn: async () => {
        await lookUpDue(neighbours, signal);
        await settle();
      },
    };
  }

  const add = async (given: GivenReply = {}) => {
    const [id = ''] = await addReplies(store.db, [{ status: 'unknown', recipient: phone(1), ...given }]);
    await sql`UPDATE replies SET text = 'Hello', attempted_at = '2024-05-01T12:00:00Z' WHERE id = ${id}`.execute(
      store.db,
    );
    return id;
  };
  const due = () => sql`UPDATE replies SET sweep_at = now() WHERE sweep_at < 'infinity'`.execute(store.db);
  const cases = () => look(store.db, sql`SELECT kind FROM cases WHERE resolved_at IS NULL`);
  const status = async () => (await repliesIn(store.db)).map((row) => row.status);

  it('wait for their receipt before anybody is asked', async () => {
    const { turn, asked } = worker(() => FOUND);
    await add();
    await sql`UPDATE replies SET sweep_at = now() + interval '1 minute' WHERE sweep_at IS NOT NULL`.execute(store.db);
    await turn();
    assert.deepEqual([asked, await status()], [[], ['unknown']]);
  });

  it('are found: the receipt stands, and no case is opened', async () => {
    const id = await add();
    await due();
    const { turn, asked } = worker(() => FOUND);
    await turn();
    const attemptedAt = new Date('2024-05-01T12:00:00Z');
    assert.deepEqual(asked, [{ replyId: id, from: '2420', to: phone(1), text: 'Hello', attemptedAt }]);
    const [row] = await repliesIn(store.db);
    assert.deepEqual([row?.status, row?.provider_message_id, await cases()], ['delivered', 'P1', []]);
  });

  it('are absent: they go out once more, as another attempt', async () => {
    const id = await add({ attempts: 1 });
    await due();
    const { turn, sent } = worker(() => ABSENT);
    await turn();
    assert.deepEqual([sent, await status(), await cases()], [[id], ['queued'], []]);
    const [claimed] = await claimReplies(store.db, 'main', [id]);
    assert.equal(claimed?.attempts, 2);
  });

  it('are not sent again and again: after the last attempt an absent one is held', async () => {
    await add({ attempts: SEND_RETRY.attempts });
    const { turn, sent } = worker(() => ABSENT);
    for (let n = 0; n <= LOOKUP_RETRY.tries; n += 1) {
      await due();
      await turn();
    }
    assert.deepEqual([sent, await status(), await cases()], [[], ['unknown'], [{ kind: 'send-unknown' }]]);
  });

  it('are asked about again while the provider cannot tell, with longer and longer waits, and then held', async () => {
    await add();
    const { turn, asked } = worker(() => UNCLEAR);
    const waits: number[] = [];
    for (let n = 0; n < LOOKUP_RETRY.tries; n += 1) {
      assert.deepEqual(await cases(), []);
      await due();
      await turn();
      waits.push((await repliesIn(store.db))[0]?.swept_in ?? Number.NaN);
    }
    assert.equal(asked.length, LOOKUP_RETRY.tries);
    assert.deepEqual(
      waits.slice(0, -1),
      waits.slice(0, -1).toSorted((a, b) => a - b),
    );
    assert.ok((waits[0] ?? 0) >= 30 && (waits.at(-2) ?? 0) <= 900);
    assert.deepEqual([await cases(), await status()], [[{ kind: 'send-unknown' }], ['unknown']]);
    await due();
    await turn();
    assert.deepEqual([asked.length, (await cases()).length], [LOOKUP_RETRY.tries, 1]);
  });

  it('are not asked about while the provider is away, and no look-up is used up', async () => {
    await add();
    await due();
    const { turn, asked } = worker(() => UNCLEAR, {}, 60_000);
    await turn();
    assert.deepEqual([asked, await status(), await cases()], [[], ['unknown'], []]);
    assert.deepEqual(await look(store.db, sql`SELECT lookups FROM replies`), [{ lookups: 0 }]);
  });

  for (const [about, script, policy] of [
    ['the provider cannot be asked', undefined, {}],
    ['the policy does not want it', () => FOUND, { lookup: false }],
  ] as const) {
    it(`are held without a look-up where ${about}`, async () => {
      await add();
      await due();
      const { turn, asked } = worker(script, policy);
      await turn();
      assert.deepEqual([asked, await cases()], [[], [{ kind: 'send-unknown' }]]);
    });
  }

  it('are sent again, once, where the policy would rather have it twice than not at all', async () => {
    const id = await add();
    await due();
    const { turn, settle } = worker(undefined, { otherwise: 'resend' });
    assert.deepEqual(await settle(), { unknown: 0, held: 0, resent: [{ id, channel: 'main' }] });
    assert.equal((await claimReplies(store.db, 'main', [id])).length, 1);
    await sql`UPDATE replies SET status = 'unknown'`.execute(store.db);
    await due();
    await turn();
    assert.deepEqual([await status(), await cases()], [['unknown'], [{ kind: 'send-unknown' }]]);
  });

  it('are looked up anew for each attempt', async () => {
    const id = await add();
    await sql`UPDATE replies SET lookups = ${LOOKUP_RETRY.tries}, status = 'queued'`.execute(store.db);
    await claimReplies(store.db, 'main', [id]);
    await sql`UPDATE replies SET status = 'unknown'`.execute(store.db);
    await due();
    const { turn } = worker(() => FOUND);
    await turn();
    assert.deepEqual(await status(), ['delivered']);
  });

  it('are asked about by one worker at a time, however many look', async () => {
    await Promise.all(Array.from({ length: 12 }, () => add()));
    await due();
    const underWay = new Set<string>();
    const script: Script = async ({ replyId }) => {
      assert.ok(!underWay.has(replyId), 'twice at once');
      underWay.add(replyId);
      await new Promise((resolve) => setImmediate(resolve));
      return UNCLEAR;
    };
    const workers = Array.from({ length: 6 }, () => worker(script));
    await Promise.all(workers.map((one) => one.look()));
    assert.equal(workers.flatMap((one) => one.asked).length, 12);
  });

  it('keep what a receipt tells while they are looked up', async () => {
    const id = await add();
    await due();
    const { turn, sent } = worker(async () => {
      await sql`UPDATE replies SET status = 'delivered', sweep_at = NULL WHERE id = ${id}`.execute(store.db);
      return ABSENT;
    });
    await turn();
    assert.deepEqual([sent, await status()], [[], ['delivered']]);
  });

  it('are not taken for another reply that said the same', async () => {
    const other = await add({ status: 'delivered' });
    await sql`UPDATE replies SET provider_message_id = 'P1' WHERE id = ${other}`.execute(store.db);
    await add();
    await due();
    const { turn } = worker(() => FOUND);
    await turn();
    assert.deepEqual(await status(), ['delivered', 'unknown']);
  });

  it('are asked about with the code that they carried, which is blanked in what is kept', async () => {
    const id = await add();
    await sql`UPDATE replies SET text = 'Code ######', variables = '{"code":"004217"}' WHERE id = ${id}`.execute(
      store.db,
    );
    await due();
    const { turn, asked } = worker(() => UNCLEAR);
    await turn();
    assert.deepEqual(
      asked.map(({ text }) => text),
      ['Code 004217'],
    );
  });

  it('are left to others by a worker that is told to stop while its provider is silent', async () => {
    await add();
    await due();
    const { start, asked, settle } = worker(() => new Promise<never>(() => {}));
    const stop = start();
    await waitFor(() => asked.length === 1, { what: 'the look-up' });
    await stop();
    await settle();
    const [row] = await repliesIn(store.db);
    assert.deepEqual([row?.status, row?.swept_in, await cases()], ['unknown', 120, []]);
  });
});
