import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { parse } from 'yaml';
import { type FakeTwilio, startFakeTwilio } from '../support/fake-twilio.ts';
import { queueContents } from '../support/queue-contents.ts';
import { type RunningService, runService } from '../support/running-service.ts';
import { waitFor } from '../support/wait-for.ts';
import { NUMBERS, PHONES, type Spelling, spell } from './spell.ts';

interface Step {
  readonly from: string;
  readonly text: string;
  readonly outcome: string;
  readonly after?: number;
  readonly silent?: string | boolean;
  readonly also?: string;
  readonly provider?: 'STOP' | 'START' | 'HELP';
}

interface Journey {
  readonly journey: string;
  readonly program?: keyof typeof ADDRESSES;
  readonly steps: readonly Step[];
}

const HERE = import.meta.dirname;
const JOURNEYS = parse(readFileSync(join(HERE, 'journeys.yaml'), 'utf8')) as readonly Journey[];
const GOLDEN = join(HERE, 'golden.txt');
const ADDRESSES = { club: '+14155550100', careful: '+14155550101', asking: '+14155550102' } as const;
const CODE = /(?<=(?:код|code|کد)\s)\d{4}/u;

for (const queue of ['postgres', 'redis'] as const) {
  describe(`journeys by signed Twilio webhooks, queue in ${queue}`, () => {
    let twilio: FakeTwilio;
    let service: RunningService;
    const transcript: string[] = [];

    before(async () => {
      twilio = await startFakeTwilio({ reports: ['sent', 'delivered'] });
      const config = readFileSync(join(HERE, 'programs.yaml'), 'utf8');
      service = await runService({ config, queue, env: { API_BASE_URL: twilio.apiBaseUrl } });
      twilio.webhookUrl = 'https://sms.example.com/webhooks/twilio-main';
      twilio.webhookOrigin = service.origin;
    });

    beforeEach(async () => {
      await sql`TRUNCATE inbox, bindings, cards, phones, offers, replies, cases`.execute(service.db);
      await issueCards(service);
    });

    for (const journey of JOURNEYS) {
      it(journey.journey, async () => {
        transcript.push(`# ${journey.journey}`);
        const spelling: Spelling = { codes: new Map() };
        for (const step of journey.steps) await walk(step, journey.program ?? 'club', spelling);
        transcript.push('');
      });
    }

    it('says exactly what the golden transcript says', () => {
      const told = transcript.join('\n');
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GOLDEN, told);
      assert.equal(told, readFileSync(GOLDEN, 'utf8'));
    });

    it('leaves no phone, card or text in a log line, a queue or a URL', async () => {
      const leaks = [...Object.values(PHONES), ...Object.values(NUMBERS)].map((number) => number.replace('+', ''));
      const urls = twilio.accepted.map(({ statusCallback }) => statusCallback ?? '');
      const kept = [...service.logLines, ...urls, ...(await queueContents(service))];
      assert.ok(service.logLines.length > 0);
      assert.deepEqual(
        kept.filter((line) => leaks.some((leak) => line.includes(leak)) || /добро|Welcome/.test(line)),
        [],
      );
      assert.deepEqual(
        service.logLines.filter((line) => /"level":"(?:error|fatal)"/.test(line)),
        [],
      );
    });

    after(async () => {
      await service.stop();
      await twilio.close();
    });

    async function walk(step: Step, program: keyof typeof ADDRESSES, spelling: Spelling): Promise<void> {
      if (step.after !== undefined) service.passTime(step.after * 60_000);
      const from = PHONES[step.from] ?? step.from;
      const sent = twilio.accepted.length;
      const optOut = step.provider === undefined ? {} : { optOutType: step.provider };
      const body = spell(step.text, from, spelling);
      const answer = await twilio.sendSms({ from, to: ADDRESSES[program], body, ...optOut });
      assert.equal(answer.status, 200);
      const row = await outcomeOf(from, body);
      assert.equal(row.outcome, step.outcome);
      assert.equal(row.silence ?? false, typeof step.silent === 'string' ? step.silent : false);
      const expected = (step.silent === undefined ? 1 : 0) + (step.also === undefined ? 0 : 1);
      await waitFor(() => twilio.accepted.length >= sent + expected, { what: `${expected} replies to ${step.text}` });
      await waitFor(async () => (await undelivered()) === 0, { what: 'all replies to be delivered' });
      const replies = twilio.accepted.slice(sent).toSorted((a, b) => Number(b.to === from) - Number(a.to === from));
      assert.equal(replies.length, expected, 'no other reply is sent');
      transcript.push(`${step.from} > ${step.text}   [${step.outcome}]`);
      for (const { to, from: address, body: text } of replies) {
        assert.equal(address, ADDRESSES[program], 'the reply comes from the address that was texted');
        const [code] = CODE.exec(text) ?? [];
        if (code !== undefined) spelling.codes.set(to, code);
        const name = Object.entries(PHONES).find(([, phone]) => phone === to)?.[0];
        transcript.push(`  ${name} < ${text.replace(CODE, '####')}`);
      }
    }

    async function outcomeOf(from: string, text: string) {
      await waitFor(async () => (await undecided()) === 0, { what: `an outcome for ${text}` });
      return await waitFor(
        () =>
          service.db
            .selectFrom('inbox')
            .select(['outcome', 'silence'])
            .where('sender_raw', '=', from)
            .where('text', '=', text)
            .orderBy('id', 'desc')
            .executeTakeFirst(),
        { what: `an outcome for ${text}` },
      );
    }

    async function undecided(): Promise<number> {
      const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM inbox WHERE done_at IS NULL`.execute(
        service.db,
      );
      return rows[0]?.n ?? 0;
    }

    async function undelivered(): Promise<number> {
      const { rows } = await sql<{
        n: number;
      }>`SELECT count(*)::int AS n FROM replies WHERE status <> 'delivered'`.execute(service.db);
      return rows[0]?.n ?? 0;
    }
  });
}

async function issueCards({ db }: RunningService): Promise<void> {
  const card = (
    program: string,
    number: string | undefined,
    status: 'issued' | 'blocked' | 'awaiting-check' | 'replaced',
  ) => ({
    program,
    number: number ?? '',
    status,
  });
  await db
    .insertInto('cards')
    .values([
      ...[NUMBERS.c1, NUMBERS.c2, NUMBERS.c3].map((number) => card('club', number, 'issued')),
      card('club', NUMBERS.blocked, 'blocked'),
      card('club', NUMBERS.awaiting, 'awaiting-check'),
      card('club', NUMBERS.replaced, 'replaced'),
      ...[NUMBERS.k1, NUMBERS.k2].map((number) => card('careful', number, 'issued')),
      card('asking', NUMBERS.a1, 'issued'),
      card('careful', NUMBERS.kblocked, 'blocked'),
    ])
    .execute();
}
