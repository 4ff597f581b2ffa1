import { type RawBuilder, sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { Program } from '../activation/program.ts';
import type { Change, LiveWorld } from '../activation/world.ts';
import { type AuditEvent, auditInsert } from './audit.ts';
import type { Trx } from './database.ts';
import { changesOf, type Decided } from './decided.ts';
import { eventsOfPack, recordEvents } from './events.ts';
import { isWithin } from './id-bounds.ts';
import { memberWrites, type TouchedMember, tellOfMembers } from './member-writes.ts';
import { type QueuedRow, queueReplies, repliesOf, type WrittenReply, withOrigin } from './new-replies.ts';
import { offerWrites } from './offer-writes.ts';
import { rows, together } from './rows.ts';

/**
 * Writes everything that a pack's decisions changed: bindings, cards, phones, offers, cases, audit, outbox and inbox,
 * in one or two round trips. `world` is as it stands after the last decision. What is closed is closed first, because a
 * partial unique index holds one open binding for a card and for a phone. `claims`: see `repliesOf`.
 */
export async function writePack(
  trx: Trx,
  program: Program,
  world: LiveWorld,
  pack: readonly Decided[],
  claims?: (channel: string) => boolean,
): Promise<WrittenReply[]> {
  const offers = offerWrites(program.key, pack);
  const closing = [...bindingsClosed(program.key, pack), ...offers.closing];
  if (closing.length > 0) await together(closing, sql`SELECT`).execute(trx);
  const parts = [
    ...bindingsOpened(program.key, pack),
    ...offers.opening,
    ...cardsWritten(program.key, world, pack),
    phonesWritten(program.key, world, pack),
    ...casesOpened(program.key, pack),
    ...audited(program.key, pack),
    ...inboxDone(pack),
  ];
  const replies = repliesOf(program.key, pack, claims);
  const { queued, touched } = await writeTogether(
    trx,
    parts,
    queueReplies(replies, pack),
    memberWrites(program.key, pack),
  );
  // After the members are written, whom they name.
  if (program.events !== undefined) await recordEvents(trx, eventsOfPack(program.key, pack));
  await tellOfMembers(trx, program, pack, touched);
  return withOrigin(queued, replies);
}

/** One round trip for all; gives the replies that are in the outbox now and the members who were known before. */
async function writeTogether(
  trx: Trx,
  parts: readonly RawBuilder<unknown>[],
  queuing: RawBuilder<unknown> | undefined,
  meeting: RawBuilder<unknown> | undefined,
): Promise<{ queued: readonly QueuedRow[]; touched: readonly TouchedMember[] }> {
  const last = sql<{ queued: QueuedRow[] | null; touched: TouchedMember[] | null }>`SELECT
    ${queuing === undefined ? sql`NULL` : sql`(SELECT json_agg(queued) FROM queued)`} AS queued,
    ${meeting === undefined ? sql`NULL` : sql`(SELECT json_agg(met) FROM met WHERE is_known)`} AS touched`;
  const byName = { ...(queuing !== undefined && { queued: queuing }), ...(meeting !== undefined && { met: meeting }) };
  const { rows: written } = await together(parts, last, byName).execute(trx);
  return { queued: written[0]?.queued ?? [], touched: written[0]?.touched ?? [] };
}

function bindingsClosed(program: string, pack: readonly Decided[]): RawBuilder<unknown>[] {
  const closed = changesOf(pack, 'close-binding');
  if (closed.length === 0) return [];
  const list = closed.map(({ cause, change }) => ({ card: change.card, phone: change.phone, actor: cause.actor }));
  return [
    sql`UPDATE bindings b SET closed_at = now(), closed_by = r.actor
      FROM ${rows(list, 'card text, phone text, actor text', pack)}
      WHERE b.program = ${program} AND b.card = r.card AND b.phone = r.phone AND b.closed_at IS NULL`,
  ];
}

function bindingsOpened(program: string, pack: readonly Decided[]): RawBuilder<unknown>[] {
  const opened = changesOf(pack, 'open-binding');
  if (opened.length === 0) return [];
  const list = opened.map(({ cause, change }) => ({ ...change, actor: cause.actor }));
  return [
    sql`INSERT INTO bindings (program, card, phone, proof, actor)
      SELECT ${program}, card, phone, proof, actor FROM ${rows(list, 'card text, phone text, proof text, actor text', pack)}`,
  ];
}

function cardsWritten(program: string, world: LiveWorld, pack: readonly Decided[]): RawBuilder<unknown>[] {
  const changes = changesOf(pack, 'set-card-status');
  if (changes.length === 0) return [];
  const successors = new Map(changes.map(({ change }) => [change.card, change.replacedBy]));
  const list = [...successors].map(([number, replacedBy]) => ({
    number,
    status: world.cards.get(number)?.status,
    replaced_by: replacedBy,
  }));
  return [
    sql`UPDATE cards c SET status = r.status, replaced_by = coalesce(r.replaced_by, c.replaced_by), updated_at = now()
      FROM ${rows(list, 'number text, status text, replaced_by text', pack)}
      WHERE c.program = ${program} AND c.number = r.number`,
  ];
}

/** Times, opt-out and language of every phone that wrote or was written to. */
function phonesWritten(program: string, world: LiveWorld, pack: readonly Decided[]): RawBuilder<unknown> {
  const shown = new Map(pack.flatMap((one) => (one.localeShown === undefined ? [] : [[one.from, one.localeShown]])));
  const touched = new Set(pack.flatMap((one) => [one.from, ...one.decision.replies.map((reply) => reply.to)]));
  const list = [...touched].flatMap((number) => {
    const phone = world.phones.get(number);
    if (phone === undefined) return [];
    return {
      phone: number,
      locale: shown.get(number),
      out: phone.isOptedOut,
      failed: phone.failedAt,
      replied: phone.repliedAt,
      told: phone.toldUntil,
    };
  });
  const columns = 'phone text, locale text, out boolean, failed timestamptz[], replied timestamptz[], told timestamptz';
  return sql`UPDATE phones p SET locale = coalesce(r.locale, p.locale), failed_at = r.failed, replied_at = r.replied,
      told_until = r.told, opted_out_at = CASE WHEN r.out THEN coalesce(p.opted_out_at, now()) END
    FROM ${rows(list, columns, pack)} WHERE p.program = ${program} AND p.phone = r.phone`;
}

function casesOpened(program: string, pack: readonly Decided[]): RawBuilder<unknown>[] {
  const opened = changesOf(pack, 'open-case');
  if (opened.length === 0) return [];
  const list = opened.map(({ cause, change }) => ({
    kind: change.matter,
    inbound_id: cause.inboundId,
    card: change.card,
    phone: change.phone,
  }));
  return [
    sql`INSERT INTO cases (program, kind, inbound_id, card, phone)
      SELECT ${program}, kind, inbound_id, card, phone
      FROM ${rows(list, 'kind text, inbound_id bigint, card text, phone text', pack)} ON CONFLICT DO NOTHING`,
  ];
}

function audited(program: string, pack: readonly Decided[]): RawBuilder<unknown>[] {
  const events = pack.flatMap(({ actor, decision: { changes } }) =>
    changes.flatMap((change) => auditOf({ program, actor }, change, changes)),
  );
  return events.length === 0 ? [] : [auditInsert(events, pack)];
}

/** A binding tells in its own event what its card has become: one act, one event. */
function auditOf(who: Pick<AuditEvent, 'program' | 'actor'>, change: Change, all: readonly Change[]): AuditEvent[] {
  if (change.kind === 'open-binding') {
    const { card, phone, proof } = change;
    const became = all.find((other) => isStatusOf(card, other));
    const before = became && { status: became.from };
    return [{ ...who, action: 'binding.opened', card, phone, before, after: { proof, status: became?.to } }];
  }
  if (change.kind === 'close-binding') {
    return [{ ...who, action: 'binding.closed', card: change.card, phone: change.phone }];
  }
  if (change.kind !== 'set-card-status') return [];
  const { card, from, to, replacedBy } = change;
  if (all.some((other) => other.kind === 'open-binding' && other.card === card)) return [];
  return [{ ...who, action: 'card.status', card, before: { status: from }, after: { status: to, replacedBy } }];
}

type StatusChange = Extract<Change, { readonly kind: 'set-card-status' }>;

function isStatusOf(card: CardNumber, change: Change): change is StatusChange {
  return change.kind === 'set-card-status' && change.card === card;
}

function inboxDone(pack: readonly Decided[]): RawBuilder<unknown>[] {
  const list = pack.flatMap(({ inboundId, decision: { outcome, silence } }) =>
    inboundId === undefined ? [] : [{ id: inboundId, outcome, silence }],
  );
  if (list.length === 0) return [];
  return [
    sql`UPDATE inbox i SET state = 'done', outcome = r.outcome, silence = r.silence, done_at = clock_timestamp()
      FROM ${rows(list, 'id bigint, outcome text, silence text', pack)}
      WHERE i.id = r.id AND ${isWithin(
        'i.id',
        list.map(({ id }) => id),
      )}`,
  ];
}
