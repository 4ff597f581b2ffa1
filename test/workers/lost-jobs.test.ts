import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { openQueueBackend, type QueueBackend } from '../../src/queue/backend.ts';
import type { JobKind, QueueName } from '../../src/queue/catalog.ts';
import { bringBackReplies, bringBackSms } from '../../workers/lost-jobs.ts';
import { addReplies } from '../store/outbox.ts';
import { channelOf } from '../support/channel.ts';
import { arrive, inbound } from '../support/club.ts';
import { freshStore } from '../support/fresh-store.ts';
import { createTestRedis } from '../support/redis.ts';
import { accept, scriptedProvider } from '../support/scripted-provider.ts';
import { waitFor } from '../support/wait-for.ts';
import { phone } from '../support/world.ts';
import { log, metrics } from './binder.ts';

const lines = new Map(
  ['main', 'slow'].map((key) => [key, { channel: channelOf({ key }), provider: scriptedProvider(accept) }]),
);

describe('rows whose job is lost', () => {
  const store = freshStore();
  let queue: QueueBackend;

  beforeEach(async () => {
    const { url, prefix } = await createTestRedis();
    queue = openQueueBackend({ redisUrl: url, prefix, databaseUrl: 'postgres://unused', log });
    await waitFor(() => queue.ping().then(() => true), { what: 'Redis' });
  });

  afterEach(() => queue.close());

  /** An SMS, and a reply of each channel, that are to be looked for since so many seconds. */
  async function rows(seconds: number): Promise<{ sms: string[]; main: string; slow: string }> {
    const sms = await arrive(store.db, [inbound(phone(1), { kind: 'help' })]);
    const [main = '', slow = ''] = await addReplies(store.db, [{}, { channel: 'slow' }]);
    const at = sql`clock_timestamp() - ${seconds} * interval '1 second'`;
    await sql`UPDATE inbox SET sweep_at = ${at} WHERE id = ANY(${sms}::bigint[])`.execute(store.db);
    await sql`UPDATE replies SET sweep_at = ${at} WHERE id = ANY(${[main, slow]}::bigint[])`.execute(store.db);
    return { sms, main: `main ${main}`, slow: `slow ${slow}` };
  }

  /** Jobs of other rows, which nobody takes. */
  const addJobs = (kind: JobKind, name: QueueName, count: number) =>
    queue.add(
      kind,
      name,
      Array.from({ length: count }, () => ({ pack: { ids: ['1'] }, delayMs: 0 })),
    );

  /** What is enqueued again: SMS, then replies with their channel. */
  async function broughtBack(asked: Pick<QueueBackend, 'depth' | 'waitingSince'> = queue): Promise<string[]> {
    const ids: string[] = [];
    const enqueue = {
      bind: (found: readonly string[]) => ids.push(...found),
      send: (channel: string, found: readonly string[]) => ids.push(...found.map((id) => `${channel} ${id}`)),
      drain: () => Promise.resolve(),
      dropped: 0,
    };
    const neighbours = { db: store.db, lines, queue: asked, enqueue, metrics };
    await bringBackSms(neighbours);
    await bringBackReplies(neighbours);
    return ids;
  }

  it('come back once, while few jobs wait', async () => {
    await addJobs('bind', 'bind', 19);
    await addJobs('send', 'send-slow', 19);
    const { sms, main, slow } = await rows(0);
    assert.deepEqual(await broughtBack(), [...sms, main, slow]);
    assert.deepEqual(await broughtBack(), []);
  });

  it('come back also while their queue is long, when they are older than all that waits in it', async () => {
    const lost = await rows(1);
    await addJobs('bind', 'bind', 20);
    await addJobs('send', 'send-slow', 20);
    await rows(0);
    assert.deepEqual(
      (await broughtBack()).filter((id) => !id.startsWith('main')),
      [...lost.sms, lost.slow],
    );
  });

  it('are left alone while their queue is long and older jobs wait in it: they are late, not lost', async () => {
    await addJobs('bind', 'bind', 20);
    await addJobs('send', 'send-slow', 20);
    const { main } = await rows(0);
    assert.deepEqual(await broughtBack(), [main]);
  });

  it('come back also while another queue does not answer, such as one whose node of a Redis Cluster is down', async () => {
    const { sms, main } = await rows(0);
    const half: typeof queue = {
      ...queue,
      depth: (names, answerMs) =>
        names.includes('send-slow') ? Promise.reject(new Error('Its node is down')) : queue.depth(names, answerMs),
    };
    assert.deepEqual(await broughtBack(half), [...sms, main]);
  });

  it('come back in hundreds while their queue is long, so that nobody waits behind all of them', async () => {
    await arrive(
      store.db,
      Array.from({ length: 310 }, (_, n) => inbound(phone(n), { kind: 'help' })),
    );
    await sql`UPDATE inbox SET sweep_at = now() - interval '1 second'`.execute(store.db);
    await addJobs('bind', 'bind', 20);
    assert.equal((await broughtBack()).length, 300);
    assert.equal((await broughtBack()).length, 10);
  });
});
