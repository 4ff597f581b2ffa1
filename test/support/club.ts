import { type RawBuilder, sql } from 'kysely';
import type { CardNumber } from '../../src/activation/card-number.ts';
import type { Intent } from '../../src/activation/intent.ts';
import type { CardStatus } from '../../src/activation/world.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { recordAudit } from '../../src/store/audit.ts';
import type { Database } from '../../src/store/database.ts';
import { keepInbound, type NewInbound } from '../../src/store/inbox.ts';

/** A card of the programme `club` and who holds it. */
interface GivenCard {
  readonly number: CardNumber;
  readonly status?: CardStatus;
  readonly holder?: Msisdn;
}

/** Puts cards into the registry; a card with a holder has an audited binding, as everywhere. */
export async function addCards(db: Database, cards: readonly GivenCard[], program = 'club'): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const { number, holder, status = holder === undefined ? 'issued' : 'active' } of cards) {
      await trx.insertInto('cards').values({ program, number, status, replaced_by: null }).execute();
      if (holder === undefined) continue;
      const binding = { program, card: number, phone: holder, proof: 'sms', actor: 'cli:test' } as const;
      await trx
        .insertInto('bindings')
        .values({ ...binding, closed_at: null, closed_by: null })
        .execute();
      const event = { program, card: number, phone: holder, actor: 'cli:test', action: 'binding.opened' } as const;
      await recordAudit(trx, [{ ...event, after: { proof: 'sms' } }]);
    }
  });
}

let arrived = 0;

/** An SMS to the club as the inbox takes it, with an id of its own. */
export function inbound(from: Msisdn, intent: Intent, changes: Partial<NewInbound> = {}): NewInbound {
  return {
    channel: 'main',
    providerMessageId: `SM${++arrived}`,
    program: 'club',
    sender: from,
    senderRaw: from,
    country: 'RU',
    recipient: '2420',
    text: '',
    raw: undefined,
    script: undefined,
    optOut: undefined,
    intent,
    outcome: undefined,
    ...changes,
  };
}

/** Keeps the SMS and answers their ids, in the same order. */
export async function arrive(db: Database, received: readonly NewInbound[]): Promise<string[]> {
  const kept = await keepInbound(db, received);
  return kept.flatMap((one) => (one.kind === 'new' ? [one.id] : []));
}

/** A query's rows, for what a test wants to see. */
export async function look<Row>(db: Database, query: RawBuilder<unknown>): Promise<Row[]> {
  return (await query.execute(db)).rows as Row[];
}

/** How many wait for a lock that somebody else has. */
export async function lockWaiters(db: Database): Promise<number> {
  return (await look(db, sql`SELECT FROM pg_locks WHERE NOT granted`)).length;
}

/** The outcomes of all SMS with how often each came, such as `{ activated: 1, 'unknown-card': 2 }`. */
export async function outcomes(db: Database): Promise<Record<string, number>> {
  const rows = await look<{ outcome: string; count: number }>(
    db,
    sql`SELECT coalesce(outcome, state) AS outcome, count(*)::int AS count FROM inbox GROUP BY 1 ORDER BY 1`,
  );
  return Object.fromEntries(rows.map((row) => [row.outcome, row.count]));
}
