import { sql } from 'kysely';
import type { CardNumber } from '../activation/card-number.ts';
import type { LiveWorld } from '../activation/world.ts';
import type { Msisdn } from '../sms/msisdn.ts';
import { REHEARSAL_PREFIX } from '../sms/rehearsal.ts';
import type { Trx } from './database.ts';
import { isInState, isWithin } from './id-bounds.ts';
import type { WaitingInbound } from './inbox.ts';
import { type TieRow, toWorld, type Wanted } from './load-world.ts';
import type { LockedCard, LockedPhone } from './locks.ts';
import { keptOptOuts } from './opt-outs.ts';
import { idList } from './rows.ts';

/** The SMS of one programme that were taken, and what they are decided in. */
export interface ClaimedPack {
  readonly program: string;
  /** In order of arrival. */
  readonly rows: readonly WaitingInbound[];
  /** The world with the phones and cards that the SMS name, and those asked for beside them. */
  readonly world: (repliesLeft: number) => LiveWorld;
}

/**
 * Takes those of the ids that still wait, and locks and reads all that deciding them needs, in one round trip: the SMS, then
 * the phones, then the cards, each in a fixed order. It lasts until the end of the transaction. What another worker holds
 * is left out: that worker, or after its death the sweeper, brings it to its end. `also` is wanted of every programme.
 */
export async function claimPack(trx: Trx, ids: readonly string[], also: Wanted): Promise<ClaimedPack[]> {
  const { rows: answers } = await claim(ids, also).execute(trx);
  const { claimed, phones, cards, ties, with_opt_outs: withOptOuts } = answers[0] ?? NOTHING;
  const rows = (claimed ?? []).map(({ received_at, ...row }) => ({ ...row, received_at: new Date(received_at) }));
  const packs = [];
  // In order of name, so that locks are taken in the same order by everybody.
  for (const program of [...new Set(rows.map((row) => row.program))].toSorted()) {
    const isOurs = (row: { readonly program: string }) => row.program === program;
    const ours = rows.filter(isOurs);
    const met = (phones ?? []).filter(isOurs).map(toPhone);
    const fresh = withOptOuts?.includes(program) ? (phones ?? []).filter((row) => isOurs(row) && row.is_new) : [];
    const kept = fresh.length === 0 ? new Map<string, Date>() : await keptOptOuts(trx, program, fresh);
    const found = {
      phones: met.map((row) => ({ ...row, opted_out_at: row.opted_out_at ?? kept.get(row.phone) ?? null })),
      cards: (cards ?? []).filter(isOurs),
      ties: (ties ?? []).filter(isOurs).map(toTie),
    };
    const wanted = wantedBy(ours, also);
    packs.push({ program, rows: ours, world: (repliesLeft: number) => toWorld(wanted, found, repliesLeft) });
  }
  return packs;
}

interface Answer {
  readonly claimed: readonly Dated<WaitingInbound, 'received_at'>[] | null;
  readonly phones: readonly PhoneRow[] | null;
  readonly cards: readonly (LockedCard & OfProgram)[] | null;
  readonly ties: readonly (Dated<TieRow, 'expires_at'> & OfProgram)[] | null;
  /** The programmes that have opt-outs of people who were erased. */
  readonly with_opt_outs: readonly string[] | null;
}

const NOTHING: Answer = { claimed: null, phones: null, cards: null, ties: null, with_opt_outs: null };

interface OfProgram {
  readonly program: string;
}

/** JSON has no dates. */
type Dated<Row, Field extends keyof Row> = Omit<Row, Field> & { readonly [F in Field]: string };

interface PhoneRow extends OfProgram {
  readonly phone: string;
  readonly locale: string | null;
  readonly opted_out_at: string | null;
  readonly failed_at: readonly string[];
  readonly replied_at: readonly string[];
  readonly told_until: string | null;
  /** Made by this statement. */
  readonly is_new: boolean;
}

/**
 * One statement. A phone's row is made or, by an update that changes nothing, locked: in one go, in order of number, so
 * that two packs never wait for each other in a circle. The counts in between say what has to be locked before what.
 */
function claim(ids: readonly string[], { phones, cards }: Wanted) {
  return sql<Answer>`
    WITH claimed AS MATERIALIZED (
      SELECT id::text AS id, channel, program, sender, country, recipient, script, opt_out, intent,
        CASE WHEN intent IS NULL THEN text END AS unread, received_at,
        starts_with(provider_message_id, ${REHEARSAL_PREFIX}) AS is_rehearsed
      FROM inbox
      WHERE id = ANY(${idList(ids)}::bigint[]) AND ${isWithin('id', ids)} AND ${isInState('state', 'received')}
        AND next_attempt_at <= clock_timestamp()
      ORDER BY inbox.id FOR UPDATE SKIP LOCKED
    ), programs AS (
      SELECT DISTINCT program FROM claimed
    ), wanted_phones AS (
      SELECT program, sender AS phone FROM claimed
      UNION SELECT program, phone FROM programs, unnest(${[...phones]}::text[]) AS phone
    ), wanted_cards AS (
      SELECT program, intent ->> 'card' AS number FROM claimed WHERE intent ->> 'kind' = 'card'
      UNION SELECT program, number FROM programs, unnest(${[...cards]}::text[]) AS number
    ), met AS (
      INSERT INTO phones AS p (program, phone)
      SELECT program, phone FROM wanted_phones ORDER BY program, phone COLLATE "C"
      ON CONFLICT (program, phone) DO UPDATE SET phone = excluded.phone
      RETURNING p.program, p.phone, p.locale, p.opted_out_at, p.failed_at, p.replied_at, p.told_until, p.xmax = 0 AS is_new
    ), held AS MATERIALIZED (
      SELECT c.program, c.number, c.status FROM wanted_cards w JOIN cards c USING (program, number)
      WHERE (SELECT count(*) FROM met) > 0
      ORDER BY c.program, c.number FOR UPDATE OF c
    ), locked AS (
      SELECT program, array_agg(phone) AS phones,
        ARRAY(SELECT number FROM wanted_cards w WHERE w.program = met.program AND (SELECT count(*) FROM held) >= 0) AS cards
      FROM met GROUP BY program
    )
    SELECT (SELECT json_agg(claimed) FROM claimed) AS claimed, (SELECT json_agg(met) FROM met) AS phones,
      (SELECT json_agg(held) FROM held) AS cards,
      (SELECT json_agg(t) FROM (SELECT locked.program, tie.* FROM locked, ties_of(program, phones, cards) tie) t) AS ties,
      (SELECT json_agg(program) FROM locked WHERE has_opt_outs(program)) AS with_opt_outs`;
}

function toPhone(row: PhoneRow): LockedPhone {
  const date = (text: string) => new Date(text);
  return {
    phone: row.phone,
    locale: row.locale,
    opted_out_at: row.opted_out_at === null ? null : date(row.opted_out_at),
    failed_at: row.failed_at.map(date),
    replied_at: row.replied_at.map(date),
    told_until: row.told_until === null ? null : date(row.told_until),
  };
}

function toTie({ expires_at: expires, ...row }: Dated<TieRow, 'expires_at'>): TieRow {
  return { ...row, expires_at: expires === null ? null : new Date(expires) };
}

function wantedBy(rows: readonly WaitingInbound[], also: Wanted): Wanted {
  const phones = new Set<Msisdn>([...rows.map(({ sender }) => sender), ...also.phones]);
  const cards = new Set<CardNumber>(also.cards);
  for (const { intent } of rows) if (intent?.kind === 'card') cards.add(intent.card);
  return { phones, cards };
}
