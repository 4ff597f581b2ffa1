// @ts-check
import { backlog } from './backlog.mjs';
import { day } from './day.mjs';
import { importCards } from './import.mjs';
import { memory } from './memory.mjs';
import { overload } from './overload.mjs';
import { processes } from './processes.mjs';
import { scale } from './scale.mjs';

/**
 * What a study is given.
 * @typedef {object} StudyGround
 * @property {import('../ground/postgres.mjs').BenchPostgres} postgres
 * @property {import('../plan.mjs').Plan} plan
 * @property {string | undefined} profiles
 */

/** What is not compared by rounds. @type {Readonly<Record<string, (ground: StudyGround) => Promise<unknown>>>} */
export const STUDIES = { overload, memory, scale, import: importCards, processes, backlog, day };
