import assert from 'node:assert/strict';
import { twilioError } from '../support/fake-twilio.ts';
import { type Answer, createDeployment, customers, type Deployment } from '../support/process-deployment.ts';
import { checkHistory, everythingEnds, letLeasesRunOut, waitingForLock } from '../support/process-history.ts';
import type { RunningProcess } from '../support/processes.ts';
import { createTestRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait-for.ts';

describe('worker processes', function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let http: RunningProcess;
  let worker: RunningProcess;
  const answers: Answer[] = [];

  before(async () => {
    deployment = await createDeployment({ redisUrl: (await createTestRedis()).url });
    await deployment.issueCards(1_000);
    [http, worker] = await Promise.all([deployment.start('src/main.ts'), deployment.start('workers/main.ts')]);
    await Promise.all([http.ready(), worker.ready()]);
  });

  after(() => deployment.end());

  it('answer to a storm of refusals by waiting: 429 costs no attempt, and every reply goes out once', async () => {
    const { twilio } = deployment;
    twilio.plan(...Array.from({ length: 40 }, () => twilioError(429, 20429, { 'retry-after': '1' })));
    answers.push(...(await deployment.text(customers(1, 100), { to: [http] })));
    await everythingEnds(deployment);
    assert.deepEqual(await checkHistory(deployment, answers), {
      acknowledged: 100,
      activated: 100,
      accepted: 100,
      unknown: 0,
      sent: 100,
    });
    assert.equal(twilio.requestCount, 140);
    assert.equal(await maxAttempts(), 1);
  });

  it('never send again what may have gone out: an error 500, a cut connection, an answer that does not come', async () => {
    const { twilio } = deployment;
    const taken = { ...twilioError(500, 20500), isTaken: true };
    const behaviours = [taken, twilioError(500, 20500), 'cut', 'silence', 'cut-answer'] as const;
    // Each beside an answered one, and four of a kind: five in a row would be an outage, and the rest would wait.
    twilio.plan(...customers(1, 4).flatMap(() => behaviours.flatMap((behaviour) => [behaviour, 'accept' as const])));
    const requests = twilio.requestCount;
    answers.push(...(await deployment.text(customers(101, 200), { to: [http] })));
    await everythingEnds(deployment);
    const tally = await checkHistory(deployment, answers);
    assert.equal(twilio.requestCount - requests, 100);
    assert.equal(tally.accepted + tally.unknown, 200);
  });

  it('that are killed with SMS in hand whose jobs have ended leave them to the sweeper of the next', async () => {
    const before = await checkHistory(deployment, answers);
    // A job that a killed worker had not ended would stay active for half a minute: so this comes before any such kill.
    const lock = await deployment.db.connect();
    await lock.query('BEGIN; LOCK TABLE phones IN EXCLUSIVE MODE');
    try {
      answers.push(...(await deployment.text(customers(201, 300), { to: [http] })));
      await waitFor(async () => (await bindJobs(worker)) === 0 && (await waitingForLock(deployment)) > 0, {
        what: 'every job to be in hand',
      });
      await worker.kill();
    } finally {
      await lock.query('COMMIT');
      lock.release();
    }
    assert.equal(await undecided(), 100);
    worker = await deployment.start('workers/main.ts');
    await everythingEnds(deployment);
    const tally = await checkHistory(deployment, answers);
    assert.deepEqual([tally.activated, tally.sent], [before.activated + 100, before.sent + 100]);
    assert.equal(tally.unknown, before.unknown);
  });

  it('that are killed twice in the middle of their work leave nothing undone and send nothing twice', async () => {
    const { twilio } = deployment;
    const before = await checkHistory(deployment, answers);
    let abandoned = 0;
    for (const wave of [300, 500]) {
      const sent = twilio.accepted.length;
      // These are under way when the worker dies: taken, and not yet answered.
      twilio.plan(...customers(1, 5).map(() => 'silence' as const));
      const texted = deployment.text(customers(wave + 1, wave + 200), { to: [http] });
      await waitFor(() => twilio.accepted.length >= sent + 5, { what: 'replies to be under way', timeoutMs: 30_000 });
      await worker.kill();
      answers.push(...(await texted));
      abandoned += await letLeasesRunOut(deployment);
      worker = await deployment.start('workers/main.ts');
      await worker.ready();
    }
    await everythingEnds(deployment);
    const tally = await checkHistory(deployment, answers);
    assert.ok(abandoned > 0, 'some were under way');
    assert.ok(tally.unknown - before.unknown >= abandoned, 'what was under way is unknown');
    assert.deepEqual([tally.activated, tally.accepted + tally.unknown], [700, 700]);
  });

  it('that are told to end under load finish what they hold, once, and exit with 0', async () => {
    const { twilio } = deployment;
    const before = await checkHistory(deployment, answers);
    const sent = twilio.accepted.length;
    const texted = deployment.text(customers(701, 1_000), { to: [http] });
    await waitFor(() => twilio.accepted.length > sent + 20, { what: 'work to be under way', timeoutMs: 30_000 });
    worker.signal('SIGTERM');
    worker.signal('SIGINT');
    assert.deepEqual(await worker.endWithin(20_000), { code: 0, signal: null });
    answers.push(...(await texted));
    worker = await deployment.start('workers/main.ts');
    await everythingEnds(deployment);
    const tally = await checkHistory(deployment, answers);
    assert.equal(tally.activated, 1_000);
    assert.equal(tally.unknown, before.unknown, 'a drain leaves no reply unknown');
  });

  /** Jobs of the queue of SMS to be decided, run or not. */
  async function bindJobs({ consoleOrigin }: RunningProcess): Promise<number> {
    const metrics = await (await fetch(`${consoleOrigin}/metrics`)).text();
    const depths = [...metrics.matchAll(/^cardwake_queue_depth\{queue="bind",state="(?:waiting|active)"\} (\d+)$/gm)];
    assert.equal(depths.length, 2, 'the queue can be seen');
    return depths.reduce((sum, [, jobs]) => sum + Number(jobs), 0);
  }

  async function undecided(): Promise<number> {
    const { rows } = await deployment.db.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM inbox WHERE state = 'received'`,
    );
    return rows[0]?.count ?? 0;
  }

  async function maxAttempts(): Promise<number> {
    const { rows } = await deployment.db.query<{ max: number }>('SELECT max(attempts)::int AS max FROM replies');
    return rows[0]?.max ?? 0;
  }
});
