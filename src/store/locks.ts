import { sql } from 'kysely';
import type { CardStatus } from '../activation/world.ts';
import type { Trx } from './database.ts';
import { optOutMark } from './opt-outs.ts';
import { rows } from './rows.ts';

/** What a phone's row says, once it is locked. */
export interface LockedPhone {
  readonly phone: string;
  readonly locale: string | null;
  readonly opted_out_at: Date | null;
  readonly failed_at: Date[];
  readonly replied_at: Date[];
  readonly told_until: Date | null;
}

/**
 * Locks the phones' rows until the end of the transaction, in order of number, and answers them; a phone that was never
 * seen gets its row, with the opt-out that an erasure may have kept of it. Who locks both phones and cards locks the phones
 * first: that fixed order is what keeps deadlocks rare.
 *
 * The missing rows come before any lock: who held a lock while it waited for another's new row could be waited for by
 * that other, and two packs of new customers would deadlock. A row that was there and is gone once its lock is free was
 * erased meanwhile, and is made anew with what the erasure kept.
 */
export async function lockPhones(trx: Trx, program: string, phones: Iterable<string>): Promise<LockedPhone[]> {
  const wanted = [...new Set(phones)].toSorted();
  const list = wanted.map((phone) => ({ phone, mark: optOutMark(trx, program, phone)?.toString('hex') }));
  for (;;) {
    await sql`INSERT INTO phones (program, phone, opted_out_at)
      SELECT ${program}, phone, (SELECT o.opted_out_at FROM opt_outs o
        WHERE o.program = ${program} AND o.phone_mark = decode(r.mark, 'hex'))
      FROM ${rows(list, 'phone text, mark text')}
      WHERE NOT EXISTS (SELECT FROM phones p WHERE p.program = ${program} AND p.phone = r.phone)
      ORDER BY phone ON CONFLICT DO NOTHING`.execute(trx);
    const { rows: locked } = await sql<LockedPhone>`
      SELECT phone, locale, opted_out_at, failed_at, replied_at, told_until FROM phones
      WHERE program = ${program} AND phone = ANY(${wanted}::text[]) ORDER BY phone FOR UPDATE`.execute(trx);
    if (locked.length === wanted.length) return locked;
  }
}

/** What a card's row says, once it is locked. */
export interface LockedCard {
  readonly number: string;
  readonly status: CardStatus;
}

/** Locks the cards' rows until the end of the transaction, in order of number; a card that does not exist is left out. */
export async function lockCards(trx: Trx, program: string, numbers: Iterable<string>): Promise<LockedCard[]> {
  const wanted = [...new Set(numbers)].toSorted();
  if (wanted.length === 0) return [];
  const { rows: locked } = await sql<LockedCard>`
    SELECT number, status FROM cards
    WHERE program = ${program} AND number = ANY(${wanted}::text[]) ORDER BY number FOR UPDATE`.execute(trx);
  return locked;
}
