// @ts-check
/**
 * `npm run bench`: how fast Cardwake is and what it costs, beside its peers and the limits of its parts; see bench/README.md.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt, ROOT } from '../scripts/lib/prepare.mjs';
import { endRun } from '../test/support/run.ts';
import { PLANS } from './plan.mjs';
import { fromJson, toJson } from './report/json.mjs';
import { requirementsTable } from './report/requirements.mjs';
import { writeResults } from './report/results.mjs';
import { loadTables } from './report/tables.mjs';
import { faultOf } from './round.mjs';
import { runPlan } from './run-plan.mjs';
import { STUDIES } from './studies/all.mjs';
import { SUBJECTS } from './subjects/all.mjs';

const USAGE = `npm run bench -- [--quick] [--only a,b] [--loads a,b] [--rounds n] [--save] [--count n] [--profile]

  --quick      under three minutes: fewer subjects, two short rounds; nothing is written
  --only a,b   some subjects and studies: ${[...SUBJECTS.map(({ name }) => name), ...Object.keys(STUDIES)].join(', ')}
  --loads a,b  some of saturation, calm (100/s) and acks (300/s)
  --rounds n   rounds of each subject
  --count n    messages of the studies backlog and day, rows of the study import
  --save       writes RESULTS.md also for a part: rounds take the place of the rounds before, each study that of the same study
  --profile    V8 CPU profiles of our processes into .cache/bench/profiles
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    loads: { type: 'string' },
    rounds: { type: 'string' },
    count: { type: 'string' },
    save: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else await main();

async function main() {
  const plan = planned();
  await ensureBuilt();
  const isWhole = !values.quick && [values.only, values.loads, values.count].every((value) => value === undefined);
  const profiles = values.profile ? join(ROOT, '.cache', 'bench', 'profiles') : undefined;
  if (profiles !== undefined) await mkdir(profiles, { recursive: true });
  try {
    const results = await runPlan(plan, profiles);
    console.log(`\n${loadTables(results.rounds)}\n${requirementsTable(results)}`);
    await writeFile(join(ROOT, '.cache', 'bench', 'last.json'), toJson(results, 1));
    if (isWhole || values.save) await save(results);
    const faults = faultsOf(results);
    for (const fault of faults) console.log(fault);
    if (faults.length > 0) process.exitCode = 1;
  } finally {
    await endRun();
  }
}

/** Rounds take the place of those that were saved before, and so does each study. Kept beside the page, for every clone. */
async function save(/** @type {import('./run-plan.mjs').Results} */ results) {
  const file = join(ROOT, 'bench', 'saved.json');
  /** @type {import('./run-plan.mjs').Results} */
  const before = existsSync(file) ? fromJson(await readFile(file, 'utf8')) : results;
  const rounds = results.rounds.length === 0 ? before : results;
  const saved = { ...rounds, studies: { ...before.studies, ...results.studies } };
  await writeFile(file, toJson(saved));
  await writeResults(saved);
}

/** What was lost or came twice, in words. */
function faultsOf(/** @type {import('./run-plan.mjs').Results} */ { rounds, studies }) {
  const ofRounds = rounds.map(({ subject, verdict }) => [subject, faultOf(verdict)]);
  const ofStudies = Object.entries(studies).map(([name, shown]) => {
    const faults = ['lost', 'missing', 'doubled', 'wrong'].filter((what) => (shown?.[what] ?? 0) > 0);
    return [name, faults.length > 0 ? faults.map((what) => `${shown?.[what]} ${what}`).join(', ') : undefined];
  });
  return [...ofRounds, ...ofStudies].filter(([, fault]) => fault !== undefined).map((parts) => parts.join(': '));
}

/**
 * @param {import('./plan.mjs').Plan} plan
 * @returns {import('./plan.mjs').Plan}
 */
function onlyLoads(plan) {
  if (values.loads === undefined) return plan;
  const loads = values.loads.split(',');
  const seconds = Object.entries(plan.seconds).map(([load, wanted]) => [load, loads.includes(load) ? wanted : 0]);
  return { ...plan, seconds: Object.fromEntries(seconds) };
}

/** @returns {import('./plan.mjs').Plan} */
function planned() {
  const count = values.count === undefined ? {} : { count: Number(values.count) };
  const plan = { ...onlyLoads(values.quick ? PLANS.quick : PLANS.full), ...count };
  const rounds = values.rounds === undefined ? plan.rounds : Number(values.rounds);
  if (values.only === undefined) return { ...plan, rounds };
  const only = values.only.split(',');
  const subjects = SUBJECTS.map(({ name }) => name).filter((name) => only.includes(name));
  const studies = Object.keys(STUDIES).filter((name) => only.includes(name));
  const unknown = only.filter((name) => !subjects.includes(name) && !studies.includes(name));
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}\n\n${USAGE}`);
  return { ...plan, rounds, subjects, studies };
}
