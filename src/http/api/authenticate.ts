import type { Logger } from '../../log.ts';
import { type ApiKey, findApiKey, touchApiKey } from '../../store/api-keys.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem } from './problems.ts';
import { type Caller, isScope, type Route } from './route.ts';
import { hashSecret, isSecretOf, readBearer } from './token.ts';

/** Of which keys this process has noted the use, and when: once a minute is enough for people. */
const NOTE_EVERY_MS = 60_000;
/** For a prefix that does not exist, so that the answer takes as long. */
const NOBODYS_HASH = hashSecret('nobody');

/**
 * Who calls, by the `Authorization` header. The key is looked up for each call, by its primary key: one that is revoked
 * ends with that commit, in every process.
 * @throws ApiProblem `unauthenticated`
 */
export function createAuthenticator(
  parts: Pick<ApiParts, 'db' | 'programs' | 'log' | 'now'>,
): (authorization: string | undefined) => Promise<Caller> {
  const noteUse = createUseNotes(parts);
  return async (authorization) => {
    const token = readBearer(authorization);
    if (token === undefined) throw unauthenticated(authorization !== undefined);
    const key = await findApiKey(parts.db, token.prefix);
    const isRight = isSecretOf(key?.secret_hash ?? NOBODYS_HASH, token.secret);
    const program = parts.programs.get(key?.program ?? '');
    if (key === undefined || !isRight || !isAlive(key, parts.now()) || program === undefined)
      throw unauthenticated(true);
    noteUse(key.prefix);
    return {
      prefix: key.prefix,
      program,
      shop: key.shop ?? undefined,
      scopes: new Set(key.scopes.filter(isScope)),
    };
  };
}

/** @throws ApiProblem `forbidden` unless the caller has one of the route's scopes */
export function authorize({ scopes }: Route, caller: Caller): void {
  if (scopes.some((scope) => caller.scopes.has(scope))) return;
  throw new ApiProblem('forbidden', `This needs a key with the scope ${scopes.join(' or ')}.`, {
    headers: { 'www-authenticate': `Bearer realm="cardwake", error="insufficient_scope", scope="${scopes.join(' ')}"` },
  });
}

function isAlive({ revoked_at: revokedAt, expires_at: expiresAt }: ApiKey, now: Date): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}

function unauthenticated(wasTried: boolean): ApiProblem {
  const error = wasTried ? ', error="invalid_token"' : '';
  return new ApiProblem('unauthenticated', 'Send "Authorization: Bearer <key>" with a key that is valid.', {
    headers: { 'www-authenticate': `Bearer realm="cardwake"${error}` },
  });
}

/** Notes uses without keeping the answer waiting; that one is lost with the database does no harm. */
function createUseNotes({ db, log }: { readonly db: ApiParts['db']; readonly log: Logger }): (prefix: string) => void {
  const notedAt = new Map<string, number>();
  return (prefix) => {
    const now = Date.now();
    if (now - (notedAt.get(prefix) ?? Number.NEGATIVE_INFINITY) < NOTE_EVERY_MS) return;
    notedAt.set(prefix, now);
    touchApiKey(db, prefix).catch((error: unknown) => log.warn({ error }, 'The use of an API key was not noted'));
  };
}
