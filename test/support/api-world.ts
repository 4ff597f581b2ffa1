import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Router } from 'express';
import { loadSettings, PACKAGE_ROOT } from '../../src/config.ts';
import { openTemplates } from '../../src/files/template-folder.ts';
import type { ApiParts } from '../../src/http/api/parts.ts';
import type { Scope } from '../../src/http/api/route.ts';
import { type ApiOptions, createApi } from '../../src/http/api/router.ts';
import { hashSecret, makeToken } from '../../src/http/api/token.ts';
import { createPublicApp } from '../../src/http/app.ts';
import { type Listening, listen } from '../../src/http/server.ts';
import { openLines } from '../../src/lines.ts';
import { createLogger, type Logger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createApiKey } from '../../src/store/api-keys.ts';
import type { Database } from '../../src/store/database.ts';
import { createReplyQuota } from '../../src/store/reply-quota.ts';
import { openTestStore } from '../store/open-test-store.ts';
import { temporaryFolder } from './run.ts';

/** Two programmes whose cards look alike, each with a number of its own. */
const CONFIG = `
programs:
  club:
    name: Club
    countries: [RU]
    locales: [ru, en, fa]
    support: "+74950000000"
    limits: { codesPerPhone: 100, codesPerAddressBlock: 1000000 }
    origins: ["https://club.example", "https://www.club.example"]
    series: [{ name: main, prefix: "9643", length: 16, check: luhn }]
  bakery:
    name: Bakery
    countries: [RU]
    locales: [en]
    support: "+74950000001"
    limits: { codesPerPhone: 100, codesPerAddressBlock: 1000000 }
    origins: ["https://bakery.example"]
    series: [{ name: main, prefix: "9643", length: 16, check: luhn }]
channels:
  simulator:
    provider: simulator
    publicUrl: http://127.0.0.1:1
    secret: a-secret-of-this-test-alone-and-long-enough
    addresses: ["1234", "5678"]
    routes: [{ address: "1234", program: club }, { address: "5678", program: bakery }]
`;

export const PROGRAM_KEYS = ['club', 'bakery'] as const;
export type ProgramKey = (typeof PROGRAM_KEYS)[number];

/** What a key is made of, besides its programme and scopes. */
export interface KeyOptions {
  readonly shop?: string;
  readonly expiresAt?: Date;
}

/** A request as any client could send it. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON unless it is text or bytes. */
  readonly body?: unknown;
}

/** An answer as any client sees it. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a stranger's client sees; each test looks at its own fields
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any
}

/** The API on real Postgres, listening. */
export interface ApiWorld {
  readonly db: Database;
  readonly databaseUrl: string;
  readonly parts: ApiParts;
  readonly origin: string;
  /** Another process on the same database, as far as the API can tell. */
  listenAgain(options?: ApiOptions): Promise<string>;
  /** A new key; its secret is in the token. */
  giveKey(program: ProgramKey, scopes: readonly Scope[], options?: KeyOptions): Promise<string>;
  call(request: ApiRequest, origin?: string): Promise<ApiAnswer>;
  /** Moves the time of decisions, from now on. */
  passTime(ms: number): void;
  close(): Promise<void>;
}

export interface ApiWorldOptions extends ApiOptions {
  readonly log?: Logger;
  readonly trustedProxies?: readonly string[];
}

/** Opens an API of its own; `close` ends it. */
export async function openApiWorld({ log, trustedProxies = [], ...options }: ApiWorldOptions = {}): Promise<ApiWorld> {
  const store = await openTestStore();
  const folder = await temporaryFolder('api');
  await writeFile(join(folder, 'cardwake.yaml'), CONFIG);
  const settings = loadSettings({ CARDWAKE_CONFIG: join(folder, 'cardwake.yaml'), DATA_DIR: folder });
  const { programs } = settings;
  const templates = await openTemplates(join(PACKAGE_ROOT, 'templates'), [...programs.values()], {
    onChange() {},
    onProblems() {},
  });
  let passedMs = 0;
  const now = () => new Date(Date.now() + passedMs);
  const parts: ApiParts = {
    db: store.db,
    programs,
    lines: openLines(settings),
    enqueue: { send: () => undefined },
    quota: createReplyQuota(store.db, now),
    texts: () => templates.texts(),
    metrics: createMetrics(),
    log: log ?? createLogger({ level: 'silent' }),
    now,
  };
  const listening: Listening[] = [];
  const listenAgain = async (changes: ApiOptions = {}) => {
    const api = createApi(parts, { ...options, ...changes });
    const app = createPublicApp({ webhooks: Router(), api, trustedProxies, log: parts.log });
    const one = await listen(app, { port: 0, host: '127.0.0.1' });
    listening.push(one);
    return `http://127.0.0.1:${one.port}`;
  };
  const origin = await listenAgain();
  return {
    db: store.db,
    databaseUrl: store.url,
    parts,
    origin,
    listenAgain,
    giveKey: (program, scopes, key = {}) => giveKey(store.db, program, scopes, key),
    call: (request, at = origin) => callApi(at, request),
    passTime: (ms) => {
      passedMs += ms;
    },
    async close() {
      await Promise.all(listening.map((one) => one.close(0)));
      templates.close();
      await store.close();
    },
  };
}

async function giveKey(db: Database, program: string, scopes: readonly Scope[], options: KeyOptions): Promise<string> {
  const { prefix, secret } = makeToken();
  const key = { prefix, program, scopes, secretHash: hashSecret(secret), name: 'test', actor: 'cli:test' };
  await createApiKey(db, { ...key, shop: options.shop, expiresAt: options.expiresAt });
  return `${prefix}.${secret}`;
}

async function callApi(origin: string, { method, path, token, headers = {}, body }: ApiRequest): Promise<ApiAnswer> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(origin + path, {
    method: method.toUpperCase(),
    redirect: 'manual',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}
