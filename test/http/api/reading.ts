import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { loadSettings } from '../../../src/config.ts';
import { openTemplates } from '../../../src/files/template-folder.ts';
import { cardsRoutes } from '../../../src/http/api/cards.ts';
import { membersRoutes } from '../../../src/http/api/members.ts';
import type { ApiParts } from '../../../src/http/api/parts.ts';
import { createApi } from '../../../src/http/api/router.ts';
import { hashSecret, makeToken } from '../../../src/http/api/token.ts';
import { openLines } from '../../../src/lines.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { createApiKey } from '../../../src/store/api-keys.ts';
import type { Database } from '../../../src/store/database.ts';
import { createReplyQuota } from '../../../src/store/reply-quota.ts';
import { temporaryFolder } from '../../support/run.ts';
import { call, quiet, serve } from '../client.ts';

const SERIES =
  '[{ name: main, prefix: "9643", length: 16, check: luhn }, { name: vip, prefix: VIP, length: 12, check: none, alphabet: alphanumeric }]';
const CONFIG = `
programs:
  club: { name: Club, countries: [RU, KZ, IR], locales: [ru, en, fa], support: "+74950000000", series: ${SERIES} }
  bakery: { name: Bakery, countries: [RU], locales: [en], support: "+74950000001", redeemNeedsProvedPhone: true, series: ${SERIES} }
  nowhere: { name: Nowhere, countries: [RU], locales: [en], support: "+74950000002", series: ${SERIES} }
channels:
  simulator:
    provider: simulator
    publicUrl: http://127.0.0.1:1
    secret: a-secret-of-this-test-alone-and-long-enough
    addresses: ["1234"]
    routes: [{ program: club }, { keyword: bread, program: bakery }]
`;

/** A call's answer with its body read. */
export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Empty where there was no body. */
  readonly body: Said;
}

/** What the answers of these tests may say; each test looks at its own fields. */
interface Said {
  readonly [field: string]: unknown;
  readonly message: string;
  readonly may: { readonly earn: boolean; readonly redeem: boolean };
  readonly members: readonly { readonly id: string }[];
  readonly mistakes: readonly unknown[];
  readonly successor?: string;
  readonly next?: string;
}

/** The reading half of the API, on real programmes and lines, with a key of every scope for each programme. */
export interface ReadingApi {
  get(path: string, headers?: Record<string, string>, program?: string): Promise<Told>;
}

/** Serves the API on `db` until `closeAll`. */
export async function serveReadingApi(db: Database): Promise<ReadingApi> {
  const folder = await temporaryFolder('reading');
  await writeFile(join(folder, 'cardwake.yaml'), CONFIG);
  const settings = loadSettings({ CARDWAKE_CONFIG: join(folder, 'cardwake.yaml'), DATA_DIR: folder });
  const templates = await openTemplates(
    fileURLToPath(new URL('../../../templates', import.meta.url)),
    [...settings.programs.values()],
    { onChange() {}, onProblems() {} },
  );
  const { programs } = settings;
  const now = () => new Date();
  const parts: ApiParts = {
    db,
    programs,
    lines: openLines(settings),
    enqueue: { send: () => undefined },
    quota: createReplyQuota(db, now),
    texts: () => templates.texts(),
    metrics: createMetrics(),
    log: quiet,
    now,
  };
  const app = express().set('query parser', false);
  app.disable('etag').use(createApi(parts, { routes: [...cardsRoutes(parts), ...membersRoutes(parts)] }));
  const listening = await serve(app);
  const keys = new Map<string, string>();
  for (const program of programs.keys()) keys.set(program, await giveKey(db, program));
  return {
    async get(path, headers = {}, program = 'club') {
      const authorization = `Bearer ${keys.get(program)}`;
      const answer = await call(listening, { path, headers: { authorization, ...headers } });
      return { ...answer, body: JSON.parse(answer.body || '{}') as Said };
    },
  };
}

async function giveKey(db: Database, program: string): Promise<string> {
  const { prefix, secret } = makeToken();
  const scopes = ['cards:read', 'members:read'];
  const key = { prefix, program, scopes, secretHash: hashSecret(secret), name: 'test', actor: 'cli:test' };
  await createApiKey(db, { ...key, shop: undefined, expiresAt: undefined });
  return `${prefix}.${secret}`;
}
