// @ts-check
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../scripts/lib/prepare.mjs';
import { plotsOf } from './plots.mjs';
import { requirementsTable } from './requirements.mjs';
import { figure, latencyTable, saturationTable, table, verdictTable } from './tables.mjs';

/** @typedef {import('../run-plan.mjs').Results} Results */

/**
 * Writes `RESULTS.md` and `plots`.
 * @param {Results} results
 * @param {string} [folder]
 */
export async function writeResults(results, folder = join(ROOT, 'bench')) {
  const plots = plotsOf(results);
  await mkdir(join(folder, 'plots'), { recursive: true });
  for (const [name, svg] of plots) await writeFile(join(folder, 'plots', name), svg);
  await writeFile(join(folder, 'RESULTS.md'), resultsPage(results, [...plots.keys()]));
}

/**
 * @param {Results} results
 * @param {readonly string[]} plots
 */
function resultsPage({ plan, description, rounds, studies }, plots) {
  const picture = (/** @type {string} */ name) => (plots.includes(name) ? `\n![](plots/${name})\n` : '');
  return `# What the benchmark showed

Made by \`npm run bench\`; what is compared and how is in [README.md](README.md). Written by the run, not by hand.

* ${description.at}, commit ${description.commit}
* ${description.machine}; load before it began ${description.load}
* ${description.versions}
* ${plan.cards.toLocaleString('en')} cards, ${plan.rounds} interleaved rounds, medians; ${plan.seconds.saturation} s at saturation after ${plan.warmUpSeconds} s of warm-up

## What it must reach

Ratios are medians of the ratios inside each round.

${requirementsTable({ plan, description, rounds, studies })}
## At saturation

CPU is that of all processes of the subject with Redis and Postgres. "World" is that of the customers and the provider,
"others" what else the machine did.

${saturationTable(rounds)}${picture('rate.svg')}${picture('cpu.svg')}
## At low load

${latencyTable(rounds, 'calm', 100)}${picture('reply.svg')}
${latencyTable(rounds, 'acks', 300)}
## Verified

Every message that was acknowledged must have bound its card to its phone in the database and must have been answered once.

${verdictTable(rounds)}
${studyTables(studies)}${picture('overload.svg')}${picture('memory.svg')}${picture('backlog.svg')}`;
}

/** @param {Results['studies']} studies */
function studyTables(studies) {
  const rows = Object.entries(studies).flatMap(([name, shown]) =>
    Object.entries(shown ?? {}).flatMap(([key, value]) =>
      typeof value === 'number' ? [[name, words(key), figure(value)]] : [],
    ),
  );
  if (rows.length === 0) return '';
  const tables = [table(['study', 'figure', 'seen'], rows), ...detailTables(studies)];
  const times = Object.entries(studies).map(([name, shown]) => `* ${name}: ${shown?.measured}\n`);
  return `## Studies\n\nEach may have been measured by itself:\n\n${times.join('')}\n${tables.join('\n')}`;
}

/**
 * What a study showed step by step.
 * @param {Results['studies']} studies
 */
function detailTables({ scale, processes, day }) {
  /** @type {import('../studies/scale.mjs').Scale['samples']} */
  const sizes = scale?.samples ?? [];
  /** @type {import('../studies/processes.mjs').Processes['samples']} */
  const counts = processes?.samples ?? [];
  /** @type {import('../studies/day.mjs').Ended[]} */
  const outcomes = day?.outcomes ?? [];
  const filled = [
    {
      heads: ['cards', 'Postgres CPU s per 1000'],
      rows: sizes.map(({ cards, postgresCpu }) => [cards.toLocaleString('en'), figure(postgresCpu)]),
    },
    {
      heads: ['HTTP and worker processes, of each', 'messages/s', 'CPU s per 1000'],
      rows: counts.map(({ processes: of, rate, cpu }) => [String(of), figure(rate), figure(cpu)]),
    },
    {
      heads: ['messages of the day by outcome', 'messages'],
      rows: outcomes.map(({ outcome, messages }) => [outcome, figure(messages)]),
    },
  ].filter(({ rows }) => rows.length > 0);
  return filled.map(({ heads, rows }) => table(heads, rows));
}

/** `recoveredSeconds` as "recovered seconds". */
function words(/** @type {string} */ key) {
  return key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
