import type { Scope } from '../../src/http/api/route.ts';
import { hashSecret, makeToken } from '../../src/http/api/token.ts';
import { createApiKey } from '../../src/store/api-keys.ts';
import type { Database } from '../../src/store/database.ts';

/** What the API answered. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a stranger's client sees; each test looks at its own fields
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any
}

/** Somebody with an API key. */
export interface ApiCaller {
  readonly prefix: string;
  /** `prefix.secret`. */
  readonly key: string;
  get(path: string): Promise<ApiAnswer>;
  post(path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  /** The same key in the hands of a person who is named with each call. */
  as(person: string): ApiCaller;
}

export interface ApiCallerOptions {
  readonly scopes: readonly Scope[];
  readonly program?: string;
  readonly shop?: string;
}

/** Makes a key and gives it to a caller. */
export async function apiCaller(
  { db, origin }: { readonly db: Database; readonly origin: string },
  { scopes, program = 'club', shop }: ApiCallerOptions,
): Promise<ApiCaller> {
  const { prefix, secret } = makeToken();
  const made = { prefix, secretHash: hashSecret(secret), program, shop, scopes, name: 'test', expiresAt: undefined };
  await createApiKey(db, { ...made, actor: 'cli:test' });
  return caller(origin, prefix, `${prefix}.${secret}`, {});
}

function caller(origin: string, prefix: string, key: string, own: Readonly<Record<string, string>>): ApiCaller {
  const call = async (method: string, path: string, body?: object, headers = {}): Promise<ApiAnswer> => {
    const response = await fetch(origin + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...own,
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  return {
    prefix,
    key,
    get: (path) => call('GET', path),
    post: (path, body, headers) => call('POST', path, body, headers),
    as: (person) => caller(origin, prefix, key, { 'cardwake-person': Buffer.from(person).toString('latin1') }),
  };
}
