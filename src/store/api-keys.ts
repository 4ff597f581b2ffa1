import { type Selectable, sql } from 'kysely';
import { recordAudit } from './audit.ts';
import { type Database, transact } from './database.ts';
import type { Tables } from './schema.ts';

/** A row of `api_keys`. */
export type ApiKey = Selectable<Tables['api_keys']>;

/** What makes an API key; of its secret only the hash. */
export interface NewApiKey {
  readonly prefix: string;
  readonly secretHash: Buffer;
  readonly program: string;
  readonly shop: string | undefined;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date | undefined;
  /** `cli:<user>`. */
  readonly actor: string;
}

/** Writes a key and its audit row. */
export async function createApiKey(db: Database, key: NewApiKey): Promise<void> {
  const { prefix, program, shop = null, name, actor } = key;
  const scopes = [...key.scopes];
  await transact(db, async (trx) => {
    await trx
      .insertInto('api_keys')
      .values({
        prefix,
        secret_hash: key.secretHash,
        program,
        shop,
        name,
        scopes,
        created_by: actor,
        expires_at: key.expiresAt ?? null,
      })
      .execute();
    const after = { prefix, name, shop, scopes, expiresAt: key.expiresAt?.toISOString() ?? null };
    await recordAudit(trx, [{ program, actor, action: 'key.created', after }]);
  });
}

/** The key of a prefix, revoked and expired ones too; undefined when there is none. One look into the primary key. */
export async function findApiKey(db: Database, prefix: string): Promise<ApiKey | undefined> {
  return await db.selectFrom('api_keys').selectAll().where('prefix', '=', prefix).executeTakeFirst();
}

/** Every key of a programme, or of all, newest first. */
export async function listApiKeys(db: Database, program: string | undefined): Promise<ApiKey[]> {
  return await db
    .selectFrom('api_keys')
    .selectAll()
    .$if(program !== undefined, (query) => query.where('program', '=', program ?? ''))
    .orderBy('created_at', 'desc')
    .orderBy('prefix')
    .execute();
}

/** Ends a key for good, with its audit row: no process takes it from the commit on. */
export async function revokeApiKey(
  db: Database,
  prefix: string,
  actor: string,
): Promise<'revoked' | 'revoked-before' | 'unknown'> {
  return await transact(db, async (trx) => {
    const revoked = await trx
      .updateTable('api_keys')
      .set({ revoked_at: sql`now()` })
      .where('prefix', '=', prefix)
      .where('revoked_at', 'is', null)
      .returning(['program', 'name'])
      .executeTakeFirst();
    if (revoked === undefined) return (await findApiKey(trx, prefix)) === undefined ? 'unknown' : 'revoked-before';
    const { program, name } = revoked;
    await recordAudit(trx, [{ program, actor, action: 'key.revoked', before: { prefix, name } }]);
    return 'revoked';
  });
}

/** Notes that a key was used, unless that was noted within the last minute by any process. */
export async function touchApiKey(db: Database, prefix: string): Promise<void> {
  await db
    .updateTable('api_keys')
    .set({ last_used_at: sql`now()` })
    .where('prefix', '=', prefix)
    .where(sql<boolean>`coalesce(last_used_at < now() - interval '1 minute', true)`)
    .execute();
}
