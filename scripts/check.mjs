/** `npm run check`: everything but the tests. One line for each step, the whole output of those that fail. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkNode, ensureInstalled, ROOT } from './lib/prepare.mjs';

/** @typedef {{ name: string, command: string[], fault?: (output: string) => string | undefined }} Step */

const tool = (/** @type {string} */ name) => join(ROOT, 'node_modules', '.bin', name);

/** @type {Step[]} */
const STEPS = [
  { name: 'types', command: [tool('tsc'), '--noEmit'] },
  { name: 'format and lint', command: [tool('biome'), 'check', '--error-on-warnings'] },
  { name: 'lint with types', command: [tool('oxlint'), '--type-aware', '--deny-warnings'] },
  {
    name: 'architecture',
    command: [tool('depcruise'), '--config', '.dependency-cruiser.mjs', 'src', 'workers', 'bin', 'scripts', 'test'],
    // Without its parser it passes over every TypeScript file and says that all is well.
    fault: (output) => {
      const modules = Number(/\((\d+) modules/.exec(output)?.[1] ?? 0);
      return modules >= countSources() ? undefined : `dependency-cruiser read ${modules} of ${countSources()} files`;
    },
  },
  { name: 'dead code', command: [tool('knip')] },
  { name: 'reply texts', command: [process.execPath, '--import', 'tsx', 'src/cli/main.ts', 'templates', 'check'] },
];

checkNode();
await ensureInstalled();
let failures = 0;
for (const step of STEPS) {
  failures += (await passes(step)) ? 0 : 1;
}
process.exitCode = failures === 0 ? 0 : 1;

function countSources() {
  const files = ['src', 'workers', 'test'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true }));
  return files.filter((file) => String(file).endsWith('.ts')).length;
}

/** @param {Step} step */
async function passes({ name, command, fault }) {
  const began = performance.now();
  const { code, output } = await outputOf(command);
  const problem = code === 0 ? fault?.(output) : `exit code ${code}`;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${problem === undefined ? '✔' : '✘'} ${name} (${seconds} s)`);
  if (problem !== undefined) console.log(`${output.trimEnd()}\n${problem}\n`);
  return problem === undefined;
}

/**
 * @param {string[]} command
 * @returns {Promise<{ code: number, output: string }>}
 */
function outputOf([program = '', ...args]) {
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
