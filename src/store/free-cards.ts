import type { CardNumber } from '../activation/card-number.ts';
import type { Database } from './database.ts';

/** The first card numbers of a programme, at most `count`, that no phone has: to try the service with. */
export async function freeCards(db: Database, program: string, count: number): Promise<CardNumber[]> {
  const rows = await db
    .selectFrom('cards')
    .select('number')
    .where('program', '=', program)
    .where('status', '=', 'issued')
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('bindings')
            .select('bindings.id')
            .whereRef('bindings.program', '=', 'cards.program')
            .whereRef('bindings.card', '=', 'cards.number')
            .where('bindings.closed_at', 'is', null),
        ),
      ),
    )
    .orderBy('number')
    .limit(count)
    .execute();
  return rows.map((row) => row.number as CardNumber);
}
