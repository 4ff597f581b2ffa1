// @ts-check
/**
 * `npm run bench:till`: how long a till waits for an answer about a card, without and beside a load of SMS: an
 * HTTP process and a worker process, from their sources, and a durable Postgres; the queue in Redis if `REDIS_URL` is set,
 * else in the same Postgres. Questions come at their times whether or not earlier ones were answered, and wait from their time on.
 * Exits with 1 when 1 of 100 waits 50 ms or longer, or one is not answered.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { loadSettings } from '../src/config.ts';
import { hashSecret, makeToken } from '../src/http/api/token.ts';
import { createLogger } from '../src/log.ts';
import { simulatedCall, simulatedMessage } from '../src/providers/simulator.ts';
import { createApiKey } from '../src/store/api-keys.ts';
import { generateCards } from '../src/store/card-generate.ts';
import { openDatabase } from '../src/store/database.ts';
import { startEmbeddedPostgres } from '../src/store/embedded/postgres.ts';
import { migrate } from '../src/store/migrate.ts';
import { freePort } from '../test/support/ports.ts';
import { startProcess } from '../test/support/processes.ts';
import { atRunEnd, endRun, endWithRun, temporaryFolder } from '../test/support/run.ts';
import { percentile } from './measure/statistics.mjs';

const [seconds = 20, questionsPerSecond = 200, textsPerSecond = 20] = process.argv.slice(2).map(Number);
const LIMIT_MS = 50;
const CARDS = 100_000;
const CONTROL_PER_SECOND = 50;
const END_WITHIN_MS = 30_000;
const SECRET = 'of-the-benchmark-and-nothing-else';
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** @typedef {{ ms: number, status: number }} Sample */

try {
  await main();
} finally {
  agent.destroy();
  await endRun();
}

async function main() {
  const { origin, db, cards, authorization, cpuSeconds } = await start();
  const ask = () => {
    const card = cards[Math.floor(Math.random() * cards.length)];
    return call(`${origin}/v1/cards/${card}`, { headers: { authorization, 'accept-language': 'en' } });
  };
  let texted = 0;
  const text = () => {
    const from = `+7916${String(texted).padStart(7, '0')}`;
    const sms = simulatedMessage({ from, to: '1234', text: `Card ${cards[texted++]}` });
    return call(`${origin}/webhooks/simulator`, simulatedCall(SECRET, sms));
  };
  const queue = process.env.REDIS_URL ? 'Redis' : 'Postgres';
  console.log(`${questionsPerSecond} questions/s for ${seconds} s, ${CARDS} cards, queue in ${queue}`);
  console.log(`${cpus().length} CPUs, load ${loadavg()[0]?.toFixed(1)} before it began\n`);
  const control = await startControl();
  await Promise.all([atRate(Math.min(questionsPerSecond, 50), 5, ask), atRate(textsPerSecond, 5, text)]);

  const cpuBefore = await cpuSeconds();
  const alone = await atRate(questionsPerSecond, seconds, ask);
  const cpuOfQuestion = ((await cpuSeconds()) - cpuBefore) / alone.length;
  const [beside, acknowledged, nothing] = await Promise.all([
    atRate(questionsPerSecond, seconds, ask),
    atRate(textsPerSecond, seconds, text),
    atRate(CONTROL_PER_SECOND, seconds, () => call(control, { headers: {} })),
  ]);
  const activated = await activations(db);

  console.log('                        answered        p50        p95        p99        max');
  print('a till, alone', alone);
  print(`a till, beside ${textsPerSecond} SMS/s`, beside);
  print('the SMS, acknowledged', acknowledged);
  print('a server of nothing', nothing);
  console.log(`\n${activated} of ${texted} SMS had activated their card by the end.`);
  const ratio = waitOf(beside, 0.99) / waitOf(alone, 0.99);
  console.log(`A question alone takes ${(cpuOfQuestion * 1000).toFixed(2)} ms of the HTTP process's CPU.`);
  console.log(
    `p99 beside SMS: ${waitOf(beside, 0.99).toFixed(1)} ms of ${LIMIT_MS} allowed, ×${ratio.toFixed(1)} of alone`,
  );
  const isGood = [alone, beside].every((samples) => samples.every(({ status }) => status === 200));
  if (!isGood || waitOf(beside, 0.99) >= LIMIT_MS) process.exitCode = 1;
}

/** Everything that answers, and what the load needs to know of it. */
async function start() {
  const folder = await temporaryFolder('bench');
  const config = join(folder, 'cardwake.yaml');
  const port = String(await freePort());
  await writeFile(config, configuration(port));
  const dataDir = await temporaryFolder('bench-postgres');
  const postgres = await startEmbeddedPostgres({ dataDir, log: createLogger({ level: 'silent' }) });
  const hasEnded = endWithRun(postgres.pid);
  atRunEnd(async () => {
    await postgres.stop();
    hasEnded();
  });
  await migrate(postgres.url);
  const pool = { poolSize: 2, connectTimeoutMs: 5_000, statementTimeoutMs: 60_000, onIdleError: () => {} };
  const db = openDatabase({ url: postgres.url, ...pool });
  atRunEnd(() => db.destroy());

  const [program = noProgram()] = loadSettings({ CARDWAKE_CONFIG: config, DATA_DIR: folder }).programs.values();
  /** @type {string[]} */
  const cards = [];
  const onCards = async (/** @type {readonly string[]} */ made) => void cards.push(...made);
  await generateCards(db, { program, count: CARDS, actor: 'cli:bench', onCards });
  await sql`ANALYZE`.execute(db);
  const { prefix, secret } = makeToken();
  const key = { prefix, secretHash: hashSecret(secret), program: program.key, name: 'till' };
  const rights = { scopes: ['cards:read'], shop: undefined, expiresAt: undefined };
  await createApiKey(db, { ...key, ...rights, actor: 'cli:bench' });

  const env = { CARDWAKE_CONFIG: config, DATABASE_URL: postgres.url, DATA_DIR: folder, LOG_LEVEL: 'warn' };
  const redis = process.env.REDIS_URL === undefined ? {} : { REDIS_URL: process.env.REDIS_URL };
  const http = await startProcess('src/main.ts', { ...env, ...redis, PORT: port });
  const worker = await startProcess('workers/main.ts', { ...env, ...redis });
  for (const one of [http, worker]) {
    atRunEnd(async () => {
      one.signal('SIGTERM');
      await one.endWithin(END_WITHIN_MS);
    });
    await one.ready();
  }
  const cpuSeconds = async () => {
    const metrics = await (await fetch(`${http.consoleOrigin}/metrics`)).text();
    return Number(/^process_cpu_seconds_total (\S+)/m.exec(metrics)?.[1]);
  };
  return { origin: http.origin, db, cards, authorization: `Bearer ${prefix}.${secret}`, cpuSeconds };
}

/** @returns {never} */
function noProgram() {
  throw new Error('The configuration of this benchmark has no programme');
}

/** @param {string} port */
function configuration(port) {
  return `
programs:
  club:
    name: Club
    countries: [RU]
    locales: [en]
    support: "+74950000000"
    limits: { repliesPerDay: 1000000 }
    series: [{ name: main, prefix: "9643", length: 16, check: luhn }]
channels:
  simulator:
    provider: simulator
    publicUrl: http://127.0.0.1:${port}
    secret: ${SECRET}
    addresses: ["1234"]
    program: club
    messagesPerSecond: 1000
`;
}

/** A process that answers and does nothing else: how long it takes is what this machine does to anything at that time. */
async function startControl() {
  const source = `require('node:http').createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1', function () {
    console.log(this.address().port);
  })`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  atRunEnd(async () => {
    child.kill();
    await once(child, 'exit');
  });
  const [port] = await once(child.stdout, 'data');
  return `http://127.0.0.1:${String(port).trim()}/`;
}

/**
 * Begins `perSecond` calls in each of `forSeconds`, at even times; a call's wait counts from the time it was due.
 * @param {number} perSecond
 * @param {number} forSeconds
 * @param {() => Promise<number>} begin
 * @returns {Promise<Sample[]>}
 */
async function atRate(perSecond, forSeconds, begin) {
  /** @type {Promise<Sample>[]} */
  const samples = [];
  const began = performance.now();
  for (let n = 0; n < perSecond * forSeconds; n += 1) {
    const due = began + (n * 1000) / perSecond;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    samples.push(begin().then((status) => ({ ms: performance.now() - due, status })));
  }
  return Promise.all(samples);
}

/**
 * @param {string} url
 * @param {{ method?: string, headers: Record<string, string>, body?: string }} options
 * @returns {Promise<number>} the status; 0 when there was no answer
 */
function call(url, { method = 'GET', headers, body }) {
  return new Promise((resolve) => {
    const sent = request(url, { method, headers, agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', () => resolve(0)).end(body);
  });
}

/** @param {import('../src/store/database.ts').Database} db */
async function activations(db) {
  const { rows } = await sql`SELECT count(*)::int AS count FROM inbox WHERE outcome = 'activated'`.execute(db);
  return /** @type {{ count: number }[]} */ (rows)[0]?.count ?? 0;
}

/**
 * @param {Sample[]} samples
 * @param {number} share
 */
function waitOf(samples, share) {
  return percentile(
    samples.map(({ ms }) => ms).toSorted((a, b) => a - b),
    share,
  );
}

/**
 * @param {string} what
 * @param {Sample[]} samples
 */
function print(what, samples) {
  const good = samples.filter(({ status }) => status === 200).length;
  const times = [0.5, 0.95, 0.99, 1].map((share) => `${waitOf(samples, share).toFixed(1)} ms`.padStart(11));
  console.log(`${what.padEnd(24)}${`${good}/${samples.length}`.padStart(9)}${times.join('')}`);
}
