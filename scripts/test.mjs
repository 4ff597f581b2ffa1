/**
 * `npm test`: installs what is missing, finds a Redis and a browser, and runs the tests; `npm test -- test/x.test.ts` runs some of
 * them, `npm test -- --coverage` measures. Postgres is started by the tests that need it.
 */
import { join } from 'node:path';
import { findChromium } from './lib/chromium.mjs';
import { checkNode, ensureInstalled, fail, ROOT, run, say } from './lib/prepare.mjs';
import { findRedisServer } from './lib/redis.mjs';

checkNode();
await ensureInstalled();
// Some tests start servers of their own even when REDIS_URL names a shared one; they look for the program themselves.
if (!process.env.REDIS_URL) await findRedisServer(say).catch((error) => fail(error.message));

// Found now, so that no test has to wait until it is unpacked; the others can be run without.
await findChromium(say).catch((error) => say(`The tests of web pages will fail. ${error.message}`));

const args = process.argv.slice(2).filter((arg) => arg !== '--coverage');
const isMeasured = process.argv.includes('--coverage');
const program = (/** @type {string} */ path) => join(ROOT, 'node_modules', path);
const coverage = isMeasured ? [program('c8/bin/c8.js'), '--all', '--src', 'src', '--reporter', 'text-summary'] : [];
const mocha = [program('mocha/bin/mocha.js'), '--reporter', join(ROOT, 'scripts', 'mocha-reporter.cjs')];
const files = args.some((arg) => arg.startsWith('test/') || arg.endsWith('.ts')) ? [] : ['test/**/*.test.ts'];
const command = isMeasured ? [...coverage, process.execPath, ...mocha] : mocha;
process.exitCode = await run(process.execPath, [...command, ...args, ...files]);
