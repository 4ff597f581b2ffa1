/**
 * `npm run test:interop`: runs Cardwake against Kannel and Perl's Net::SMPP, which it unpacks from Debian's packages into
 * `.cache`, without root. Not a part of `npm test`, which has to pass where there is no Debian.
 */
import { join } from 'node:path';
import { findKannel } from './lib/kannel.mjs';
import { findNetSmpp } from './lib/net-smpp.mjs';
import { checkNode, ensureInstalled, fail, ROOT, run, say } from './lib/prepare.mjs';

checkNode();
await ensureInstalled();
for (const find of [findKannel, findNetSmpp]) await find(say).catch((error) => fail(error.message));

const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
const reporter = join(ROOT, 'scripts', 'mocha-reporter.cjs');
const args = process.argv.slice(2);
const files = args.some((arg) => arg.startsWith('test/')) ? [] : ['test/interop/*.interop.ts'];
process.exitCode = await run(process.execPath, [mocha, '--reporter', reporter, ...args, ...files]);
