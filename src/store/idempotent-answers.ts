import { sql } from 'kysely';
import type { Database } from './database.ts';

/** An answer as it was given, to be given again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Null for an answer without a body. */
  readonly body: object | null;
}

/** One POST under an idempotency key. */
export interface IdempotentRequest {
  /** Of the API key: keys of others are another world. */
  readonly prefix: string;
  readonly idempotencyKey: string;
  /** SHA-256 of everything that makes the request what it is. */
  readonly hash: Buffer;
}

/** Whose turn it is. */
export type Claim =
  /** The caller does the work and then calls `keepAnswer` or `forgetClaim` with the token. */
  | { readonly kind: 'mine'; readonly token: string }
  | { readonly kind: 'answered'; readonly answer: KeptAnswer }
  | { readonly kind: 'in-progress' }
  | { readonly kind: 'another-request' };

/** How long an answer is given again. */
const KEPT_FOR = sql.raw(`interval '24 hours'`);
/** After that long the first one is taken for dead; no call of the API takes half as long. */
const DEAD_AFTER = sql.raw(`interval '60 seconds'`);

/** Claims the work for one of any number of equal requests, in any number of processes. */
export async function claimRequest(db: Database, { prefix, idempotencyKey, hash }: IdempotentRequest): Promise<Claim> {
  const { rows: mine } = await sql<{ token: string }>`
    INSERT INTO idempotent_answers AS a (key_prefix, idempotency_key, request_hash, created_at)
    VALUES (${prefix}, ${idempotencyKey}, ${hash}, clock_timestamp())
    ON CONFLICT (key_prefix, idempotency_key) DO UPDATE
      SET request_hash = excluded.request_hash, status = NULL, headers = NULL, body = NULL, created_at = excluded.created_at
      WHERE a.created_at < clock_timestamp() - ${KEPT_FOR}
         OR (a.status IS NULL AND a.request_hash = excluded.request_hash AND a.created_at < clock_timestamp() - ${DEAD_AFTER})
    RETURNING created_at::text AS token`.execute(db);
  if (mine[0] !== undefined) return { kind: 'mine', token: mine[0].token };
  const kept = await db
    .selectFrom('idempotent_answers')
    .select(['request_hash', 'status', 'headers', 'body'])
    .where('key_prefix', '=', prefix)
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirst();
  // Gone between the two statements: the first one failed and left the work to whoever tries again.
  if (kept === undefined) return { kind: 'in-progress' };
  if (!kept.request_hash.equals(hash)) return { kind: 'another-request' };
  if (kept.status === null) return { kind: 'in-progress' };
  return { kind: 'answered', answer: { status: kept.status, headers: kept.headers ?? {}, body: kept.body } };
}

/** Keeps the answer for 24 hours; nothing when the work was taken over meanwhile. */
export async function keepAnswer(
  db: Database,
  { prefix, idempotencyKey }: IdempotentRequest,
  token: string,
  { status, headers, body }: KeptAnswer,
): Promise<void> {
  await sql`
    UPDATE idempotent_answers
    SET status = ${status}, headers = ${JSON.stringify(headers)}::jsonb,
        body = ${body === null ? null : JSON.stringify(body)}::jsonb
    WHERE key_prefix = ${prefix} AND idempotency_key = ${idempotencyKey} AND created_at = ${token}::timestamptz
      AND status IS NULL`.execute(db);
}

/** Gives the work back: the next request with the key does it. */
export async function forgetClaim(
  db: Database,
  { prefix, idempotencyKey }: IdempotentRequest,
  token: string,
): Promise<void> {
  await sql`
    DELETE FROM idempotent_answers
    WHERE key_prefix = ${prefix} AND idempotency_key = ${idempotencyKey} AND created_at = ${token}::timestamptz
      AND status IS NULL`.execute(db);
}

/** Deletes answers that are no longer given again, at most 5,000 at a time; gives how many. */
export async function deleteOldAnswers(db: Database): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM idempotent_answers WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM idempotent_answers WHERE created_at < clock_timestamp() - ${KEPT_FOR} LIMIT 5000))`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
