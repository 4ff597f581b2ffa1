import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { findEmbeddedPostgres } from '../../src/store/embedded/postgres.ts';
import { freePort } from '../support/ports.ts';
import { createDeployment, type Deployment } from '../support/process-deployment.ts';
import { checkHistory, everythingEnds } from '../support/process-history.ts';
import type { ProgramFile, RunningProcess } from '../support/processes.ts';
import { temporaryFolder } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';

const PROGRAMS: readonly ProgramFile[] = ['src/main.ts', 'workers/main.ts', 'workers/standalone.ts'];

/** Nobody is asked at this address before the configuration is complete. */
const NOWHERE = 'postgres://127.0.0.1:1/none';

describe('a start that cannot succeed', function () {
  this.timeout(30_000);
  let deployment: Deployment;
  const cleanUps: (() => unknown)[] = [];

  before(async () => {
    deployment = await createDeployment();
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  });
  after(() => deployment.end());

  for (const program of PROGRAMS) {
    it(`of ${program} shows all mistakes of the configuration, nothing else, and ends with 1`, async () => {
      const file = join(await temporaryFolder('config'), 'cardwake.yaml');
      await writeFile(file, 'programs:\n  club: { name: 7 }\nchannels: {}\n');
      const process = await deployment.start(program, { CARDWAKE_CONFIG: file, DATABASE_URL: NOWHERE, PORT: 'many' });
      assert.deepEqual(await process.endWithin(20_000), { code: 1, signal: null });
      const { out, error } = process.output();
      assert.equal(out, '');
      assert.match(error, /^The configuration has \d+ mistakes:\n(?: {2}\S.*\n)+$/);
      for (const part of ['PORT', 'programs.club.name', 'countries', 'support']) assert.ok(error.includes(part), error);
      assert.doesNotMatch(error, /^\s+at |\.ts:\d|Error/m);
    });

    it(`of ${program} on a port that is taken says so in one sentence, and ends with 1`, async () => {
      const port = await takenPort();
      const process = await deployment.start(program, { CONSOLE_PORT: `${port}` });
      assert.deepEqual(await process.endWithin(20_000), { code: 1, signal: null });
      assert.equal(
        process.output().error,
        `Port ${port} is taken by another program: end that one, or choose other ports with PORT and CONSOLE_PORT.\n`,
      );
    });
  }

  for (const program of ['src/main.ts', 'workers/main.ts'] as const) {
    it(`of ${program} without a database says what to do, and ends with 1`, async () => {
      const process = await deployment.start(program, { DATABASE_URL: '' });
      assert.deepEqual(await process.endWithin(20_000), { code: 1, signal: null });
      assert.match(process.output().error, /^DATABASE_URL is not set: [^\n]+\n$/);
    });

    it(`of ${program} can be ended while the database is away`, async () => {
      const process = await deployment.start(program, { DATABASE_URL: NOWHERE });
      await untilItListens(process);
      process.signal('SIGTERM');
      assert.deepEqual(await process.endWithin(8_000), { code: 0, signal: null });
    });
  }

  async function takenPort(): Promise<number> {
    const port = await freePort();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    cleanUps.push(() => server.close());
    return port;
  }
});

async function untilItListens(process: RunningProcess): Promise<void> {
  await waitFor(() => process.readiness(), { what: 'it to listen', timeoutMs: 20_000 });
}

describe('Cardwake with a Postgres of its own', function () {
  this.timeout(60_000);

  it('starts again after kill -9 with all its data, tells a second start who runs, and ends without a complaint', async () => {
    const deployment = await createDeployment();
    const dataDir = await temporaryFolder('standalone');
    const env = { DATABASE_URL: '', DATA_DIR: dataDir };
    const killed = await deployment.start('workers/standalone.ts', env);
    await killed.ready();
    await killed.kill();
    const next = await deployment.start('workers/standalone.ts', env);
    await next.ready();
    const late = await deployment.start('workers/standalone.ts', env);
    assert.deepEqual(await late.endWithin(20_000), { code: 1, signal: null });
    const sentence = `Cardwake already runs here as pid ${next.pid}; its console is ${next.consoleOrigin}.\n`;
    assert.equal(late.output().error, sentence.replace('127.0.0.1', 'localhost'));
    next.signal('SIGINT');
    assert.deepEqual(await next.endWithin(20_000), { code: 0, signal: null });
    assert.doesNotMatch(next.output().out, /"level":"(?:warn|error|fatal)"/);
    assert.equal(await findEmbeddedPostgres(dataDir), undefined);
    await deployment.end();
  });
});
