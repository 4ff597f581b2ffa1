import assert from 'node:assert/strict';
import { type Answer, createDeployment, customers, type Deployment } from '../support/process-deployment.ts';
import { checkHistory, everythingEnds, waitingForLock } from '../support/process-history.ts';
import type { RunningProcess } from '../support/processes.ts';
import { waitFor } from '../support/wait-for.ts';

describe('HTTP processes', function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let one: RunningProcess;
  let two: RunningProcess;
  const answers: Answer[] = [];

  before(async () => {
    deployment = await createDeployment();
    await deployment.issueCards(400);
    [one, two] = await Promise.all([deployment.start('src/main.ts'), deployment.start('src/main.ts')]);
    const worker = await deployment.start('workers/main.ts');
    await Promise.all([one, two, worker].map((process) => process.ready()));
  });

  after(() => deployment.end());

  it('make one row, one outcome and one reply of the same SMS 50 times at once at two of them, and take all', async () => {
    const customer = 1;
    const same = Array.from({ length: 50 }, () => customer);
    answers.push(...(await deployment.text(same, { to: [one, two], atOnce: 50 })));
    assert.deepEqual(
      answers.filter(({ status }) => status !== 200),
      [],
    );
    await everythingEnds(deployment);
    const tally = await checkHistory(deployment, answers);
    assert.deepEqual(tally, { acknowledged: 1, activated: 1, accepted: 1, unknown: 0, sent: 1 });
  });

  it('that are told to end turn red, answer 200 to what is in flight, and exit with 0', async () => {
    const lock = await deployment.db.connect();
    await lock.query('BEGIN; LOCK TABLE inbox IN EXCLUSIVE MODE');
    const inFlight: Promise<readonly Answer[]>[] = [];
    for (const customer of [2, 3]) {
      inFlight.push(deployment.text([customer], { to: [two] }));
      await waitFor(async () => (await waitingForLock(deployment)) === inFlight.length, {
        what: 'the SMS to be in flight',
      });
    }
    two.signal('SIGTERM');
    two.signal('SIGINT');
    const { status, draining } = await waitFor(
      async () => {
        const answer = await two.readiness();
        return answer.status === 503 && answer;
      },
      { what: 'ready to turn red' },
    );
    await lock.query('COMMIT');
    lock.release();
    assert.deepEqual([status, draining], [503, true]);
    const taken = (await Promise.all(inFlight)).flat();
    assert.deepEqual(
      taken.filter((answer) => answer.status !== 200),
      [],
    );
    answers.push(...taken);
    assert.deepEqual(await two.endWithin(20_000), { code: 0, signal: null });
  });

  it('are exchanged for a new one under load without losing an SMS', async () => {
    const old = await deployment.start('src/main.ts');
    await old.ready();
    const exchange = async (count: number) => {
      if (count !== 60) return;
      old.signal('SIGTERM');
      assert.deepEqual(await old.endWithin(20_000), { code: 0, signal: null });
      const next = await deployment.start('src/main.ts', { PORT: new URL(old.origin).port });
      await next.ready();
    };
    const called = { to: [one, old], isPersistent: true, onAnswer: exchange };
    answers.push(...(await deployment.text(customers(4, 203), called)));
    await everythingEnds(deployment);
    const tally = await checkHistory(deployment, answers);
    assert.deepEqual(tally, { acknowledged: 203, activated: 203, accepted: 203, unknown: 0, sent: 203 });
  });
});
