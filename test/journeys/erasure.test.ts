import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { type AuditFault, verifyAudit } from '../../src/store/audit-verify.ts';
import { type ApiCaller, apiCaller } from '../support/api-caller.ts';
import { look } from '../support/club.ts';
import { type EventReceiver, SECRET, startEventReceiver } from '../support/event-receiver.ts';
import { type FakeTwilio, startFakeTwilio } from '../support/fake-twilio.ts';
import { queueContents } from '../support/queue-contents.ts';
import { type RunningService, runService } from '../support/running-service.ts';
import { tracesOf } from '../support/traces.ts';
import { waitFor } from '../support/wait-for.ts';
import { card } from '../support/world.ts';

const ADDRESS = '+14155550100';
const ANNA = '+79161234501';
const BORIS = '+79161234502';
/** What must be nowhere afterwards. */
const OF_ANNA = [ANNA.slice(1), 'Каренина', 'Аннушка', 'anna@karenina.example', '1987-06-05'];
/** Everything that keeps something of a person. */
const EVERYWHERE = [
  'audit_events',
  'bindings',
  'cases',
  'code_quota',
  'enrolments',
  'events',
  'idempotent_answers',
  'inbox',
  'long_messages',
  'members',
  'message_parts',
  'offers',
  'phones',
  'replies',
];

const config = (receiver: EventReceiver) => `
programs:
  club:
    name: Club
    countries: [RU]
    locales: [ru]
    support: "+74950000000"
    limits: { repliesPerPhone: 20 }
    events: { url: "${receiver.url}", secret: ${SECRET} }
    series: [{ name: main, prefix: "9643", length: 16, check: luhn }]
channels:
  twilio-main:
    provider: twilio
    publicUrl: https://sms.example.com
    addresses: ["${ADDRESS}"]
    routes: [{ address: "${ADDRESS}", program: club }]
    accountSid: AC00000000000000000000000000000001
    authToken: token-of-the-fake-twilio
    apiBaseUrl: \${API_BASE_URL}
`;

for (const queue of ['postgres', 'redis'] as const) {
  describe(`the erasure of a person who did everything, queue in ${queue}`, () => {
    let twilio: FakeTwilio;
    let receiver: EventReceiver;
    let service: RunningService;
    let api: ApiCaller;
    let member: string;

    before(async () => {
      twilio = await startFakeTwilio({ reports: ['sent', 'delivered'] });
      receiver = await startEventReceiver();
      const env = { CARDWAKE_PEPPER: 'p'.repeat(32), CARDWAKE_PRIVATE_EVENT_URLS: 'true' };
      service = await runService({
        config: config(receiver),
        queue,
        env: { ...env, API_BASE_URL: twilio.apiBaseUrl },
      });
      twilio.webhookUrl = 'https://sms.example.com/webhooks/twilio-main';
      twilio.webhookOrigin = service.origin;
      const scopes = ['members:read', 'members:write', 'activations:activate', 'activations:enrol'] as const;
      api = await apiCaller(service, { scopes });
      await service.db
        .insertInto('cards')
        .values([0, 1, 2, 3].map((n) => ({ program: 'club', number: card(n) })))
        .execute();
    });
    after(async () => {
      await service.stop();
      await Promise.all([receiver.close(), twilio.close()]);
    });

    async function text(from: string, body: string): Promise<string> {
      assert.equal((await twilio.sendSms({ from, to: ADDRESS, body })).status, 200);
      const outcome = sql`SELECT outcome, silence FROM inbox WHERE sender = ${from} ORDER BY id DESC LIMIT 1`;
      const row = await waitFor(
        async () => {
          const [found] = await look<{ outcome: string | null; silence: string | null }>(service.db, outcome);
          return found?.outcome == null ? undefined : found;
        },
        { what: `an outcome for ${body}` },
      );
      await waitFor(async () => (await waitingReplies()) === 0, { what: 'the reply to be delivered' });
      return [row.outcome, row.silence].filter(Boolean).join(', ');
    }

    const waitingReplies = async () =>
      (await look(service.db, sql`SELECT FROM replies WHERE status NOT IN ('delivered', 'failed')`)).length;
    const traces = () => tracesOf(service.databaseUrl, OF_ANNA);

    async function faults(): Promise<AuditFault[]> {
      const found: AuditFault[] = [];
      await verifyAudit(service.db, { onFault: (fault) => found.push(fault) });
      return found;
    }

    it('begins with traces of her in every table that can hold one', async () => {
      assert.equal(await text(ANNA, `${card(0)} Аннушка`), 'activated');
      assert.equal(await text(ANNA, card(1)), 'phone-has-another-card');
      assert.equal(await text(BORIS, card(0)), 'card-has-another-phone');
      const profile = { name: 'Анна Каренина', birthday: '1987-06-05', email: 'anna@karenina.example' };
      const form = { phone: ANNA, card: card(0), profile, consents: { marketing: true } };
      const entered = await api.post('/v1/questionnaires', form, { 'Idempotency-Key': 'form-1' });
      assert.equal(entered.status, 200);
      member = entered.body.member;
      const registration = { card: card(2), phone: ANNA, profile };
      assert.equal((await api.post('/v1/registrations', registration)).status, 202);
      await service.db
        .insertInto('cases')
        .values({ program: 'club', kind: 'card-has-another-phone', card: card(3), phone: ANNA })
        .execute();
      await sql`INSERT INTO inbox (channel, provider_message_id, program, sender_raw, recipient, text, raw, state, outcome)
        VALUES ('twilio-main', 'unreadable-1', NULL, '', '', '', ${Buffer.from(`From=%2B${ANNA.slice(1)}`)}, 'done', 'unreadable')`.execute(
        service.db,
      );
      await sql`WITH long AS (INSERT INTO long_messages (id, channel, sender, sender_raw, recipient, reference, total, due_at)
          VALUES (gen_random_uuid(), 'twilio-main', ${ANNA}, ${ANNA}, ${ADDRESS}, '7', 2, now() + interval '1 hour') RETURNING id)
        INSERT INTO message_parts (channel, provider_message_id, long_message_id, position, text)
        SELECT 'twilio-main', 'part-1', id, 1, ${Buffer.from('Я Каренина', 'utf16le').swap16()} FROM long`.execute(
        service.db,
      );
      assert.equal(await text(ANNA, 'СТОП'), 'stopped');
      await waitFor(() => receiver.taken.some(({ data }) => data.phone === ANNA), { what: 'an event about her' });
      // A kept answer names the member by id and not the person.
      assert.deepEqual(
        await traces(),
        EVERYWHERE.filter((table) => table !== 'idempotent_answers'),
      );
      assert.ok((await tracesOf(service.databaseUrl, [member])).includes('idempotent_answers'));
      assert.deepEqual(await faults(), []);
    });

    it('ends with none, and with the audit whole', async () => {
      const erased = await fetch(`${service.origin}/v1/members/${member}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${api.key}`, 'Cardwake-Person': 'olga' },
      });
      const act = (await erased.json()) as Record<string, unknown>;
      assert.equal(erased.status, 200, JSON.stringify(act));
      assert.deepEqual(await traces(), []);
      assert.deepEqual(await faults(), []);
      const inQueue = await queueContents(service);
      const leaks = [...inQueue, ...service.logLines, JSON.stringify(act)].filter((line) =>
        OF_ANNA.some((text) => line.includes(text)),
      );
      assert.deepEqual(leaks, []);
      assert.deepEqual(
        { ...act, at: undefined, counts: undefined, audit: undefined },
        {
          document: 'act-of-destruction',
          program: 'club',
          memberId: member,
          by: `key:${api.prefix}/olga`,
          cards: [card(0).slice(-4)],
          optOutKept: true,
          at: undefined,
          counts: undefined,
          audit: undefined,
        },
      );
      assert.deepEqual(Object.keys(act.counts as object).toSorted(), EVERYWHERE);
      assert.ok(Object.values(act.counts as Record<string, number>).every((rows) => rows > 0));
    });

    it('leaves her card blocked, her neighbour as he was, and nothing to erase again', async () => {
      const cards = sql`SELECT status FROM cards WHERE number = ${card(0)}`;
      assert.deepEqual(await look(service.db, cards), [{ status: 'blocked' }]);
      assert.deepEqual(await tracesOf(service.databaseUrl, [BORIS]), ['cases', 'inbox', 'phones', 'replies']);
      const again = await fetch(`${service.origin}/v1/members/${member}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${api.key}` },
      });
      assert.equal(again.status, 404);
    });

    it('tells the back end the id alone', async () => {
      const isOf = (type: string) => receiver.taken.filter((event) => event.type === type);
      await waitFor(() => isOf('member.erased').length > 0, { what: 'member.erased' });
      assert.deepEqual(isOf('member.erased').at(-1)?.data, { program: 'club', memberId: member, by: 'key' });
      await waitFor(() => isOf('card.blocked').length > 0, { what: 'card.blocked' });
      assert.deepEqual(isOf('card.blocked').at(-1)?.data, { program: 'club', card: card(0), by: 'key' });
    });

    it('honours her opt-out when she texts again, until she takes it back', async () => {
      const sent = twilio.accepted.length;
      assert.equal(await text(ANNA, card(3)), 'activated, opted-out');
      assert.equal(twilio.accepted.length, sent);
      assert.equal(await text(ANNA, 'START'), 'started');
      assert.equal(await text(ANNA, card(3)), 'already-active');
      assert.equal(twilio.accepted.length, sent + 2);
      assert.deepEqual(await faults(), []);
    });
  });
}
