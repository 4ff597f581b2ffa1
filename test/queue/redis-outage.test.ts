import { equal, ok, rejects } from 'node:assert/strict';
import { Redis } from 'ioredis';
import { createLogger } from '../../src/log.ts';
import { openQueueBackend } from '../../src/queue/backend.ts';
import { createEnqueuer } from '../../src/queue/enqueue.ts';
import { startWorkers } from '../../src/queue/worker.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';
import { numbers, recordingHandlers } from './handlers.ts';
import { startProxy } from './proxy.ts';
import { type Failover, startClusterFailover, startSentinelFailover } from './redis-failover.ts';

const silent = createLogger({ level: 'silent' });

/** One process with the queues in the Redis at `url`, and what it wrote to its log. */
function startProcess(url: string) {
  const lines: string[] = [];
  const log = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } });
  const backend = openQueueBackend({ redisUrl: url, databaseUrl: 'postgres://unused', log });
  const enqueuer = createEnqueuer(backend);
  const { handlers, bound } = recordingHandlers();
  const workers = startWorkers(backend, handlers, { channels: [], log });
  return {
    backend,
    enqueuer,
    bound,
    lines,
    /** Enqueues the id until a handler got it. */
    works: (id: string, timeoutMs = 15_000) =>
      waitFor(
        () => {
          enqueuer.bind([id]);
          return bound().includes(id);
        },
        { what: `id ${id}`, timeoutMs },
      ),
    end: async () => {
      await enqueuer.drain();
      await workers.close(2_000);
      await backend.close();
    },
  };
}

const FAILOVERS: readonly (readonly [string, () => Promise<Failover>])[] = [
  ['a Redis whose place a replica takes, by Sentinel', startSentinelFailover],
  ['a Redis Cluster of three, a replica taking the place of the one that has the queue', startClusterFailover],
];

for (const [title, start] of FAILOVERS) {
  describe(`queues in ${title}`, () => {
    it('lose no job that was there, and go on with the next', async () => {
      const { url, killMaster } = await start();
      const producer = openQueueBackend({ redisUrl: url, databaseUrl: 'postgres://unused', log: silent });
      await waitFor(() => producer.ping().then(() => true), { what: 'Redis to answer' });
      await producer.add('bind', 'bind', [{ pack: { ids: ['1'] }, delayMs: 0 }]);
      await producer.close();
      await killMaster();
      const { bound, works, end } = startProcess(url);
      await works('2', 30_000);
      await waitFor(() => bound().includes('1'), { what: 'the job from before' });
      await end();
    }).timeout(90_000);

    it('are worked on again by a process that was there all the time', async () => {
      const { url, killMaster } = await start();
      const { enqueuer, works, lines, end } = startProcess(url);
      await works('1', 30_000);
      await killMaster();
      ok((await durationOf(() => enqueuer.bind(numbers(2, 200)))) < 1_000);
      await works('201', 30_000);
      ok(lines.length < 20, `a failover floods the log with ${lines.length} lines`);
      await end();
    }).timeout(90_000);
  });
}

/** How long `act` takes, in milliseconds. */
async function durationOf(act: () => unknown): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

/** The bounds here are far from what is measured: they tell a wait that ends from one that does not, on any machine. */
describe('queues in a Redis that fails', () => {
  let redis: RedisServer;

  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.stop());

  it('start without it, drop with a count, and work when it comes', async () => {
    await redis.kill();
    const { backend, enqueuer, works, end } = startProcess(redis.url);
    ok((await durationOf(() => enqueuer.bind(numbers(1, 200)))) < 1_000);
    await waitFor(() => enqueuer.dropped === 200, { what: 'the ids to be dropped', timeoutMs: 5_000 });
    ok((await durationOf(() => rejects(backend.ping()))) < 3_000);
    ok((await durationOf(() => rejects(backend.depth(['bind'])))) < 3_000);
    await redis.restart();
    await works('201');
    await end();
  });

  it('end soon without ever having seen it', async () => {
    await redis.kill();
    const { enqueuer, end } = startProcess(redis.url);
    enqueuer.bind(numbers(1, 200));
    ok((await durationOf(end)) < 15_000);
  });

  it('survive its kill, and work when it is back', async () => {
    const { enqueuer, works, lines, end } = startProcess(redis.url);
    await works('1');
    await redis.kill();
    enqueuer.bind(numbers(2, 500));
    await waitFor(() => enqueuer.dropped > 0, { what: 'the ids to be dropped', timeoutMs: 5_000 });
    await redis.restart();
    await works('501');
    ok(lines.length < 10, `an outage floods the log with ${lines.length} lines`);
    await end();
  });

  it('return at once, and hold on to little, when it falls silent; and work when it talks again', async () => {
    const proxy = await startProxy(redis.port);
    const { enqueuer, works, end } = startProcess(`redis://127.0.0.1:${proxy.port}`);
    await works('1');
    await enqueuer.drain();
    proxy.silence();
    ok((await durationOf(() => enqueuer.bind(numbers(2, 25_001)))) < 3_000);
    await waitFor(() => enqueuer.dropped > 0, { what: 'the ids that find no room' });
    equal(enqueuer.dropped, 15_000);
    ok((await durationOf(() => enqueuer.drain())) < 15_000);
    equal(enqueuer.dropped, 25_000);
    proxy.heal();
    await works('25002', 30_000);
    await end();
    await proxy.close();
  }).timeout(60_000);

  it('start on one that accepts and is silent', async () => {
    const proxy = await startProxy(redis.port);
    proxy.silence();
    const { backend, enqueuer, end } = startProcess(`redis://127.0.0.1:${proxy.port}`);
    enqueuer.bind(numbers(1, 100));
    ok((await durationOf(() => enqueuer.drain())) < 15_000);
    equal(enqueuer.dropped, 100);
    proxy.heal();
    await waitFor(() => backend.ping().then(() => true), { what: 'a connection that talks' });
    enqueuer.bind(['101']);
    await enqueuer.drain();
    equal(enqueuer.dropped, 100);
    await end();
    await proxy.close();
  });

  it('do not spin when it is out of memory, and work when there is room', async () => {
    const admin = new Redis(redis.url);
    const jobs = numbers(2, 9).map((id) => ({ pack: { ids: [id] }, delayMs: 0 }));
    const producer = openQueueBackend({ redisUrl: redis.url, databaseUrl: 'postgres://unused', log: silent });
    await producer.add('bind', 'bind', jobs);
    await producer.close();
    await admin.config('SET', 'maxmemory', '1');
    const { enqueuer, bound, works, lines, end } = startProcess(redis.url);
    enqueuer.bind(['20']);
    await waitFor(() => enqueuer.dropped > 0, { what: 'the id to be dropped' });
    const callsPerSecond = await rateOf(() => commandsOf(admin));
    ok(callsPerSecond < 50, `${callsPerSecond} commands per second`);
    ok(lines.length < 10, `${lines.length} lines of log`);
    await admin.config('SET', 'maxmemory', '0');
    await works('21');
    await waitFor(() => bound().includes('9'), { what: 'the jobs that waited' });
    await end();
    await admin.quit();
  });

  it('pass over a job that is not even JSON', async () => {
    const admin = new Redis(redis.url);
    const { works, end } = startProcess(redis.url);
    await works('1');
    await admin.hset('cardwake:{bind}:77', 'name', 'bind', 'data', '{ids:', 'opts', 'nonsense');
    await admin.lpush('cardwake:{bind}:wait', '77', '78');
    await works('2');
    await end();
    await admin.quit();
  });
});

async function commandsOf(redis: Redis): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
}

/** Growth per second of a counter, watched for about a second and a half. */
async function rateOf(count: () => Promise<number>): Promise<number> {
  const [start, before] = [performance.now(), await count()];
  await waitFor(() => performance.now() - start > 1_500, { what: 'a second and a half' });
  return ((await count()) - before) / ((performance.now() - start) / 1_000);
}
