import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { createLogger } from '../../../src/log.ts';
import {
  type EmbeddedPostgres,
  findEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../../src/store/embedded/postgres.ts';
import { inspectProcess } from '../../../src/store/embedded/process.ts';
import { endWithRun, temporaryFolder } from '../../support/run.ts';
import { waitFor } from '../../support/wait-for.ts';

const OWNER = fileURLToPath(new URL('../../support/embedded-owner.ts', import.meta.url));

const log = createLogger({ level: 'silent' });

async function start(dataDir: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, log, isDurable: false });
  const hasEnded = endWithRun(server.pid);
  return { url: server.url, pid: server.pid, stop: () => server.stop().then(hasEnded) };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Another process that owns the Postgres of `dataDir`. */
async function startOwner(dataDir: string): Promise<{ owner: ChildProcess; url: string; pid: number }> {
  const owner = spawn(process.execPath, ['--import', 'tsx', OWNER, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: owner.stdout })) {
    const server = JSON.parse(line) as { url: string; pid: number };
    endWithRun(server.pid);
    endWithRun(owner.pid as number);
    return { owner, ...server };
  }
  throw new Error('the owner ended before it had a Postgres');
}

async function kill(owner: ChildProcess): Promise<void> {
  owner.kill('SIGKILL');
  await once(owner, 'exit');
}

describe('the embedded Postgres', () => {
  it('keeps its data and its URL over a restart', async () => {
    const dataDir = await temporaryFolder('embedded');
    const first = await start(dataDir);
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = await start(dataDir);
    assert.equal(second.url, first.url);
    assert.deepEqual(await query(second.url, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    await second.stop();
  });

  it('is gone after stop, and nobody is told of it', async () => {
    const dataDir = await temporaryFolder('embedded');
    const server = await start(dataDir);
    assert.equal(await findEmbeddedPostgres(dataDir), server.url);
    await server.stop();
    assert.equal(await inspectProcess(server.pid), undefined);
    assert.equal(await findEmbeddedPostgres(dataDir), undefined);
  });

  it('survives kill -9 of its owner, and the next start takes it over with its data', async () => {
    const dataDir = await temporaryFolder('embedded');
    const { owner, url, pid } = await startOwner(dataDir);
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await kill(owner);
    const next = await start(dataDir);
    assert.equal(next.pid, pid);
    assert.deepEqual(await query(next.url, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    await next.stop();
  });

  it('starts again after kill -9 of owner and server together', async () => {
    const dataDir = await temporaryFolder('embedded');
    const { owner, url, pid } = await startOwner(dataDir);
    await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await kill(owner);
    process.kill(pid, 'SIGKILL');
    const next = await start(dataDir);
    assert.deepEqual(await query(next.url, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    await next.stop();
  });

  it('is started again, under the same URL, when it dies while its owner lives', async () => {
    const server = await start(await temporaryFolder('embedded'));
    const first = server.pid;
    await query(server.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    process.kill(first, 'SIGKILL');
    const rows = await waitFor(() => query(server.url, 'SELECT answer FROM kept'), { what: 'Postgres to be back' });
    assert.deepEqual(rows, [{ answer: 42 }]);
    await server.stop();
  });

  it('tells a second start who runs and where, and is not disturbed by it', async () => {
    const dataDir = await temporaryFolder('embedded');
    const { owner, url } = await startOwner(dataDir);
    const expected = `Cardwake already runs here as pid ${owner.pid}; its console is http://127.0.0.1:3001.`;
    await assert.rejects(start(dataDir), { message: expected });
    assert.deepEqual(await query(url, 'SELECT 1 AS one'), [{ one: 1 }]);
    await kill(owner);
    await (await start(dataDir)).stop();
  });

  it('makes a cluster anew that a crash left half made', async () => {
    const dataDir = await temporaryFolder('embedded');
    await mkdir(join(dataDir, 'postgres.new', 'base'), { recursive: true });
    const server = await start(dataDir);
    assert.deepEqual(await query(server.url, 'SELECT 1 AS one'), [{ one: 1 }]);
    await server.stop();
  });

  it('never runs as root, and lets nobody else read its data', async () => {
    const server = await start(await temporaryFolder('embedded'));
    const [row] = (await query(server.url, `SELECT current_setting('data_directory') AS directory`)) as {
      directory: string;
    }[];
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
    const directory = await stat(row?.directory ?? '');
    assert.notEqual(directory.uid, 0);
    assert.match(status, new RegExp(`^Uid:\\s+${directory.uid}\\s`, 'm'));
    assert.equal(directory.mode & 0o777, 0o700);
    await server.stop();
  });

  it('works below a folder that other users cannot enter', async () => {
    const folder = await temporaryFolder('embedded');
    await chmod(folder, 0o700);
    const dataDir = join(folder, '.data');
    const first = await start(dataDir);
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = await start(dataDir);
    assert.deepEqual(await query(second.url, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    await second.stop();
    const home = dirname(await realpath(join(dataDir, 'postgres')));
    if (home !== dataDir) await rm(home, { recursive: true });
  });
});
