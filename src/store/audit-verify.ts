import { type RawBuilder, sql } from 'kysely';
import { type ChainLink, EVENT_COLUMNS, GENESIS, linkHash, phoneMark, utcText } from './audit-hash.ts';
import { type ChainHead, chainHead, countUnsealed } from './audit-seal.ts';
import type { Database } from './database.ts';

/** A place of the chain and its hash, written down elsewhere: the proof that a chain was not cut off after it. */
export interface KnownHead {
  readonly position: string;
  /** Lower-case hexadecimal, 64 characters. */
  readonly hash: string;
}

/** One thing that is not as it was sealed. Positions and ids are decimal. */
export type AuditFault =
  /** The event, or its place in the chain, is not what was sealed: altered, exchanged with another, or put in. */
  | { readonly kind: 'altered'; readonly position: string; readonly eventId: string }
  /** The event is as it was, the hash beside it is not. */
  | { readonly kind: 'hash-altered'; readonly position: string; readonly eventId: string }
  | { readonly kind: 'event-deleted'; readonly position: string; readonly eventId: string }
  | { readonly kind: 'links-deleted'; readonly first: string; readonly last: string }
  /** An event that is older than the chain's end and not in the chain: put in later, or its link was deleted. */
  | { readonly kind: 'event-unchained'; readonly eventId: string }
  /** The chain ends before the known head, or has another hash there: it was cut off or rewritten. */
  | { readonly kind: 'head-missing'; readonly position: string }
  | { readonly kind: 'head-differs'; readonly position: string }
  /** Bindings of a card and a phone that were opened or closed without an audit event, or the other way round. */
  | {
      readonly kind: 'binding-unexplained';
      readonly program: string;
      readonly card: string;
      /** Null for one that was erased. */
      readonly phone: string | null;
    }
  /** Not as many phones are missing from a table as the audit's acts of destruction say. */
  | {
      readonly kind: 'erasure-unexplained';
      readonly program: string;
      readonly table: 'audit_events' | 'bindings';
      readonly missing: number;
      readonly destroyed: number;
    };

/** What was looked at. */
export interface AuditVerdict {
  readonly checked: number;
  readonly faults: number;
  /** Events that wait for the sealer; nothing protects these yet. */
  readonly unsealed: number;
  /** Where the chain ended when the walk began: to be written down elsewhere. */
  readonly head: KnownHead | undefined;
}

export interface VerifyOptions {
  /** Compared with the chain, when given. */
  readonly head?: KnownHead | undefined;
  readonly onFault: (fault: AuditFault) => void;
  /** Told every few thousand links how many of how many were checked. */
  readonly onProgress?: (checked: number, total: number) => void;
}

/**
 * Walks the whole chain in constant memory and names every row that is not as it was sealed; the service may go on
 * meanwhile. What it cannot see: a chain whose end was cut off, or that was computed anew from some place on. Both
 * show when a head that was kept elsewhere is given.
 */
export async function verifyAudit(db: Database, options: VerifyOptions): Promise<AuditVerdict> {
  let faults = 0;
  const onFault = (fault: AuditFault) => {
    faults += 1;
    options.onFault(fault);
  };
  const head = await chainHead(db);
  const checked = await walk(db, { end: Number(head?.position ?? 0), onFault, onProgress: options.onProgress });
  for await (const fault of besideTheChain(db, options.head)) onFault(fault);
  return { checked, faults, unsealed: await countUnsealed(db, head), head: known(head) };
}

/** Where the chain ends now, or undefined when nothing was sealed yet. */
export async function auditHead(db: Database): Promise<KnownHead | undefined> {
  return known(await chainHead(db));
}

function known(head: ChainHead | undefined): KnownHead | undefined {
  return head && { position: head.position, hash: head.hash.toString('hex') };
}

const PAGE = 2_000;

type Row = Omit<ChainLink, 'id' | 'txid' | 'at'> & {
  /** The phone is what the mark commits to; or both it and its salt were erased. */
  readonly is_phone_marked: boolean;
  readonly hash: Buffer;
  readonly event_id: string;
  readonly chain_txid: string;
  /** NULL when the event is gone. */
  readonly id: string | null;
  readonly txid: string;
  readonly at: string;
};

async function* pages(db: Database, end: number): AsyncGenerator<Row[]> {
  for (let after = '0'; ; ) {
    const { rows } = await sql<Row>`
      SELECT c.position, ${utcText('c.sealed_at')} AS sealed_at, c.hash, c.event_id, c.txid::text AS chain_txid,
        ${EVENT_COLUMNS},
        CASE WHEN e.phone IS NULL THEN e.phone_salt IS NULL
          ELSE coalesce(e.phone_mark = ${phoneMark(sql`e.phone_salt`, sql`e.phone`)}, false) END AS is_phone_marked
      FROM audit_chain c LEFT JOIN audit_events e ON e.id = c.event_id
      WHERE c.position > ${after}::bigint AND c.position <= ${end} ORDER BY c.position LIMIT ${PAGE}`.execute(db);
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.position ?? after;
  }
}

interface Walk {
  readonly end: number;
  readonly onFault: (fault: AuditFault) => void;
  readonly onProgress: VerifyOptions['onProgress'];
}

async function walk(db: Database, { end, onFault, onProgress }: Walk): Promise<number> {
  let place: Place = { position: 0, hash: GENESIS };
  let checked = 0;
  for await (const page of pages(db, end)) {
    for (const row of page) place = step(place, row, onFault);
    checked += page.length;
    onProgress?.(checked, end);
  }
  if (place.suspect) onFault({ kind: 'altered', ...place.suspect.at });
  return checked;
}

/** How far the walk has come. */
interface Place {
  readonly position: number;
  /** The hash that stands beside the last row, on which the next was built. */
  readonly hash: Buffer;
  /** The last row did not fit: the next one tells whether its event or only its hash was altered. */
  readonly suspect?: { readonly at: { position: string; eventId: string }; readonly computed: Buffer };
}

function step(last: Place, row: Row, onFault: (fault: AuditFault) => void): Place {
  const position = Number(row.position);
  const at = { position: row.position, eventId: row.event_id };
  const isAfterGap = position !== last.position + 1;
  const link = linkOf(row);
  const fits = (previous: Buffer) => link !== undefined && linkHash(previous, link).equals(row.hash);
  const fitsRepaired = last.suspect !== undefined && fits(last.suspect.computed);
  if (last.suspect) onFault({ kind: fitsRepaired ? 'hash-altered' : 'altered', ...last.suspect.at });
  if (isAfterGap) onFault({ kind: 'links-deleted', first: String(last.position + 1), last: String(position - 1) });
  if (link === undefined) onFault({ kind: 'event-deleted', ...at });
  // After a gap the predecessor's hash is unknown, so that one row cannot be judged.
  if (link === undefined || isAfterGap || fits(last.hash) || fitsRepaired) return { position, hash: row.hash };
  return { position, hash: row.hash, suspect: { at, computed: linkHash(last.hash, link) } };
}

/**
 * The link as it should be; undefined when the event is gone. A wrong copy of the transaction makes a wrong link, and so
 * does a phone that is not the one which was marked.
 */
function linkOf(row: Row): ChainLink | undefined {
  if (row.id === null) return undefined;
  const phone_mark = row.is_phone_marked ? row.phone_mark : `not ${row.phone_mark}`;
  return { ...row, id: row.event_id, txid: sameOrBoth(row.txid, row.chain_txid), phone_mark };
}

function sameOrBoth(event: string, chain: string): string {
  return event === chain ? event : `${event} ${chain}`;
}

async function* besideTheChain(db: Database, kept: KnownHead | undefined): AsyncGenerator<AuditFault> {
  if (kept !== undefined) yield* comparedWith(db, kept);
  yield* unchained(db);
  yield* unexplainedBindings(db);
  yield* unexplainedErasures(db);
}

async function* comparedWith(db: Database, { position, hash }: KnownHead): AsyncGenerator<AuditFault> {
  const { rows } = await sql<{ hash: Buffer }>`
    SELECT hash FROM audit_chain WHERE position = ${position}::bigint`.execute(db);
  const found = rows[0]?.hash.toString('hex');
  if (found === undefined) yield { kind: 'head-missing', position };
  else if (found !== hash) yield { kind: 'head-differs', position };
}

/** What the sealer will not come to any more: it goes on from the chain's end. */
async function* unchained(db: Database): AsyncGenerator<AuditFault> {
  const head = await chainHead(db);
  if (head === undefined || head.isRestored) return;
  const found = await unhurried<{ eventId: string }>(
    db,
    sql`SELECT e.id AS "eventId" FROM audit_events e
      WHERE (e.txid, e.id) <= (${head.txid}::xid8, ${head.event_id}::bigint)
        AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.event_id = e.id) ORDER BY e.id`,
  );
  for (const { eventId } of found) yield { kind: 'event-unchained', eventId };
}

/** Each binding has one event that opened it, and one that closed it if it is closed; no event is without a binding. */
async function* unexplainedBindings(db: Database): AsyncGenerator<AuditFault> {
  const found = await unhurried<{ program: string; card: string; phone: string | null }>(
    db,
    sql`SELECT program, card, nullif(phone, '') AS phone FROM (
        SELECT program, card, coalesce(phone, '') AS phone, count(*) AS opened, count(closed_at) AS closed
        FROM bindings GROUP BY 1, 2, 3
      ) b FULL JOIN (
        SELECT program, card COLLATE "C" AS card, coalesce(phone, '') COLLATE "C" AS phone,
          count(*) FILTER (WHERE action = 'binding.opened') AS opened,
          count(*) FILTER (WHERE action = 'binding.closed') AS closed
        FROM audit_events WHERE action IN ('binding.opened', 'binding.closed') GROUP BY 1, 2, 3
      ) e USING (program, card, phone)
      WHERE b.opened IS DISTINCT FROM e.opened OR b.closed IS DISTINCT FROM e.closed
      ORDER BY program, card, phone`,
  );
  for (const binding of found) yield { kind: 'binding-unexplained', ...binding };
}

/** A phone may go missing only together with an act of destruction that counts it. */
async function* unexplainedErasures(db: Database): AsyncGenerator<AuditFault> {
  const found = await unhurried<Omit<Extract<AuditFault, { kind: 'erasure-unexplained' }>, 'kind'>>(
    db,
    sql`WITH missing AS (
        SELECT program, 'audit_events' AS "table", count(*) AS count FROM audit_events
        WHERE phone_mark IS NOT NULL AND phone IS NULL GROUP BY 1
        UNION ALL SELECT program, 'bindings', count(*) FROM bindings WHERE phone IS NULL GROUP BY 1
      ), destroyed AS (
        SELECT program, "table", sum((after -> 'counts' ->> "table")::bigint) AS count
        FROM audit_events, (VALUES ('audit_events'), ('bindings')) AS both_of("table")
        WHERE action = 'member.erased' GROUP BY 1, 2
      )
      SELECT program, "table", coalesce(missing.count, 0)::int AS missing, coalesce(destroyed.count, 0)::int AS destroyed
      FROM missing FULL JOIN destroyed USING (program, "table")
      WHERE coalesce(missing.count, 0) <> coalesce(destroyed.count, 0) ORDER BY program, "table"`,
  );
  for (const erasure of found) yield { kind: 'erasure-unexplained', ...erasure };
}

/** Over whole tables: without the pool's statement timeout. */
async function unhurried<T>(db: Database, query: RawBuilder<unknown>): Promise<T[]> {
  return await db.transaction().execute(async (trx) => {
    await sql`SET LOCAL statement_timeout = 0`.execute(trx);
    const { rows } = await query.execute(trx);
    return rows as T[];
  });
}
