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
 * @property {number} mebibytes of the command, the most
 * @property {number} missing
 */

const ROUNDS = 3;
/** A longer list is brought in once. */
const LONG_LIST = 5_000_000;

/**
 * A list of as many cards as the registry has, or as many as are asked for, brought in by the command and by bare COPY, in
 * turns.
 * @param {import('./all.mjs').StudyGround} ground
 * @returns {Promise<Import>}
 */
export async function importCards({ postgres, plan }) {
  const folder = await temporaryFolder('bench-import');
  const [list, config] = [join(folder, 'cards.csv'), join(folder, 'cardwake.yaml')];
  const rows = plan.count ?? plan.cards;
  await writeCards(list, rows);
  await writeFile(config, overTwilio(3000, 'http://127.0.0.1:1'));
  /** @type {{ import: number[], copy: number[], mebibytes: number[] }} */
  const taken = { import: [], copy: [], mebibytes: [] };
  let missing = 0;
  for (let round = 0; round < (rows < LONG_LIST ? ROUNDS : 1); round += 1) {
    const copied = await postgres.clone('cardwake', 0, 0);
    taken.copy.push((await copyCards(copied.pool, 'cardwake', rows)) / 1000);
    await copied.drop();
    const imported = await postgres.clone('cardwake', 0, 0);
    const env = { CARDWAKE_CONFIG: config, DATABASE_URL: imported.url, DATA_DIR: folder };
    const args = ['bin/cardwake.mjs', 'cards', 'import', list, '--program', 'club'];
    const began = performance.now();
    const { peakBytes } = await runProgram(process.execPath, { name: 'import', folder, args, env });
    taken.import.push((performance.now() - began) / 1000);
    taken.mebibytes.push(peakBytes / 2 ** 20);
    const counted = await imported.pool.query('SELECT count(*)::int AS count FROM cards');
    missing += rows - counted.rows[0].count;
    await imported.drop();
  }
  const [importSeconds, copySeconds] = [median(taken.import), median(taken.copy)];
  const mebibytes = Math.max(...taken.mebibytes);
  return { rows, importSeconds, copySeconds, ratio: copySeconds / importSeconds, mebibytes, missing };
}
