import type { CardNumber } from '../activation/card-number.ts';
import { NotLoaded } from '../activation/world.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { type Database, type Trx, transact } from './database.ts';
import type { Wanted } from './load-world.ts';

/** Three or four are what a decision can need; the rest is for packs whose cards change hands between two rounds. */
const MAX_ROUNDS = 20;

/**
 * Runs `work` in a transaction, as `transact` does, and again when a decision in it turned out to need a card or a phone
 * that nobody had loaded: `also` is what was missing so far, to be loaded with the rest.
 */
export async function withWorld<T>(db: Database, work: (trx: Trx, also: Wanted) => Promise<T>): Promise<T> {
  const also = { phones: new Set<Msisdn>(), cards: new Set<CardNumber>() };
  for (let round = 1; ; round += 1) {
    try {
      return await transact(db, (trx) => work(trx, also));
    } catch (error) {
      if (!(error instanceof NotLoaded) || round >= MAX_ROUNDS) throw error;
      for (const phone of error.phones) also.phones.add(phone);
      for (const card of error.cards) also.cards.add(card);
    }
  }
}
