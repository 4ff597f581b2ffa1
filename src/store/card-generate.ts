import { randomInt } from 'node:crypto';
import { sql } from 'kysely';
import { bodyLength, type CardNumber, completeCheckDigit } from '../activation/card-number.ts';
import type { CardSeries, Program } from '../activation/program.ts';
import { recordAudit } from './audit.ts';
import { loadNewCards } from './card-load.ts';
import { type Database, type Trx, transact } from './database.ts';

export interface CardGeneration {
  readonly program: Program;
  /** One of the programme's; the first unless told otherwise. */
  readonly series?: CardSeries;
  readonly count: number;
  readonly actor: string;
  /** Given the cards of each transaction after its commit. */
  readonly onCards?: (cards: readonly CardNumber[]) => Promise<void>;
}

const CHUNK_CARDS = 50_000;

/**
 * Makes `count` cards that the registry does not have, with numbers that nobody can guess from others, each chunk with
 * its audit event. Throws a RangeError when the series has no room: at most a tenth of its numbers may be cards, else
 * a customer's typing error would soon meet somebody else's card.
 */
export async function generateCards(db: Database, cards: CardGeneration): Promise<void> {
  const series = cards.series ?? cards.program.series[0];
  await assertRoom(db, cards.program.key, series, cards.count);
  for (let left = cards.count; left > 0; ) {
    const made = await transact(db, (trx) => makeCards(trx, cards, series, Math.min(left, CHUNK_CARDS)));
    left -= made.length;
    await cards.onCards?.(made);
  }
}

/** Gives a programme that has no card at all its first ones, in one transaction; answers how many. For the demo. */
export async function seedDemoCards(db: Database, program: Program, count: number): Promise<number> {
  return await transact(db, async (trx) => {
    // Two processes that start at once must not both find an empty programme.
    await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`cardwake demo ${program.key}`}, 0))`.execute(trx);
    const one = await trx.selectFrom('cards').select('number').where('program', '=', program.key).limit(1).execute();
    if (one.length > 0) return 0;
    const [series] = program.series;
    return (await makeCards(trx, { program, count, actor: 'system:demo' }, series, count)).length;
  });
}

/** Adds at most `count` cards: a random number that is a card already is left out. */
async function makeCards(
  trx: Trx,
  { program, actor }: CardGeneration,
  series: CardSeries,
  count: number,
): Promise<CardNumber[]> {
  const numbers = Array.from({ length: count }, () => randomCardNumber(series));
  const made = await loadNewCards(trx, { program: program.key, status: 'issued' }, numbers);
  const after = { series: series.name, added: made.length };
  await recordAudit(trx, [{ program: program.key, actor, action: 'cards.generated', after }]);
  return made;
}

const DIGITS = '0123456789';
/** Without 0, 1, I and O, which people take for each other. */
const CLEAR_CHARACTERS = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

/** A well-formed number of the series; all of those that may be made are equally likely. */
export function randomCardNumber(series: CardSeries): CardNumber {
  const characters = series.alphabet === 'digits' ? DIGITS : CLEAR_CHARACTERS;
  let body = series.prefix;
  while (body.length < bodyLength(series)) body += characters.charAt(randomInt(characters.length));
  return completeCheckDigit(series, body);
}

async function assertRoom(db: Database, program: string, series: CardSeries, count: number): Promise<void> {
  const characters = series.alphabet === 'digits' ? DIGITS : CLEAR_CHARACTERS;
  const room = characters.length ** (bodyLength(series) - series.prefix.length) / 10;
  const { rows } = await sql<{ used: string }>`
    SELECT count(*) AS used FROM cards
    WHERE program = ${program} AND length(number) = ${series.length} AND starts_with(number, ${series.prefix})`.execute(
    db,
  );
  const left = Math.floor(room - Number(rows[0]?.used ?? 0));
  if (left >= count) return;
  throw new RangeError(
    `The series "${series.name}" has room for ${Math.max(left, 0)} more cards: make its numbers longer`,
  );
}
