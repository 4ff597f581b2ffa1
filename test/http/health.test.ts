import assert from 'node:assert/strict';
import { createConsoleApp } from '../../src/http/app.ts';
import { createOps, type Dependency } from '../../src/http/health.ts';
import { createMetrics } from '../../src/metrics.ts';
import { call, closeAll, quiet, serve } from './client.ts';

type Answer = 'answers' | 'fails' | 'hangs' | 'throws';

const CHECKS: Record<Answer, () => Promise<unknown>> = {
  answers: () => Promise.resolve(),
  fails: () => Promise.reject(new Error('down')),
  hangs: () => new Promise(() => {}),
  throws: () => {
    throw new Error('down at once');
  },
};

async function serveOps(dependencies: Record<string, Dependency>, isDraining = () => false) {
  const metrics = createMetrics();
  const ops = createOps({ dependencies, isDraining, metrics });
  return { metrics, listening: await serve(createConsoleApp({ ops, host: '127.0.0.1', log: quiet })) };
}

describe('health', () => {
  afterEach(closeAll);

  it('is live whenever the event loop turns, with the database down too', async () => {
    const { listening } = await serveOps({ database: { check: CHECKS.fails, isRequired: true } });
    assert.deepEqual(JSON.parse((await call(listening, { path: '/health/live' })).body), { live: true });
  });

  const table: [database: Answer, queue: Answer, draining: boolean, status: number, database: string, queue: string][] =
    [
      ['answers', 'answers', false, 200, 'up', 'up'],
      ['answers', 'fails', false, 200, 'up', 'degraded'],
      ['answers', 'hangs', false, 200, 'up', 'degraded'],
      ['fails', 'answers', false, 503, 'down', 'up'],
      ['hangs', 'answers', false, 503, 'down', 'up'],
      ['throws', 'fails', false, 503, 'down', 'degraded'],
      ['answers', 'answers', true, 503, 'up', 'up'],
      ['fails', 'fails', true, 503, 'down', 'degraded'],
    ];
  for (const [database, queue, draining, status, databaseState, queueState] of table) {
    it(`is ${status} when the database ${database}, the queue ${queue}${draining ? ' and it drains' : ''}`, async () => {
      const dependencies = {
        database: { check: CHECKS[database], isRequired: true },
        queue: { check: CHECKS[queue], isRequired: false },
      };
      const { listening } = await serveOps(dependencies, () => draining);
      const startedAt = performance.now();
      const answer = await call(listening, { path: '/health/ready' });
      assert.ok(performance.now() - startedAt < 900);
      assert.equal(answer.status, status);
      assert.deepEqual(JSON.parse(answer.body), {
        ready: status === 200,
        draining,
        dependencies: { database: databaseState, queue: queueState },
      });
    });
  }

  it('turns red with the first moment of draining, although its checks are remembered', async () => {
    let draining = false;
    let checks = 0;
    const check = () => {
      checks += 1;
      return Promise.resolve();
    };
    const { listening } = await serveOps({ database: { check, isRequired: true } }, () => draining);
    const statuses = [];
    for (draining of [false, false, true]) statuses.push((await call(listening, { path: '/health/ready' })).status);
    assert.deepEqual(statuses, [200, 200, 503]);
    assert.equal(checks, 1);
  });
});

describe('/metrics', () => {
  afterEach(closeAll);

  it('shows counters, and gauges as they are when asked', async () => {
    const { listening, metrics } = await serveOps({});
    metrics.outcomes.inc({ program: 'club', outcome: 'activated', silence: '' });
    metrics.collectOldestUnprocessed(() => Promise.resolve(7.5));
    metrics.collectQueueDepths(() => Promise.resolve([{ queue: 'bind', state: 'waiting', jobs: 3 }]));
    metrics.collectUnbound(() => Promise.resolve(new Map([['main', 12.5]])));
    let admitted = 400;
    metrics.collectAdmitted(() => admitted);
    admitted = 285;
    const { status, headers, body } = await call(listening, { path: '/metrics' });
    assert.equal(status, 200);
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
    assert.match(body, /cardwake_outcomes_total\{program="club",outcome="activated",silence=""\} 1/);
    assert.match(body, /cardwake_oldest_unprocessed_seconds 7\.5/);
    assert.match(body, /cardwake_queue_depth\{queue="bind",state="waiting"\} 3/);
    assert.match(body, /cardwake_session_unbound_seconds\{channel="main"\} 12\.5/);
    assert.match(body, /cardwake_webhook_calls_admitted 285/);
    assert.match(body, /nodejs_eventloop_lag_seconds/);
  });

  it('still answers when the database and the queue do not, and leaves their gauges out', async () => {
    const { listening, metrics } = await serveOps({});
    metrics.forged.inc({ channel: 'main' });
    metrics.collectOldestUnprocessed(() => Promise.resolve(1));
    await call(listening, { path: '/metrics' });
    metrics.collectOldestUnprocessed(() => Promise.reject(new Error('down')));
    metrics.collectQueueDepths(() => new Promise(() => {}));
    const { status, body } = await call(listening, { path: '/metrics' });
    assert.equal(status, 200);
    assert.match(body, /cardwake_forged_total\{channel="main"\} 1/);
    assert.doesNotMatch(body, /cardwake_oldest_unprocessed_seconds \d/);
    assert.doesNotMatch(body, /cardwake_queue_depth\{/);
    const later = await call(listening, { path: '/metrics' });
    assert.match(later.body, /cardwake_collect_failures_total\{gauge="queue_depth"\} \d/);
  });
});
