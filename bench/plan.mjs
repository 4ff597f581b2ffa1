// @ts-check
import { SUBJECTS } from './subjects/all.mjs';

/**
 * What a run does.
 * @typedef {object} Plan
 * @property {number} rounds of every subject, interleaved
 * @property {number} patienceSeconds no round that would end later is begun, once each subject has had one; in a plan with studies it says nothing
 * @property {number} cards
 * @property {number} past messages that the database has seen before
 * @property {number} warmUpSeconds
 * @property {Readonly<Record<import('./subjects/subject.mjs').Load, number>>} seconds
 * @property {readonly string[]} subjects
 * @property {readonly string[]} studies
 * @property {number} [count] messages of a day and of a backlog, rows of an import; each has its own unless told
 */

const GROUND = { cards: 1_000_000, past: 30_000 };

/** Each is bounded in time and in messages. @satisfies {Record<string, Plan>} */
export const PLANS = {
  /** Everything; its results are kept. About two hours: V8 goes on to optimise for half a minute, so the warm-up is long. */
  full: {
    ...GROUND,
    rounds: 5,
    patienceSeconds: 3_600,
    warmUpSeconds: 20,
    seconds: { saturation: 8, calm: 8, acks: 6 },
    subjects: SUBJECTS.map(({ name }) => name),
    studies: ['overload', 'memory', 'scale', 'import', 'processes', 'backlog', 'day'],
  },
  /** For daily use: under three minutes. */
  quick: {
    ...GROUND,
    rounds: 2,
    patienceSeconds: 165,
    warmUpSeconds: 1.5,
    seconds: { saturation: 3, calm: 3, acks: 2 },
    subjects: ['cardwake-http', 'cardwake-smpp', 'naive-50', 'kannel', 'limit-chain', 'limit-door'],
    studies: [],
  },
  /** What the gate needs: under two minutes. */
  gate: {
    ...GROUND,
    rounds: 3,
    patienceSeconds: 100,
    warmUpSeconds: 1.5,
    seconds: { saturation: 3, calm: 0, acks: 0 },
    subjects: ['cardwake-http', 'naive-50', 'limit-chain'],
    studies: [],
  },
};
