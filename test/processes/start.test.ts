import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createLogger } from '../../src/log.ts';
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded/postgres.ts';
import { freePort } from '../support/ports.ts';
import { type Answer, createDeployment, customers, type Deployment } from '../support/process-deployment.ts';
import { checkHistory, everythingEnds, letLeasesRunOut } from '../support/process-history.ts';
import type { ProgramFile, RunningProcess } from '../support/processes.ts';
import { temporaryFolder } from '../support/run.ts';

const PROGRAMS: readonly ProgramFile[] = ['src/main.ts', 'workers/main.ts', 'workers/standalone.ts'];

describe('a program that cannot start', function () {
  this.timeout(120_000);
  let deployment: Deployment;
  const cleanUps: (() => unknown)[] = [];

  before(async () => {
    deployment = await createDeployment();
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  });
  after(() => deployment.end());

  it('shows all mistakes of the configuration and nothing else, whatever the program', async () => {
    const file = join(await temporaryFolder('config'), 'cardwake.yaml');
    await writeFile(file, 'programs:\n  club: { name: 7 }\nchannels: {}\n');
    for (const { out, error } of await failures(PROGRAMS, { CARDWAKE_CONFIG: file, PORT: 'many' })) {
      assert.equal(out, '');
      assert.match(error, /^The configuration has \d+ mistakes:\n(?: {2}\S.*\n)+$/);
      for (const part of ['PORT', 'programs.club.name', 'countries', 'support']) assert.ok(error.includes(part), error);
      assert.doesNotMatch(error, /^\s+at |\.ts:\d|Error/m);
    }
  });

  it('says in one sentence that a port is taken, whatever the program', async () => {
    const port = await takenPort();
    for (const { error } of await failures(PROGRAMS, { CONSOLE_PORT: `${port}` })) {
      assert.equal(
        error,
        `Port ${port} is taken by another program: end that one, or choose other ports with PORT and CONSOLE_PORT.\n`,
      );
    }
  });

  it('says in one sentence that a program which brings no database needs one', async () => {
    for (const { error } of await failures(['src/main.ts', 'workers/main.ts'], { DATABASE_URL: '' })) {
      assert.match(error, /^DATABASE_URL is not set: [^\n]+\n$/);
    }
  });

  it('can be ended while the database is away', async () => {
    const nowhere = { DATABASE_URL: 'postgres://127.0.0.1:1/none' };
    const started = await Promise.all(PROGRAMS.map((program) => deployment.start(program, nowhere)));
    for (const process of started) {
      await process.listening();
      process.signal('SIGTERM');
      assert.deepEqual(await process.endWithin(8_000), { code: 0, signal: null });
    }
  });

  /** What programs write that end at once, with 1. */
  async function failures(programs: readonly ProgramFile[], env: Readonly<Record<string, string>>) {
    const started = await Promise.all(programs.map((program) => deployment.start(program, env)));
    return await Promise.all(
      started.map(async (process) => {
        assert.deepEqual(await process.endWithin(40_000), { code: 1, signal: null });
        return process.output();
      }),
    );
  }

  async function takenPort(): Promise<number> {
    const port = await freePort();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    cleanUps.push(() => server.close());
    return port;
  }
});

describe('Cardwake with a Postgres of its own', function () {
  this.timeout(120_000);
  let dataDir: string;
  let deployment: Deployment;
  let running: RunningProcess;
  const answers: Answer[] = [];

  before(async () => {
    dataDir = await temporaryFolder('standalone');
    const postgres = await startEmbeddedPostgres({ dataDir, log: createLogger({ level: 'silent' }), isDurable: false });
    await postgres.stop();
    // The URL stays the same over restarts.
    deployment = await createDeployment({ databaseUrl: postgres.url });
    running = await startAll();
  });

  after(() => deployment.end());

  it('starts again after kill -9 under load, with all its data, and sends nothing twice', async () => {
    await deployment.issueCards(60);
    const kill = (count: number) => (count === 30 ? running.kill() : undefined);
    const cut = await deployment.text(customers(1, 60), { to: [running], onAnswer: kill });
    const abandoned = await letLeasesRunOut(deployment);
    running = await startAll();
    answers.push(...cut, ...(await deployment.text(customers(1, 60), { to: [running] })));
    await everythingEnds(deployment);
    const { acknowledged, activated, unknown } = await checkHistory(deployment, answers);
    assert.deepEqual([acknowledged, activated, unknown], [60, 60, abandoned]);
  });

  it('tells a second start in one sentence who runs already, and is not disturbed by it', async () => {
    const late = await deployment.start('workers/standalone.ts', { DATABASE_URL: '', DATA_DIR: dataDir });
    assert.deepEqual(await late.endWithin(40_000), { code: 1, signal: null });
    const console = running.consoleOrigin.replace('127.0.0.1', 'localhost');
    assert.equal(late.output().error, `Cardwake already runs here as pid ${running.pid}; its console is ${console}.\n`);
    await running.ready();
  });

  it('ends after Ctrl-C without a complaint, its Postgres, too', async () => {
    running.signal('SIGINT');
    assert.deepEqual(await running.endWithin(20_000), { code: 0, signal: null });
    const { out, error } = running.output();
    assert.match(out, /"level":"info"/);
    // What the killed process was just sending is known to nobody.
    const others = out.split('\n').filter((line) => !line.includes('Replies were never answered by their provider'));
    assert.doesNotMatch(others.join('\n'), /"level":"(?:warn|error|fatal)"/);
    assert.equal(error, '');
    assert.equal(await findEmbeddedPostgres(dataDir), undefined);
  });

  async function startAll(): Promise<RunningProcess> {
    const process = await deployment.start('workers/standalone.ts', { DATABASE_URL: '', DATA_DIR: dataDir });
    await process.ready();
    return process;
  }
});
