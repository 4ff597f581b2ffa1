// @ts-check
import { createHash } from 'node:crypto';
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { ROOT, say } from '../../scripts/lib/prepare.mjs';
import { createLogger } from '../../src/log.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded/postgres.ts';
import { migrate } from '../../src/store/migrate.ts';
import { atRunEnd, endWithRun, temporaryFolder } from '../../test/support/run.ts';
import { cardNumber } from './numbers.mjs';

/**
 * `cardwake`: our own schema. `plain`: what a straightforward design would have: cards, bindings and an inbox.
 * @typedef {'cardwake' | 'plain'} Schema
 */

/**
 * A database of one round's own; with so many bindings from before.
 * @typedef {{ url: string, pool: pg.Pool, boundBefore: number, drop: () => Promise<void> }} BenchDatabase
 */

/**
 * Lives through the past of a template: binds the cards from `first` on.
 * @typedef {(database: BenchDatabase, past: { schema: Schema, first: number, count: number }) => Promise<void>} Live
 */

/** @typedef {Awaited<ReturnType<typeof startPostgres>>} BenchPostgres */

const PLAIN_SCHEMA = `
CREATE TABLE cards (
  number text COLLATE "C" PRIMARY KEY,
  status text NOT NULL DEFAULT 'issued',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE bindings (
  card text COLLATE "C" PRIMARY KEY REFERENCES cards,
  phone text COLLATE "C" NOT NULL UNIQUE,
  bound_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE inbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sid text NOT NULL UNIQUE,
  sender text NOT NULL,
  body text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
);`;

const COLUMNS = { cardwake: 'program, number', plain: 'number' };
const LINES_AT_A_TIME = 10_000;
const VERSION = versionOfTemplates();

/** Templates are kept between runs: filling them takes longer than a quick run may. */
const DATA_DIR = join(ROOT, '.cache', 'bench');

/**
 * A durable Postgres for the whole run: the binaries and settings that `npm start` brings, `fsync` and
 * `synchronous_commit` on. Every round gets a copy of a template that was filled once and has a past, as the database of a
 * chain has on any day but its first: Postgres plans by what it saw of a table.
 * @param {{ live: Live, past: number }} options `past`: messages that each template has seen; 0: a first day
 */
export async function startPostgres({ live, past }) {
  await mkdir(DATA_DIR, { recursive: true });
  const server = await startEmbeddedPostgres({ dataDir: DATA_DIR, log: createLogger({ level: 'silent' }) });
  const hasEnded = endWithRun(server.pid);
  const admin = new pg.Pool({ connectionString: server.url, max: 1 });
  admin.on('error', () => undefined);
  atRunEnd(async () => {
    await admin.end();
    await server.stop();
    hasEnded();
  });
  const urlOf = (/** @type {string} */ name) => Object.assign(new URL(server.url), { pathname: name }).href;
  await dropOldDatabases(admin);
  return copiesOn(server, { admin, urlOf, live, past });
}

/**
 * @param {Awaited<ReturnType<typeof startEmbeddedPostgres>>} server
 * @param {Workshop} workshop
 */
function copiesOn(server, workshop) {
  const { admin, urlOf, past } = workshop;
  let made = 0;
  /** @type {pg.Pool | undefined} of the latest copy */
  let latest;
  return {
    get pid() {
      return server.pid;
    },
    /** @returns {Promise<string>} */
    version: async () => (await admin.query('SHOW server_version')).rows[0].server_version,
    /**
     * A copy with `cards` cards, after a checkpoint, so that every round begins at the same place.
     * @param {Schema} schema
     * @param {number} cards
     * @param {number} [itsPast] when other than that of the rest
     * @returns {Promise<BenchDatabase>}
     */
    async clone(schema, cards, itsPast = past) {
      const template = await findTemplate({ ...workshop, past: itsPast }, schema, cards);
      made += 1;
      const name = `round_${made}`;
      await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
      await admin.query('CHECKPOINT');
      const database = open(urlOf(name), itsPast);
      latest = database.pool;
      const drop = async () => {
        latest = undefined;
        await database.drop();
        await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      };
      return { ...database, drop };
    },
    /** Does at once what the latest copy has left to be done later: vacuum, statistics, a checkpoint. */
    async settle() {
      await latest?.query('VACUUM (ANALYZE)');
      await admin.query('CHECKPOINT');
    },
    /**
     * Gives the room of a template back.
     * @param {Schema} schema
     * @param {number} cards
     */
    forget: (schema, cards) => admin.query(`DROP DATABASE IF EXISTS ${templateName(schema, cards, past)}`),
  };
}

/** What a run that was killed left, and templates of another schema. */
async function dropOldDatabases(/** @type {pg.Pool} */ admin) {
  const { rows } = await admin.query(
    `SELECT datname FROM pg_database WHERE datname ~ '^(round|draft|cardwake|plain)_'`,
  );
  for (const { datname } of rows) {
    if (!datname.endsWith(VERSION)) await admin.query(`DROP DATABASE ${datname} WITH (FORCE)`);
  }
}

/**
 * @typedef {object} Workshop
 * @property {pg.Pool} admin
 * @property {(name: string) => string} urlOf
 * @property {Live} live
 * @property {number} past
 */

/**
 * The name of a template that is there, made now if it was not.
 * @param {Workshop} workshop
 * @param {Schema} schema
 * @param {number} cards
 */
async function findTemplate({ admin, urlOf, live, past }, schema, cards) {
  const name = templateName(schema, cards, past);
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  if (rowCount === 1) return name;
  say(`Filling a database with ${cards} cards and a past of ${past} messages, this once …`);
  const draft = `draft_${schema}`;
  await admin.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${draft}`);
  if (schema === 'cardwake') await migrate(urlOf(draft));
  const database = open(urlOf(draft), 0);
  if (schema === 'plain') await database.pool.query(PLAIN_SCHEMA);
  await copyCards(database.pool, schema, cards + past);
  if (past > 0) await live({ ...database, drop: () => Promise.resolve() }, { schema, first: cards, count: past });
  // So that no vacuum begins in the middle of a round. On a first day the empty tables stay as they were made.
  await database.pool.query(`VACUUM (FREEZE, ANALYZE) ${past > 0 ? '' : 'cards'}`);
  await database.drop();
  await admin.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
  return name;
}

/**
 * @param {Schema} schema
 * @param {number} cards
 * @param {number} past
 */
function templateName(schema, cards, past) {
  return `${schema}_${cards}_${past}_${VERSION}`;
}

/** Changes with our schema and with what the benchmark puts into it. */
function versionOfTemplates() {
  const migrations = join(ROOT, 'src', 'store', 'migrations');
  const files = readdirSync(migrations).toSorted();
  const hash = createHash('sha256');
  for (const path of [...files.map((file) => join(migrations, file)), fileURLToPath(import.meta.url)]) {
    hash.update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 12);
}

/**
 * A database that is not dropped, only closed.
 * @param {string} url
 * @param {number} boundBefore
 * @returns {BenchDatabase}
 */
function open(url, boundBefore) {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on('error', () => undefined);
  return { url, pool, boundBefore, drop: () => pool.end() };
}

/**
 * Bare COPY of the cards from a file.
 * @param {pg.Client | pg.Pool} client
 * @param {Schema} schema
 * @param {number} cards
 * @returns {Promise<number>} the milliseconds that COPY took
 */
export async function copyCards(client, schema, cards) {
  const folder = await temporaryFolder('bench-cards');
  const path = join(folder, 'cards.txt');
  await writeCards(path, cards, schema === 'cardwake' ? 'club\t' : '');
  const began = performance.now();
  await client.query(`COPY cards (${COLUMNS[schema]}) FROM '${path}'`);
  const took = performance.now() - began;
  await rm(path);
  return took;
}

/**
 * One card a line, readable for everybody: Postgres may run as another user.
 * @param {string} path
 * @param {number} cards
 * @param {string} before stands before each number
 */
export async function writeCards(path, cards, before = '') {
  async function* lines() {
    for (let first = 0; first < cards; first += LINES_AT_A_TIME) {
      const count = Math.min(LINES_AT_A_TIME, cards - first);
      yield Array.from({ length: count }, (_, index) => `${before}${cardNumber(first + index)}\n`).join('');
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
  await chmod(path, 0o644);
}
