import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { type Answer, createDeployment, customers, type Deployment } from '../support/process-deployment.ts';
import { checkHistory, everythingEnds } from '../support/process-history.ts';
import type { RunningProcess } from '../support/processes.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';

/** A webhook that takes longer would make its provider wait; Telnyx gives up after two seconds. */
const FAST_MS = 1_000;

describe('processes whose Redis fails', function () {
  this.timeout(120_000);
  let redis: RedisServer;
  let deployment: Deployment;
  let http: RunningProcess;
  let workers: RunningProcess[];
  const answers: Answer[] = [];

  before(async () => {
    redis = await startRedis();
    await redis.kill();
    deployment = await createDeployment({ redisUrl: redis.url });
    await deployment.issueCards(500);
    [http, ...workers] = await Promise.all([
      deployment.start('src/main.ts'),
      ...customers(1, 3).map(() => deployment.start('workers/main.ts')),
    ]);
    await Promise.all([http, ...workers].map((process) => process.ready()));
  });

  after(async () => {
    await deployment.end();
    await redis.stop();
  });

  it('start without it, take every SMS fast and say so; three sweepers then bring all of it to one reply each', async () => {
    answers.push(...(await deployment.text(customers(1, 200), { to: [http] })));
    for (const process of [http, ...workers]) {
      const { status, dependencies } = await process.readiness();
      assert.deepEqual([status, dependencies.queue, dependencies.database], [200, 'degraded', 'up']);
    }
    assertTakenFast(answers);
    assert.equal(deployment.twilio.accepted.length, 0);
    await redis.restart();
    await everythingEnds(deployment);
    const tally = await checkHistory(deployment, answers);
    assert.deepEqual(tally, { acknowledged: 200, activated: 200, accepted: 200, unknown: 0, sent: 200 });
  });

  it('take every SMS fast and reply exactly once while it is emptied over and over, killed and started again', async () => {
    const admin = new Redis(redis.url, { maxRetriesPerRequest: null });
    admin.on('error', () => undefined);
    const disturb = async (count: number) => {
      if (count === 150) await redis.kill();
      else if (count === 250) await redis.restart();
      else if (count % 40 === 0 && (count < 150 || count > 250)) await admin.flushall();
    };
    answers.push(...(await deployment.text(customers(201, 500), { to: [http], onAnswer: disturb })));
    await admin.flushall();
    await admin.quit();
    assertTakenFast(answers);
    await everythingEnds(deployment);
    const tally = await checkHistory(deployment, answers);
    assert.deepEqual(tally, { acknowledged: 500, activated: 500, accepted: 500, unknown: 0, sent: 500 });
    assert.deepEqual(
      [http, ...workers].filter((process) => process.hasEnded()),
      [],
      'no process ends by itself',
    );
  });
});

function assertTakenFast(answers: readonly Answer[]): void {
  const slow = answers.filter(({ status, ms }) => status !== 200 || ms > FAST_MS);
  assert.deepEqual(slow, [], `not taken within ${FAST_MS} ms`);
}
