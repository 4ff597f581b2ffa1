import { sql } from 'kysely';
import type { Locale, Program } from '../activation/program.ts';
import { mayReply } from '../activation/restrain.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { type Database, type Trx, transact } from './database.ts';
import { loadWorld } from './load-world.ts';
import type { QueuedReply } from './write-pack.ts';

interface EndedRequest {
  readonly id: string;
  readonly phone: Msisdn;
  readonly newcomer: Msisdn;
  readonly inbound_id: string;
  readonly channel: string;
  readonly address: string;
}

/**
 * Ends the requests for a card that its holder did not grant in time, and queues the reply that tells the newcomer so,
 * unless the newcomer must not be texted now. Safe to run in several processes at once.
 */
export async function refuseExpired(
  db: Database,
  program: Program,
  now: Date,
  localeFor: (phone: Msisdn, remembered: Locale | undefined) => Locale,
): Promise<QueuedReply[]> {
  const due = await endedRequests(db, program.key, now);
  if (due.length === 0) return [];
  return await transact(db, async (trx) => {
    const phones = new Set(due.flatMap((one) => [one.phone, one.newcomer]));
    const world = await loadWorld(trx, program.key, { phones, cards: new Set() }, due.length);
    const replies: QueuedReply[] = [];
    for (const one of due) {
      if (!(await markTold(trx, one.id, now))) continue;
      const newcomer = world.phones.get(one.newcomer);
      if (newcomer === undefined || mayReply(newcomer, now, program) !== undefined) continue;
      replies.push(...(await queueRefusal(trx, program.key, one, now, localeFor(one.newcomer, newcomer.locale))));
    }
    return replies;
  });
}

async function endedRequests(db: Database, program: string, now: Date): Promise<EndedRequest[]> {
  const { rows } = await sql<EndedRequest>`
    SELECT o.id, o.phone, o.newcomer, o.inbound_id, i.channel, i.recipient AS address
    FROM offers o JOIN inbox i ON i.id = o.inbound_id
    WHERE o.program = ${program} AND o.kind = 'release' AND o.newcomer_told_at IS NULL
      AND (o.expires_at <= ${now} OR o.closed_at IS NOT NULL)
    ORDER BY o.id LIMIT 50`.execute(db);
  return rows;
}

/** False when another process was first. The offer stays open to a late answer, which is then told that it is late. */
async function markTold(trx: Trx, offer: string, now: Date): Promise<boolean> {
  const { rows } = await sql`UPDATE offers SET newcomer_told_at = ${now}
    WHERE id = ${offer} AND newcomer_told_at IS NULL RETURNING id`.execute(trx);
  return rows.length > 0;
}

/** Slot 9 of the newcomer's own SMS: its slot 0 said that the holder was asked. */
async function queueRefusal(
  trx: Trx,
  program: string,
  one: EndedRequest,
  now: Date,
  locale: Locale,
): Promise<QueuedReply[]> {
  await sql`UPDATE phones SET replied_at = replied_at || ${now}::timestamptz
    WHERE program = ${program} AND phone = ${one.newcomer}`.execute(trx);
  const { rows } = await sql<QueuedReply>`
    INSERT INTO replies (inbound_id, slot, program, channel, sender, recipient, template, locale, variables)
    VALUES (${one.inbound_id}, 9, ${program}, ${one.channel}, ${one.address}, ${one.newcomer}, 'request-refused',
      ${locale}, '{}')
    ON CONFLICT DO NOTHING RETURNING id, channel`.execute(trx);
  return rows;
}
