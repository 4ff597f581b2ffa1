import { sql } from 'kysely';
import { type ChainLink, EVENT_COLUMNS, GENESIS, linkHash, utcText } from './audit-hash.ts';
import type { Database, Trx } from './database.ts';
import { rows } from './rows.ts';

const BATCH = 1_000;
/** The advisory lock that the one sealer holds; a number that nothing else in this database uses. */
const SEALER_LOCK = 7_305_871_429_017n;

/**
 * Chains every audit event that can be chained now, in transactions of at most 1,000 events. Any number of processes
 * may call this at the same time: one works, the others answer 0 at once.
 *
 * An event is chained when every transaction that began to write before its own has ended: then nothing can be committed
 * any more that belongs before it. So the chain runs behind the bindings by the interval between two calls, and one long
 * writing transaction anywhere in the cluster delays it for as long as that lasts.
 *
 * The order of the chain is (transaction, id). For the order in which things happened to one card or phone go by id:
 * the id is taken under the row's lock, the transaction's number before it.
 */
export async function sealAudit(db: Database): Promise<{ readonly sealed: number }> {
  for (let sealed = 0; ; ) {
    const count = await sealBatch(db);
    sealed += count;
    if (count < BATCH) return { sealed };
  }
}

/** The last link of the chain: what the next one builds on. */
export interface ChainHead {
  readonly position: string;
  readonly hash: Buffer;
  readonly txid: string;
  readonly event_id: string;
  /**
   * The cluster's transaction counter is behind the chain: the database was dumped and restored into another cluster.
   * Until the first event of the new counting is chained, the numbers of old and new events cannot be compared.
   */
  readonly isRestored: boolean;
}

/** The end of the chain, or undefined when nothing was chained yet. */
export async function chainHead(db: Database | Trx): Promise<ChainHead | undefined> {
  const { rows: last } = await sql<ChainHead>`
    SELECT position, hash, txid::text AS txid, event_id, txid >= ${XMAX} AS "isRestored"
    FROM audit_chain ORDER BY position DESC LIMIT 1`.execute(db);
  return last[0];
}

/** How many events wait to be chained for at least so many seconds, those of open transactions not counted. */
export async function countUnsealed(db: Database, head: ChainHead | undefined, seconds = 0): Promise<number> {
  const { rows: answer } = await sql<{ count: string }>`
    SELECT count(*) FROM audit_events e
    WHERE ${notSealed(head)} AND e.at <= clock_timestamp() - make_interval(secs => ${seconds})`.execute(db);
  return Number(answer[0]?.count ?? 0);
}

const XMIN = sql`pg_snapshot_xmin(pg_current_snapshot())`;
const XMAX = sql`pg_snapshot_xmax(pg_current_snapshot())`;

/** After the head; or, right after a restore, simply not in the chain. */
function notSealed(head: ChainHead | undefined) {
  if (head === undefined) return sql<boolean>`true`;
  const isUnchained = sql<boolean>`NOT EXISTS (SELECT FROM audit_chain c WHERE c.event_id = e.id)`;
  if (head.isRestored) return isUnchained;
  return sql<boolean>`(e.txid, e.id) > (${head.txid}::xid8, ${head.event_id}::bigint) AND ${isUnchained}`;
}

async function sealBatch(db: Database): Promise<number> {
  // Read committed, whatever the server's default: what is read after the lock must be newer than the lock.
  return await db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (trx) => {
      if (!(await isOnlySealer(trx))) return 0;
      const head = await chainHead(trx);
      const links = await nextLinks(trx, head);
      if (links.length > 0) await append(trx, head?.hash ?? GENESIS, links);
      return links.length;
    });
}

async function isOnlySealer(trx: Trx): Promise<boolean> {
  const { rows: answer } = await sql<{ got: boolean }>`SELECT pg_try_advisory_xact_lock(${SEALER_LOCK}) AS got`.execute(
    trx,
  );
  return answer[0]?.got === true;
}

/** A restored event has a number that this cluster has not reached: it is final, and older than the cluster's own. */
async function nextLinks(trx: Trx, head: ChainHead | undefined): Promise<ChainLink[]> {
  const isFinal = head?.isRestored ? sql`(e.txid < ${XMIN} OR e.txid >= ${XMAX})` : sql`e.txid < ${XMIN}`;
  const order = head?.isRestored ? sql`e.txid < ${XMAX}, e.txid, e.id` : sql`e.txid, e.id`;
  // One row for all: a thousand rows of twelve columns take pg's own reader longer than their hashes.
  const { rows: answer } = await sql<{ events: readonly Omit<ChainLink, 'position'>[] | null }>`
    SELECT json_agg(event) AS events FROM (
      SELECT ${utcText('statement_timestamp()')} AS sealed_at, ${EVENT_COLUMNS}
      FROM audit_events e WHERE ${isFinal} AND ${notSealed(head)}
      ORDER BY ${order} LIMIT ${BATCH}
    ) event`.execute(trx);
  const next = BigInt(head?.position ?? 0) + 1n;
  return (answer[0]?.events ?? []).map((event, index) => ({ ...event, position: String(next + BigInt(index)) }));
}

async function append(trx: Trx, previous: Buffer, links: readonly ChainLink[]): Promise<void> {
  let hash = previous;
  const list = links.map((link) => {
    hash = linkHash(hash, link);
    const { position, id, txid, sealed_at } = link;
    return { position, id, txid, sealed_at, hash: hash.toString('hex') };
  });
  await sql`
    INSERT INTO audit_chain (position, event_id, txid, sealed_at, hash)
    SELECT position, id, txid, sealed_at, decode(hash, 'hex')
    FROM ${rows(list, 'position bigint, id bigint, txid xid8, sealed_at timestamptz, hash text')}`.execute(trx);
}
