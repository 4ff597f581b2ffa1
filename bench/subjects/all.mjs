// @ts-check
import { cardwakeHttp, cardwakeSmpp } from './cardwake.mjs';
import { kannel } from './kannel.mjs';
import { binding, chain, door } from './limits.mjs';
import { naive } from './naive.mjs';

/** @type {readonly import('./subject.mjs').Subject[]} */
export const SUBJECTS = [
  cardwakeHttp('cardwake-http', 'everysec'),
  cardwakeHttp('cardwake-http-always', 'always'),
  cardwakeHttp('cardwake-http-pgqueue', 'postgres'),
  cardwakeSmpp('cardwake-smpp', 'everysec'),
  cardwakeSmpp('cardwake-smpp-always', 'always'),
  naive('naive', 1),
  naive('naive-50', 50),
  kannel('kannel', 'none'),
  kannel('kannel-spool', 'spool'),
  chain,
  door,
  binding,
];

/** Throws a sentence when there is none of that name. */
export function subjectOf(/** @type {string} */ name) {
  const subject = SUBJECTS.find((one) => one.name === name);
  if (subject === undefined) throw new Error(`There is no subject ${name}`);
  return subject;
}
