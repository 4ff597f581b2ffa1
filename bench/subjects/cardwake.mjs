// @ts-check
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/support/ports.ts';
import { startProgram, startScript } from '../ground/processes.mjs';
import { startRedis } from '../ground/redis.mjs';
import { ACCOUNT_SID, ADDRESS, AUTH_TOKEN, PASSWORD, SHORT_CODE, SYSTEM_ID } from '../world/account.mjs';
import { startHttpWorld } from './http-world.mjs';
import { endAll, verifyBindings } from './subject.mjs';

/** @typedef {import('./subject.mjs').Subject} Subject */
/** @typedef {import('./subject.mjs').Ground} Ground */
/** @typedef {import('./subject.mjs').Running} Running */
/** @typedef {'everysec' | 'always' | 'postgres'} QueueIn Redis with that fsync, or no Redis */

const TITLES = {
  everysec: 'AOF everysec',
  always: 'AOF always',
  postgres: 'queue in Postgres',
};

/**
 * How a service over HTTP is started.
 * @typedef {object} HttpOptions
 * @property {number} [connections] from the provider to the webhook, at most
 * @property {number} [processes] HTTP processes, and worker processes
 * @property {string} [customers] their script
 * @property {(database: import('../ground/postgres.mjs').BenchDatabase) => Promise<void>} [before] done to the database
 *   before any process of ours is started
 */

/**
 * Cardwake over HTTP: HTTP processes and worker processes, built and started as in production; one of each unless told.
 * @param {string} name
 * @param {QueueIn} queue
 * @param {HttpOptions} [options]
 * @returns {Subject}
 */
export function cardwakeHttp(name, queue, { connections = 128, processes = 1, customers, before } = {}) {
  return {
    name,
    title: `Cardwake, HTTP, ${TITLES[queue]}`,
    loads: queue === 'always' ? ['saturation'] : ['saturation', 'calm', 'acks'],
    window: 1_000,
    async start(ground) {
      const world = await startHttpWorld(ground.folder, customers);
      const ports = await Promise.all(Array.from({ length: processes }, freePort));
      const [port = 0] = ports;
      const configuration = overTwilio(port, world.apiBaseUrl);
      const service = await startService(ground, { queue, ports, configuration, before });
      await world.aim(`http://127.0.0.1:${port}/webhooks/bench`, connections, ports);
      return running(service, world.feeder, [world.feeder, world.provider]);
    },
  };
}

/**
 * Cardwake over SMPP: the same processes; the worker has the sessions.
 * @param {string} name
 * @param {QueueIn} queue
 * @returns {Subject}
 */
export function cardwakeSmpp(name, queue) {
  return {
    name,
    title: `Cardwake, SMPP, ${TITLES[queue]}`,
    loads: queue === 'always' ? ['saturation'] : ['saturation', 'calm'],
    window: 1_000,
    async start(ground) {
      const smsc = await startScript('world/smsc.mjs', { name: 'smsc', folder: ground.folder });
      const port = await freePort();
      const configuration = overSmpp(port, smsc.info.port);
      const service = await startService(ground, { queue, ports: [port], configuration });
      for (let tries = 0; (await smsc.call('sessions')) < SESSIONS; tries += 1) {
        if (tries > 300) throw new Error('No session was bound');
        await sleep(50);
      }
      return running(service, smsc, [smsc]);
    },
  };
}

/** Sessions of the SMPP channel: two, so that neither side waits for the other's window. */
const SESSIONS = 2;

/** What the image starts Node with; of Node 20, what docs/operations.md advises. */
const NODE_OPTIONS = [
  '--enable-source-maps',
  '--max-semi-space-size=8',
  '--v8-pool-size=1',
  ...(process.version.startsWith('v20.') ? ['--single-threaded-gc'] : []),
];

/** @typedef {Awaited<ReturnType<typeof startService>>} Service */

/**
 * An HTTP process at each port and as many worker processes.
 * @param {Ground} ground
 * @param {{ queue: QueueIn, ports: readonly number[], configuration: string, before?: HttpOptions['before'] }} options
 */
async function startService(ground, { queue, ports, configuration, before }) {
  const { folder } = ground;
  const database = await ground.postgres.clone('cardwake', ground.cards);
  await before?.(database);
  const redis = queue === 'postgres' ? undefined : await startRedis(folder, queue);
  const config = join(folder, 'cardwake.yaml');
  await writeFile(config, configuration);
  const env = {
    CARDWAKE_CONFIG: config,
    DATABASE_URL: database.url,
    DATA_DIR: folder,
    ...(redis !== undefined && { REDIS_URL: redis.url }),
  };
  const profile = ground.profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${ground.profiles}`];
  const start = async (/** @type {string} */ name, /** @type {string} */ file, /** @type {number} */ port) => {
    const consolePort = await freePort();
    return startProgram(process.execPath, {
      name,
      folder,
      args: [...NODE_OPTIONS, ...profile, file],
      env: { ...env, PORT: String(port), CONSOLE_PORT: String(consolePort) },
      isReady: async () => (await fetch(`http://127.0.0.1:${consolePort}/health/ready`)).status === 200,
    });
  };
  const nth = (/** @type {string} */ name, /** @type {number} */ index) =>
    index === 0 ? name : `${name} ${index + 1}`;
  const processes = [];
  for (const [index, port] of ports.entries()) {
    processes.push(await start(nth('HTTP', index), 'dist/src/main.js', port));
    processes.push(await start(nth('worker', index), 'dist/workers/main.js', await freePort()));
  }
  return { database, redis, processes };
}

/**
 * @param {Service} service
 * @param {import('./subject.mjs').Script} feeder
 * @param {readonly import('./subject.mjs').Script[]} outside
 * @returns {Running}
 */
function running({ database, redis, processes }, feeder, outside) {
  const queue = redis === undefined ? [] : [redis];
  return {
    feeder,
    hasReplies: true,
    counted: [...processes, ...queue],
    database,
    outside,
    verify: (taken) => verifyBindings(database, taken),
    stop: () => endAll([...[...processes, ...queue, ...outside].map(({ stop }) => stop), database.drop]),
  };
}

const PROGRAM = `programs:
  club:
    name: Club
    countries: [RU]
    locales: [en]
    support: "+74950000000"
    limits: { repliesPerDay: 10000000 }
    series: [{ name: main, prefix: "9643", length: 16, check: luhn }]
`;

/**
 * The configuration of a service that is texted at `port`.
 * @param {number} port
 * @param {string} apiBaseUrl
 */
export function overTwilio(port, apiBaseUrl) {
  return `${PROGRAM}channels:
  bench:
    provider: twilio
    publicUrl: http://127.0.0.1:${port}
    addresses: ["${ADDRESS}"]
    program: club
    country: RU
    messagesPerSecond: 10000
    accountSid: ${ACCOUNT_SID}
    authToken: ${AUTH_TOKEN}
    apiBaseUrl: ${apiBaseUrl}
`;
}

/**
 * @param {number} port
 * @param {number} smscPort
 */
function overSmpp(port, smscPort) {
  return `${PROGRAM}channels:
  bench:
    provider: smpp
    publicUrl: http://127.0.0.1:${port}
    addresses: ["${SHORT_CODE}"]
    program: club
    messagesPerSecond: 10000
    host: 127.0.0.1
    port: ${smscPort}
    systemId: ${SYSTEM_ID}
    password: ${PASSWORD}
    sessions: ${SESSIONS}
    window: 100
`;
}
