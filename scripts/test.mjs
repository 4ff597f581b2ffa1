/**
 * `npm test`: installs what is missing, finds a Redis and a browser, and runs the tests; `npm test -- test/x.test.ts` runs some of
 * them, `npm test -- --coverage` measures. Postgres is started by the tests that need it.
 */
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './lib/chromium.mjs';
import { checkNode, ensureInstalled, fail, ROOT, run, say } from './lib/prepare.mjs';
import { findRedisServer } from './lib/redis.mjs';

const ALL = 'test/**/*.test.ts';
/** Those that start servers and processes and wait for them: half of the time that all take. */
const FIRST_LANE = ['processes', 'queue', 'journeys'].map((folder) => `test/${folder}/**/*.test.ts`);

checkNode();
await ensureInstalled();
// Some tests start servers of their own even when REDIS_URL names a shared one; they look for the program themselves.
if (!process.env.REDIS_URL) await findRedisServer(say).catch((error) => fail(error.message));

// Found now, so that no test has to wait until it is unpacked; the others can be run without.
await findChromium(say).catch((error) => say(`The tests of web pages will fail. ${error.message}`));

const args = process.argv.slice(2).filter((arg) => arg !== '--coverage');
const program = (/** @type {string} */ path) => join(ROOT, 'node_modules', path);
const mocha = [program('mocha/bin/mocha.js'), '--reporter', join(ROOT, 'scripts', 'mocha-reporter.cjs')];
const isWhole = !args.some((arg) => arg.startsWith('test/') || arg.endsWith('.ts'));
if (process.argv.includes('--coverage')) {
  const coverage = [program('c8/bin/c8.js'), '--all', '--src', 'src', '--reporter', 'text-summary'];
  const files = isWhole ? [ALL] : [];
  process.exitCode = await run(process.execPath, [...coverage, process.execPath, ...mocha, ...args, ...files]);
} else {
  process.exitCode = await (isWhole ? runInTwoLanes() : run(process.execPath, [...mocha, ...args]));
}

/**
 * The tests wait most of the time, for processes, servers and clocks: side by side they take hardly more than half of it.
 * What the first lane says is shown when both have ended. Resolves to the exit code.
 */
async function runInTwoLanes() {
  const folder = mkdtempSync(join(tmpdir(), 'cardwake-lanes-'));
  try {
    const [said, counts] = [join(folder, 'said'), [join(folder, 'counts-1'), join(folder, 'counts-2')]];
    const lane = (/** @type {number} */ index, /** @type {number} */ output, /** @type {string[]} */ files) =>
      run(process.execPath, [...mocha, ...args, ...files], output, {
        ...process.env,
        CARDWAKE_TEST_SUMMARY: counts[index],
      });
    const codes = await Promise.all([
      lane(0, openSync(said, 'w'), FIRST_LANE),
      lane(1, 1, [ALL, ...FIRST_LANE.flatMap((files) => ['--ignore', files])]),
    ]);
    process.stdout.write(readFileSync(said));
    writeSum(counts);
    return Math.max(...codes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A lane that ended without counting leaves no sum. */
function writeSum(/** @type {string[]} */ files) {
  const path = process.env.CARDWAKE_TEST_SUMMARY;
  if (!path || !files.every((file) => existsSync(file))) return;
  /** @type {{ passed: number, failed: number }[]} */
  const counts = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
  const sum = (/** @type {'passed' | 'failed'} */ of) => counts.reduce((total, one) => total + one[of], 0);
  writeFileSync(path, JSON.stringify({ passed: sum('passed'), failed: sum('failed') }));
}
