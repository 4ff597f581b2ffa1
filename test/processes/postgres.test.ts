import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createLogger } from '../../src/log.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded/postgres.ts';
import { startProxy } from '../queue/proxy.ts';
import { type Answer, createDeployment, customers, type Deployment } from '../support/process-deployment.ts';
import { checkHistory, everythingEnds } from '../support/process-history.ts';
import type { RunningProcess } from '../support/processes.ts';
import { endWithRun, temporaryFolder } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';

const log = createLogger({ level: 'silent' });

/** A second, and what a busy machine adds on the way. */
const WITHIN_MS = 1_300;

describe('processes whose Postgres fails', function () {
  this.timeout(120_000);
  let dataDir: string;
  let postgres: EmbeddedPostgres;
  let deployment: Deployment;
  let http: RunningProcess;
  let worker: RunningProcess;
  const answers: Answer[] = [];
  const cleanUps: (() => Promise<void>)[] = [];

  before(async () => {
    dataDir = await temporaryFolder('postgres-that-fails');
    postgres = await startPostgres();
    deployment = await createDeployment({ databaseUrl: postgres.url });
    await postgres.stop();
    [http, worker] = await Promise.all([deployment.start('src/main.ts'), deployment.start('workers/main.ts')]);
    await Promise.all([http.listening(), worker.listening()]);
  });

  afterEach(() => {
    const ended = [http, worker].filter((process) => process.hasEnded());
    // With what each said last: why it ended would be lost otherwise.
    assert.deepEqual(
      ended.map((process) => Object.values(process.output()).join('').slice(-2_000)),
      [],
    );
  });

  after(async () => {
    await deployment.end();
    await postgres.stop();
    for (const cleanUp of cleanUps) await cleanUp();
  });

  it('start without it, answer 503, and serve without a restart as soon as it is there', async () => {
    await assertAway(1);
    postgres = await startPostgres();
    await http.ready();
    await deployment.issueCards(400);
    await assertServing(1, 50);
  });

  it('lose no SMS when their connections are ended over and over, and when it is killed, in the middle of their work', async () => {
    const disturb = async (count: number) => {
      if (count === 150) process.kill(postgres.pid, 'SIGKILL');
      else if (count % 10 === 0) await endConnections();
    };
    const disturbed = await deployment.text(customers(51, 250), { to: [http], isPersistent: true, onAnswer: disturb });
    answers.push(...disturbed);
    await assertActivated(250);
  });

  it('answer 503 within a second while it is frozen, and go on when it thaws', async () => {
    const frozen = freeze(postgres.pid);
    await assertAway(251);
    for (const pid of frozen) process.kill(pid, 'SIGCONT');
    await assertServing(251, 300);
  });

  it('go on by themselves after it was stopped and started again', async () => {
    await postgres.stop();
    await assertAway(301);
    postgres = await startPostgres();
    await assertServing(301, 350);
  });

  it('go on soon after the network swallowed everything between them and it', async () => {
    const proxy = await startProxy(Number(new URL(postgres.url).port));
    cleanUps.push(() => proxy.close());
    await http.kill();
    http = await deployment.start('src/main.ts', {
      DATABASE_URL: Object.assign(new URL(postgres.url), { port: proxy.port }).href,
    });
    await assertServing(351, 360);
    proxy.silence();
    await assertAway(361, [http]);
    proxy.heal();
    await assertServing(361, 400);
  });

  async function startPostgres(): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({ dataDir, log, isDurable: false });
    endWithRun(server.pid);
    return server;
  }

  /** Customers are told to come back, soon, and the processes say what is wrong. */
  async function assertAway(customer: number, processes = [http, worker]): Promise<void> {
    const refused = await deployment.text(customers(customer, customer + 9), { to: [http] });
    for (const { status, ms } of refused) {
      assert.equal(status, 503);
      assert.ok(ms < WITHIN_MS, `answered after ${ms} ms`);
    }
    for (const process of processes) {
      const isRed = async () => (await process.readiness()).status === 503;
      await waitFor(isRed, { what: 'ready to turn red', timeoutMs: 2_000 });
      assert.equal((await process.readiness()).dependencies.database, 'down');
    }
  }

  /** Both processes are ready without a restart, and the customers get their cards. */
  async function assertServing(first: number, last: number): Promise<void> {
    await Promise.all([http.ready(), worker.ready()]);
    answers.push(...(await deployment.text(customers(first, last), { to: [http], isPersistent: true })));
    await assertActivated(last);
  }

  async function assertActivated(count: number): Promise<void> {
    await everythingEnds(deployment);
    const { activated, acknowledged, accepted, unknown } = await checkHistory(deployment, answers);
    assert.deepEqual([acknowledged, activated, accepted + unknown], [count, count, count]);
  }

  async function endConnections(): Promise<void> {
    const statement = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'cardwake%'`;
    // A server that is away has ended them already.
    await deployment.db.query(statement).catch(() => undefined);
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
