import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { stringify } from 'yaml';
import { look } from '../support/club.ts';
import { type RunningService, runService } from '../support/running-service.ts';
import { waitFor } from '../support/wait-for.ts';
import { card } from '../support/world.ts';

/** Where one customer's SMS and its reply have come to. */
export interface Told {
  readonly outcome: string;
  readonly text: string;
  readonly replyStatus: string;
  readonly replyText: string;
  readonly errorCode: string | null;
}

/** The service with a club whose cards 0 to 99 of `support/world.ts` are issued. */
export interface ClubService {
  readonly service: RunningService;
  /** What became of the one SMS of a phone, once its reply is in that state. */
  becomes(phone: string, replyStatus: string): Promise<Told>;
  /** The SMS that were kept and not understood. */
  unreadable(): Promise<number>;
}

/** Starts the service with these channels, beside the common keys of each. */
export async function startClub(
  channels: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  port?: number,
): Promise<ClubService> {
  const common = { publicUrl: `http://127.0.0.1:${port ?? 1}`, program: 'club', messagesPerSecond: 1_000 };
  const config = stringify({
    programs: {
      club: {
        name: 'Club',
        countries: ['RU', 'KZ', 'GB'],
        locales: ['ru', 'en', 'fa'],
        support: '+74950000000',
        series: [{ name: 'main', prefix: '9643', length: 16, check: 'luhn' }],
      },
    },
    channels: Object.fromEntries(Object.entries(channels).map(([key, channel]) => [key, { ...common, ...channel }])),
  });
  const service = await runService({ config, queue: 'postgres', ...(port !== undefined && { port }) });
  const issued = Array.from({ length: 100 }, (_, n) => ({ program: 'club', number: card(n) }));
  await service.db.insertInto('cards').values(issued).execute();

  async function told(phone: string): Promise<Told | undefined> {
    const query = sql`
      SELECT i.outcome, i.text, r.status AS "replyStatus", r.text AS "replyText", r.error_code AS "errorCode"
      FROM inbox i LEFT JOIN replies r ON r.inbound_id = i.id WHERE i.sender = ${phone}`;
    const [one, ...more] = await look<Told>(service.db, query);
    assert.equal(more.length, 0, 'the SMS was kept twice');
    return one;
  }

  return {
    service,
    async becomes(phone, replyStatus) {
      let last: Told | undefined;
      const isThere = async () => {
        last = await told(phone);
        return last?.replyStatus === replyStatus && last;
      };
      return await waitFor(isThere, { what: `the reply to become ${replyStatus}`, timeoutMs: 15_000 }).catch(
        (error: unknown) => assert.fail(`${String(error)}, but ${JSON.stringify(last)}`),
      );
    },
    async unreadable() {
      return (await look(service.db, sql`SELECT FROM inbox WHERE outcome = 'unreadable'`)).length;
    },
  };
}
