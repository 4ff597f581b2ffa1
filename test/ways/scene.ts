import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { CardNumber } from '../../src/activation/card-number.ts';
import type { Msisdn } from '../../src/sms/msisdn.ts';
import { type ApiCaller, apiCaller } from '../support/api-caller.ts';
import { addCards } from '../support/club.ts';
import { type AcceptedSms, type FakeTwilio, startFakeTwilio } from '../support/fake-twilio.ts';
import { type RunningService, runService } from '../support/running-service.ts';
import { waitFor } from '../support/wait-for.ts';
import { card, phone } from '../support/world.ts';

/** The whole service with everybody who has a key of the club, and the phones that it texts. */
export interface Scene {
  readonly service: RunningService;
  readonly twilio: FakeTwilio;
  /** A till that may activate, one that may only enter, an operator, and the website. */
  readonly till: ApiCaller;
  readonly clerk: ApiCaller;
  readonly operator: ApiCaller;
  readonly website: ApiCaller;
  /** A card that nobody has, in the registry; and a phone that nobody knows. Each once. */
  freshCard(): Promise<CardNumber>;
  freshPhone(): Msisdn;
  /** The texts that a phone was sent, once there are as many as wanted. */
  texts(to: string, count: number): Promise<readonly string[]>;
  /** The latest code that a phone was sent, once it has as many texts. */
  code(to: string, count?: number): Promise<string>;
  /** Nothing waits to be sent any more. */
  allSent(): Promise<void>;
  /** A question to the database. */
  ask<Row>(query: ReturnType<typeof sql>): Promise<Row[]>;
  close(): Promise<void>;
}

export interface SceneOptions {
  readonly queue?: 'postgres' | 'redis';
  readonly codesPerBlock?: number;
  readonly codesPerDay?: number;
  readonly origin?: string;
}

/** Opens the scene; each has a database of its own. */
export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const { queue = 'postgres', codesPerBlock = 100_000, codesPerDay = 100_000 } = options;
  const twilio = await startFakeTwilio({ reports: ['delivered'] });
  const env = {
    API_BASE_URL: twilio.apiBaseUrl,
    CARDWAKE_PEPPER: 'a pepper for the tests, and for nothing else',
    CODES_PER_BLOCK: String(codesPerBlock),
    CODES_PER_DAY: String(codesPerDay),
    SHOP_ORIGIN: options.origin ?? 'https://shop.example',
    TRUSTED_PROXIES: 'loopback',
  };
  const config = readFileSync(join(import.meta.dirname, 'programs.yaml'), 'utf8');
  const service = await runService({ config, queue, env });
  twilio.webhookUrl = 'https://sms.example.com/webhooks/twilio-main';
  twilio.webhookOrigin = service.origin;
  const caller = (scopes: Parameters<typeof apiCaller>[1]['scopes'], shop?: string) =>
    apiCaller(service, { scopes, ...(shop !== undefined && { shop }) });
  let given = 0;
  const sentTo = (to: string): readonly AcceptedSms[] => twilio.accepted.filter((sms) => sms.to === to);
  const texts = async (to: string, count: number) => {
    await waitFor(() => sentTo(to).length >= count, { what: `${count} texts to a phone` });
    return sentTo(to).map(({ body }) => body);
  };
  const ask = async <Row>(query: ReturnType<typeof sql>) => (await query.execute(service.db)).rows as Row[];
  return {
    service,
    twilio,
    till: await caller(['activations:activate'], 'north'),
    clerk: await caller(['activations:enrol'], 'north'),
    operator: await caller(['cases:resolve']),
    website: await caller(['activations:enrol']),
    async freshCard() {
      given += 1;
      await addCards(service.db, [{ number: card(given) }]);
      return card(given);
    },
    freshPhone() {
      given += 1;
      return phone(given);
    },
    texts,
    async code(to, count = 1) {
      const last = (await texts(to, count)).at(-1) ?? '';
      return /\b\d{6}\b/.exec(last)?.[0] ?? '';
    },
    async allSent() {
      // A receipt may be quicker than what was sent is written down.
      const waiting = sql`SELECT FROM replies WHERE status IN ('queued', 'sending') OR (text IS NULL AND recipient <> '' AND status <> 'failed')`;
      await waitFor(async () => (await ask(waiting)).length === 0, { what: 'the outbox to be empty' });
    },
    ask,
    async close() {
      await service.stop();
      await twilio.close();
    },
  };
}
