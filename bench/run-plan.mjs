// @ts-check
import { loadavg } from 'node:os';
import { describeMachine } from './ground/machine.mjs';
import { startPostgres } from './ground/postgres.mjs';
import { roundLine } from './report/tables.mjs';
import { runRound } from './round.mjs';
import { STUDIES } from './studies/all.mjs';
import { subjectOf } from './subjects/all.mjs';
import { live } from './subjects/past.mjs';

/** @typedef {import('./plan.mjs').Plan} Plan */
/** @typedef {import('./round.mjs').Round} Round */
/** @typedef {Partial<Record<string, any>>} StudyResults what each study showed, by its name */

/**
 * @typedef {object} Results
 * @property {Plan} plan
 * @property {import('./ground/machine.mjs').Description} description
 * @property {Round[]} rounds in the order of time
 * @property {StudyResults} studies each with when it was `measured`
 */

/**
 * Runs the rounds of all subjects, interleaved so that a change of the machine meets them alike, then the studies.
 * @param {Plan} plan
 * @param {string | undefined} profiles
 * @returns {Promise<Results>}
 */
export async function runPlan(plan, profiles) {
  const began = performance.now();
  const postgres = await startPostgres({ live, past: plan.past });
  const description = await describeMachine(postgres);
  await fillTemplates(postgres, plan);
  /** @type {Round[]} */
  const rounds = [];
  for (let round = 1; round <= plan.rounds; round += 1) {
    const roundBegan = performance.now();
    for (const name of plan.subjects) {
      const shown = await orTold(name, runRound(subjectOf(name), postgres, { ...plan, profiles }));
      if (shown === undefined) continue;
      rounds.push(shown);
      console.log(`${round}/${plan.rounds} ${roundLine(shown)}  load ${loadavg()[0]?.toFixed(1)}`);
    }
    const tookMs = performance.now() - roundBegan;
    if (performance.now() + tookMs - began > plan.patienceSeconds * 1000 && plan.studies.length === 0) break;
  }
  /** @type {StudyResults} */
  const studies = {};
  const measured = `${description.at}, commit ${description.commit}, Node ${process.versions.node}`;
  for (const name of plan.studies) {
    console.log(`Study: ${name} …`);
    const shown = await orTold(name, STUDIES[name]?.({ postgres, plan, profiles }));
    if (shown) studies[name] = { ...shown, measured };
    console.log(JSON.stringify(studies[name], (key, value) => (key === 'samples' ? undefined : value)));
  }
  return { plan, description, rounds, studies };
}

/**
 * What failed is told and makes the run end with 1; the rest of an hour is not lost with it.
 * @template T
 * @param {string} name
 * @param {Promise<T> | undefined} work
 * @returns {Promise<T | undefined>}
 */
async function orTold(name, work) {
  try {
    return await work;
  } catch (error) {
    console.error(`${name} failed:`, error);
    process.exitCode = 1;
    return undefined;
  }
}

/**
 * Before the clock of the first subject runs.
 * @param {import('./ground/postgres.mjs').BenchPostgres} postgres
 * @param {Plan} plan
 */
async function fillTemplates(postgres, { subjects, cards }) {
  if (subjects.length === 0) return;
  for (const schema of /** @type {const} */ (['cardwake', 'plain'])) await (await postgres.clone(schema, cards)).drop();
}
