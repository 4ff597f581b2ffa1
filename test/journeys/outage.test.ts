import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { mock } from 'node:test';
import { sql } from 'kysely';
import { openLines } from '../../src/lines.ts';
import { MAX_PACK } from '../../src/queue/catalog.ts';
import { compileTemplates } from '../../src/reply/compile.ts';
import { templateSource } from '../../src/reply/source.ts';
import { sweepReplies } from '../../src/store/reply-sweep.ts';
import { createAttempts } from '../../workers/attempt.ts';
import { createCircuits } from '../../workers/circuit.ts';
import { createSend } from '../../workers/send.ts';
import { addReplies, repliesIn } from '../store/outbox.ts';
import { channelOf } from '../support/channel.ts';
import { type Behaviour, type FakeTwilio, startFakeTwilio, twilioError } from '../support/fake-twilio.ts';
import { freshStore } from '../support/fresh-store.ts';
import { CLUB, phone } from '../support/world.ts';
import { log, metrics } from '../workers/binder.ts';

const HOUR_MS = 3_600_000;
const REPLIES = 500;
const PER_SECOND = 250;

/** `uncertain`: how many replies at most nobody can tell of afterwards: those that were tried and not answered. */
const OUTAGES: readonly [about: string, behaviour: Behaviour, uncertain: number][] = [
  ['that takes nothing (503)', twilioError(503, 20503), 0],
  ['that may have taken what it fails on (500)', twilioError(500, 20500), PER_SECOND + 60],
];

describe('an hour’s outage of a provider', function () {
  this.timeout(60_000);
  const store = freshStore();
  let main: FakeTwilio;
  let other: FakeTwilio;
  beforeEach(async () => {
    [main, other] = await Promise.all([startFakeTwilio(), startFakeTwilio()]);
  });
  afterEach(async () => {
    mock.restoreAll();
    await Promise.all([main.close(), other.close()]);
  });

  for (const [about, behaviour, uncertain] of OUTAGES) {
    it(`${about} loses no reply, fails none and sends none twice; other channels go on`, async () => {
      const service = openService();
      main.otherwise = behaviour;
      const ids = await addReplies(
        store.db,
        Array.from({ length: REPLIES }, (_, n) => ({ recipient: phone(n) })),
      );
      service.enqueue('main', ids, 0);
      while (service.passedMs() < HOUR_MS) {
        const [spoken = ''] = await addReplies(store.db, [{ channel: 'other', recipient: phone(service.passedMs()) }]);
        service.enqueue('other', [spoken], 0);
        await service.next();
        assert.equal(await statusOf(spoken), 'accepted');
      }
      assert.equal(main.accepted.length, 0);
      assert.ok(main.requestCount < PER_SECOND + 150, `${main.requestCount} requests in an hour`);

      main.otherwise = 'accept';
      const before = new Set((await waiting(ids)).map(({ id }) => id));
      assert.ok(before.size >= REPLIES - uncertain, `${before.size} wait`);
      const begun = performance.now();
      while ((await waiting(ids)).length > 0) await service.next();
      assert.ok(performance.now() - begun >= ((before.size - PER_SECOND) / PER_SECOND) * 900, 'at the channel’s rate');

      const rows = (await repliesIn(store.db)).filter(({ id }) => ids.includes(id));
      for (const { id, status } of rows) assert.equal(status, before.has(id) ? 'accepted' : 'unknown');
      assert.equal(main.accepted.length, before.size);
      assert.equal(new Set(main.accepted.map(({ to }) => to)).size, before.size);
      await service.close();
    });
  }

  const statusOf = async (id: string) =>
    (await store.db.selectFrom('replies').select('status').where('id', '=', id).execute())[0]?.status;
  const waiting = async (ids: readonly string[]) =>
    (await repliesIn(store.db)).filter(({ id, status }) => status === 'queued' && ids.includes(id));

  /** The send workers of both channels, whose queue and clock are the test's. */
  function openService() {
    const lines = openLines({
      channels: new Map([
        ['main', twilioChannel('main', main)],
        ['other', twilioChannel('other', other)],
      ]),
    });
    let jobs: { channel: string; id: string; dueAt: number }[] = [];
    const start = Date.now();
    let clock = start;
    mock.method(Date, 'now', () => clock);
    const uptime = performance.now.bind(performance);
    mock.method(performance, 'now', () => uptime() + clock - start);
    const enqueue = (channel: string, ids: readonly string[], delayMs = 0) =>
      void jobs.push(...ids.map((id) => ({ channel, id, dueAt: clock + delayMs })));
    const neighbours = {
      db: store.db,
      programs: new Map([['club', CLUB]]),
      lines,
      hasSession: () => true,
      circuits: createCircuits(lines, { metrics, log, random: () => 0.9 }),
      texts: () => TEXTS,
      enqueue: { send: enqueue },
      metrics,
      log,
      now: () => new Date(clock),
      random: Math.random,
    };
    const handle = createSend(neighbours, createAttempts(neighbours));
    const { signal } = new AbortController();
    setMaxListeners(0, signal);
    return {
      enqueue,
      passedMs: () => clock - start,
      /** Lets time pass until jobs of `main` are due, and works on all that are in packs, as the queue does. */
      async next() {
        const dueTimes = jobs.filter(({ channel }) => channel === 'main').map(({ dueAt }) => dueAt);
        const next = Math.max(clock + 1_000, Math.min(...dueTimes));
        await passTime(next - clock);
        clock = next;
        for (const { id, channel } of await sweepReplies(store.db, ['main', 'other'], 5_000)) enqueue(channel, [id]);
        const due = jobs.filter(({ dueAt }) => dueAt <= clock);
        jobs = jobs.filter(({ dueAt }) => dueAt > clock);
        await Promise.all(
          ['main', 'other'].flatMap((channel) => {
            const ids = [...new Set(due.filter((job) => job.channel === channel).map(({ id }) => id))];
            return packs(ids).map((pack) => handle({ ids: pack }, { signal, channel }));
          }),
        );
      },
      close: () => Promise.all([...lines.values()].map(({ provider }) => provider.close())),
    };
  }

  /** Postgres has a clock of its own: what is in the future there comes nearer. */
  async function passTime(ms: number): Promise<void> {
    const passed = sql`${ms}::float8 * interval '1 millisecond'`;
    await sql`UPDATE replies SET next_attempt_at = next_attempt_at - ${passed}, sweep_at = sweep_at - ${passed},
      created_at = created_at - ${passed}`.execute(store.db);
  }
});

const { texts: TEXTS } = compileTemplates([templateSource('en/help.liquid', 'Help') ?? assert.fail()], [CLUB]);

function packs(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / MAX_PACK) }, (_, n) =>
    ids.slice(n * MAX_PACK, (n + 1) * MAX_PACK),
  );
}

function twilioChannel(key: string, { apiBaseUrl, accountSid, authToken }: FakeTwilio) {
  return channelOf({
    key,
    provider: 'twilio',
    messagesPerSecond: PER_SECOND,
    options: { accountSid, authToken: [authToken], apiBaseUrl, requestTimeoutMs: 5_000 },
  });
}
