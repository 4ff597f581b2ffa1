// @ts-check
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../test/support/run.ts';
import { copyCards, writeCards } from '../ground/postgres.mjs';
import { runProgram } from '../ground/processes.mjs';
import { median } from '../measure/statistics.mjs';
import { overTwilio } from '../subjects/cardwake.mjs';

/**
 * @typedef {object} Import
 * @property {number} rows
 * @property {number} importSeconds of `cardwake cards import`, from its start to its end
 * @property {number} copySeconds of bare COPY into the same table
 * @property {number} ratio of the rates
 * @property {number} missing
 */

const ROUNDS = 3;

/**
 * A list of as many cards as the registry has, brought in by the command and by bare COPY, in turns.
 * @param {import('./all.mjs').StudyGround} ground
 * @returns {Promise<Import>}
 */
export async function importCards({ postgres, plan }) {
  const folder = await temporaryFolder('bench-import');
  const [list, config] = [join(folder, 'cards.csv'), join(folder, 'cardwake.yaml')];
  await writeCards(list, plan.cards);
  await writeFile(config, overTwilio(3000, 'http://127.0.0.1:1'));
  /** @type {{ import: number[], copy: number[] }} */
  const taken = { import: [], copy: [] };
  let missing = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const copied = await postgres.clone('cardwake', 0, 0);
    taken.copy.push((await copyCards(copied.pool, 'cardwake', plan.cards)) / 1000);
    await copied.drop();
    const imported = await postgres.clone('cardwake', 0, 0);
    const env = { CARDWAKE_CONFIG: config, DATABASE_URL: imported.url, DATA_DIR: folder };
    const args = ['bin/cardwake.mjs', 'cards', 'import', list, '--program', 'club'];
    const began = performance.now();
    await runProgram(process.execPath, { name: 'import', folder, args, env });
    taken.import.push((performance.now() - began) / 1000);
    const { rows } = await imported.pool.query('SELECT count(*)::int AS count FROM cards');
    missing += plan.cards - rows[0].count;
    await imported.drop();
  }
  const [importSeconds, copySeconds] = [median(taken.import), median(taken.copy)];
  return { rows: plan.cards, importSeconds, copySeconds, ratio: copySeconds / importSeconds, missing };
}
