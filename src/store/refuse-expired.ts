import { sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { ReplyFacts } from '../activation/decision.ts';
import type { Locale, Program } from '../activation/program.ts';
import { keepTimes, mayReply } from '../activation/restrain.ts';
import { commit, type LiveWorld } from '../activation/world.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { type Database, type Trx, transact } from './database.ts';
import { loadWorld } from './load-world.ts';
import type { QueuedReply } from './new-replies.ts';
import type { ReplyQuota } from './reply-quota.ts';

interface EndedRequest {
  readonly id: string;
  readonly phone: Msisdn;
  readonly card: CardNumber;
  readonly newcomer: Msisdn;
  readonly inbound_id: string;
  readonly channel: string;
  readonly address: string;
}

/** What the sweeper knows and the store does not. */
export interface Refusing {
  readonly quota: ReplyQuota;
  readonly now: Date;
  readonly localeFor: (phone: Msisdn, remembered: Locale | undefined) => Locale;
}

/**
 * Ends the requests for a card that its holder did not grant in time, and queues the reply that tells the newcomer so,
 * unless the newcomer must not be texted now. Safe to run in several processes at once.
 */
export async function refuseExpired(db: Database, program: Program, refusing: Refusing): Promise<QueuedReply[]> {
  const due = await endedRequests(db, program.key, refusing.now);
  if (due.length === 0) return [];
  const taken = await refusing.quota.take(program, due.length);
  let used = 0;
  try {
    const replies = await transact(db, (trx) => refuse(trx, program, due, taken.count, refusing));
    used = replies.length;
    return replies;
  } finally {
    taken.giveBack(taken.count - used);
  }
}

async function refuse(
  trx: Trx,
  program: Program,
  due: readonly EndedRequest[],
  repliesLeft: number,
  { now, localeFor }: Refusing,
): Promise<QueuedReply[]> {
  const phones = new Set(due.flatMap((one) => [one.phone, one.newcomer]));
  const world = await loadWorld(trx, program.key, { phones, cards: new Set() }, repliesLeft);
  const replies: QueuedReply[] = [];
  for (const one of due) {
    if (!(await markTold(trx, one.id, now)) || !isToBeTold(one, world, now, program)) continue;
    commit(world, [{ kind: 'count-reply', phone: one.newcomer, at: now }], keepTimes(program));
    const locale = localeFor(one.newcomer, world.phones.get(one.newcomer)?.locale);
    replies.push(...(await queueRefusal(trx, program.key, one, now, locale)));
  }
  return replies;
}

/** In `uniform` mode nobody learns that the card has a holder; and who got the card after all was told that. */
function isToBeTold({ newcomer, card }: EndedRequest, world: LiveWorld, now: Date, program: Program): boolean {
  const phone = world.phones.get(newcomer);
  if (phone === undefined || phone.card === card || program.replyMode === 'uniform') return false;
  return world.repliesLeft > 0 && mayReply(phone, now, program) === undefined;
}

async function endedRequests(db: Database, program: string, now: Date): Promise<EndedRequest[]> {
  const { rows } = await sql<EndedRequest>`
    SELECT o.id, o.phone, o.card, o.newcomer, o.inbound_id, i.channel, i.recipient AS address
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
  { card, newcomer, inbound_id, channel, address }: EndedRequest,
  now: Date,
  locale: Locale,
): Promise<QueuedReply[]> {
  const facts: ReplyFacts = { card };
  await sql`UPDATE phones SET replied_at = replied_at || ${now}::timestamptz
    WHERE program = ${program} AND phone = ${newcomer}`.execute(trx);
  const { rows } = await sql<QueuedReply>`
    INSERT INTO replies (inbound_id, slot, program, channel, sender, recipient, template, locale, variables)
    VALUES (${inbound_id}, 9, ${program}, ${channel}, ${address}, ${newcomer}, 'request-refused', ${locale},
      ${JSON.stringify(facts)}::jsonb)
    ON CONFLICT DO NOTHING RETURNING id, channel`.execute(trx);
  return rows;
}
