import { sql } from 'kysely';
import type { ShownCard } from '../activation/at-the-till.ts';
import type { CardNumber } from '../activation/card-number.ts';
import type { CardStatus } from '../activation/world.ts';
import type { Database } from './database.ts';
import type { PhoneProof } from './phone-proof.ts';

/** A card for the till, and the one that took its place. */
export interface TillCard extends ShownCard {
  readonly replacedBy: CardNumber | undefined;
}

interface TillRow {
  readonly status: CardStatus;
  readonly replaced_by: CardNumber | null;
  readonly proof: PhoneProof | null;
}

/**
 * What the till needs of a card, in one statement on three unique indexes; undefined when the registry has no such card.
 * Where a holder has no profile, the binding's own proof stands for it.
 */
export async function findTillCard(db: Database, program: string, card: CardNumber): Promise<TillCard | undefined> {
  const { rows } = await sql<TillRow>`
    SELECT c.status, c.replaced_by, coalesce(m.phone_proof, b.proof) AS proof
    FROM cards c
    LEFT JOIN bindings b ON b.program = c.program AND b.card = c.number AND b.closed_at IS NULL
    LEFT JOIN members m ON m.program = b.program AND m.phone = b.phone AND m.erased_at IS NULL
    WHERE c.program = ${program} AND c.number = ${card}`.execute(db);
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    status: row.status,
    replacedBy: row.replaced_by ?? undefined,
    isPhoneProved: row.proof !== null && row.proof !== 'none',
  };
}
