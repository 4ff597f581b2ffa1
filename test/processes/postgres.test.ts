import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createLogger } from '../../src/log.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded/postgres.ts';
import { type Answer, createDeployment, customers, type Deployment } from '../support/process-deployment.ts';
import { checkHistory, everythingEnds } from '../support/process-history.ts';
import { startProxy } from '../queue/proxy.ts';
import type { RunningProcess } from '../support/processes.ts';
import { endWithRun, temporaryFolder } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';

const log = createLogger({ level: 'silent' });

/** A second, and what a busy machine adds on the way. */
const WITHIN_MS = 1_300;

describe('processes whose Postgres fails', function () {
  this.timeout(60_000);
  let dataDir: string;
  let postgres: EmbeddedPostgres;
  let deployment: Deployment;
  let http: RunningProcess;
  let worker: RunningProcess;
  const answers: Answer[] = [];

  before(async () => {
    dataDir = await temporaryFolder('postgres-that-fails');
    postgres = await startPostgres();
    deployment = await createDeployment({ databaseUrl: postgres.url });
    await postgres.stop();
    [http, worker] = await Promise.all([deployment.start('src/main.ts'), deployment.start('workers/main.ts')]);
    await waitFor(() => http.readiness(), { what: 'the HTTP process to listen' });
    await waitFor(() => worker.readiness(), { what: 'the worker process to listen' });
  });

  afterEach(() => {
    assert.deepEqual([http.hasEnded(), worker.hasEnded()], [false, false], 'no process ends by itself');
  });

  after(async () => {
    await deployment.end();
    await postgres.stop();
  });

  it('start without it, answer 503, and serve without a restart as soon as it is there', async () => {
    await assertAway(1);
    postgres = await startPostgres();
    const ms = await durationOf(() => Promise.all([http.ready(), worker.ready()]));
    await deployment.issueCards(500);
    answers.push(...(await deployment.text(customers(1, 50), { to: [http] })));
    await assertActivated(50);
    console.log({ came: Math.round(ms) });
  });

  it('lose no SMS when all their connections are ended over and over, in the middle of their work', async () => {
    const end = (count: number) => (count % 10 === 0 ? endConnections() : undefined);
    answers.push(...(await deployment.text(customers(51, 200), { to: [http], isPersistent: true, onAnswer: end })));
    await assertActivated(200);
  });

  it('answer 503 within a second while it is frozen, and go on when it thaws', async () => {
    const frozen = freeze(postgres.pid);
    await assertAway(201);
    for (const pid of frozen) process.kill(pid, 'SIGCONT');
    const ms = await durationOf(() => Promise.all([http.ready(), worker.ready()]));
    answers.push(...(await deployment.text(customers(201, 250), { to: [http], isPersistent: true })));
    await assertActivated(250);
    console.log({ thawed: Math.round(ms) });
  });

  it('go on by themselves after it was killed under load', async () => {
    const kill = (count: number) => void (count === 50 && process.kill(postgres.pid, 'SIGKILL'));
    answers.push(...(await deployment.text(customers(251, 350), { to: [http], isPersistent: true, onAnswer: kill })));
    const ms = await durationOf(() => Promise.all([http.ready(), worker.ready()]));
    await assertActivated(350);
    console.log({ killed: Math.round(ms) });
  });

  it('go on by themselves after it was stopped and started again', async () => {
    await postgres.stop();
    await assertAway(351);
    postgres = await startPostgres();
    const ms = await durationOf(() => Promise.all([http.ready(), worker.ready()]));
    answers.push(...(await deployment.text(customers(351, 400), { to: [http], isPersistent: true })));
    await assertActivated(400);
    console.log({ restarted: Math.round(ms) });
  });

  it('go on soon after the network swallowed everything between them and it', async () => {
    const proxy = await startProxy(Number(new URL(postgres.url).port));
    const DATABASE_URL = Object.assign(new URL(postgres.url), { port: proxy.port }).href;
    const far = await Promise.all([
      deployment.start('src/main.ts', { DATABASE_URL }),
      deployment.start('workers/main.ts', { DATABASE_URL }),
    ]);
    await Promise.all(far.map((process) => process.ready()));
    await worker.kill();
    await http.kill();
    [http, worker] = far;
    answers.push(...(await deployment.text(customers(401, 450), { to: [http] })));
    await assertActivated(450);
    proxy.silence();
    await assertAway(451);
    proxy.heal();
    const ms = await durationOf(() => Promise.all(far.map((process) => process.ready())));
    answers.push(...(await deployment.text(customers(451, 500), { to: [http], isPersistent: true })));
    await assertActivated(500);
    console.log({ healed: Math.round(ms) });
    await proxy.close();
  });

  async function startPostgres(): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({ dataDir, log, isDurable: false });
    endWithRun(server.pid);
    return server;
  }

  /** A customer texts, and both processes say what is wrong. */
  async function assertAway(customer: number): Promise<void> {
    const refused = await deployment.text(customers(customer, customer + 9), { to: [http] });
    for (const { status, ms } of refused) {
      assert.equal(status, 503);
      assert.ok(ms < WITHIN_MS, `answered after ${ms} ms`);
    }
    for (const process of [http, worker]) {
      const { status, dependencies } = await process.readiness();
      assert.deepEqual([status, dependencies.database], [503, 'down']);
    }
  }

  async function assertActivated(count: number): Promise<void> {
    console.log({ ended: Math.round(await everythingEnds(deployment)) });
    const { activated, acknowledged, accepted, unknown } = await checkHistory(deployment, answers);
    assert.deepEqual([acknowledged, activated, accepted + unknown], [count, count, count]);
    console.log({ unknown });
  }

  async function endConnections(): Promise<void> {
    await deployment.db.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
  }
});

/** Stops a server and all its children where they are; answers whom to wake. */
function freeze(postmaster: number): readonly number[] {
  process.kill(postmaster, 'SIGSTOP');
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  for (const child of children) process.kill(child, 'SIGSTOP');
  return [postmaster, ...children];
}

async function durationOf(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return performance.now() - startedAt;
}
