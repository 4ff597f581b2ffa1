import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { stringify } from 'yaml';
import type { ShownChannel } from '../../src/http/channel-board.ts';
import type { PhoneLine } from '../../src/http/phone.ts';
import type { ConversationMessage } from '../../src/store/conversation.ts';
import { addCards, look } from '../support/club.ts';
import { type FakeSmsc, startFakeSmsc } from '../support/fake-smsc.ts';
import { type FakeTwilio, startFakeTwilio } from '../support/fake-twilio.ts';
import { type RunningService, runService } from '../support/running-service.ts';
import { waitFor } from '../support/wait-for.ts';
import { card, phone } from '../support/world.ts';

const NEXT = '+14155550100';
const LIVE = '+14155550111';
const SHORT_CODE = '2420';

/** Three channels: one live and one in rehearsal at the same Twilio, one in rehearsal at an SMSC. */
function configFor(twilio: FakeTwilio, smsc: FakeSmsc): string {
  const common = { publicUrl: 'https://sms.example.com', messagesPerSecond: 1_000 };
  const account = { accountSid: twilio.accountSid, authToken: twilio.authToken, apiBaseUrl: twilio.apiBaseUrl };
  const series = [{ name: 'main', prefix: '9643', length: 16, check: 'luhn' }];
  const club = { countries: ['RU'], locales: ['en'], support: '+74950000000', ways: ['till', 'website'] };
  return stringify({
    programs: { club: { ...club, name: 'Club', series }, bakery: { ...club, name: 'Bakery', series } },
    channels: {
      next: { ...common, program: 'club', provider: 'twilio', addresses: [NEXT], ...account, rehearsal: true },
      live: { ...common, program: 'club', provider: 'twilio', addresses: [LIVE], ...account },
      smsc: {
        ...common,
        provider: 'smpp',
        addresses: [SHORT_CODE],
        routes: [{ keyword: 'bread', program: 'bakery' }, { program: 'club' }],
        host: '127.0.0.1',
        port: smsc.port,
        systemId: 'cardwake',
        password: 'secret',
        rehearsal: true,
      },
    },
  });
}

/** What the console answers, to one question or another. */
interface Answer {
  readonly id: string;
  readonly error: string;
  readonly messages: readonly ConversationMessage[];
  readonly lines: readonly PhoneLine[];
  readonly channels: readonly ShownChannel[];
}

describe('a channel in rehearsal', () => {
  let twilio: FakeTwilio;
  let smsc: FakeSmsc;
  let service: RunningService;
  let customers = 0;

  before(async function () {
    this.timeout(60_000);
    twilio = await startFakeTwilio();
    smsc = await startFakeSmsc();
    service = await runService({ config: configFor(twilio, smsc), queue: 'redis' });
    twilio.webhookOrigin = service.origin;
    const cards = Array.from({ length: 20 }, (_, n) => ({ number: card(n) }));
    await addCards(service.db, cards);
    await addCards(service.db, cards, 'bakery');
  });

  after(async () => {
    await service.stop();
    await twilio.close();
    await smsc.close();
  });

  const ask = async (path: string, body?: object): Promise<{ readonly status: number; readonly answer: Answer }> => {
    const response = await fetch(`${service.consoleOrigin}${path}`, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json' },
    });
    return { status: response.status, answer: (await response.json()) as Answer };
  };

  /** The conversation, once a reply in it was delivered. */
  const replied = (from: string, channel: string) =>
    waitFor(
      async () => {
        const { answer } = await ask('/phone/conversation', {
          phone: from,
          channel,
        });
        // Its receipt may come before what was sent is written down.
        return answer.messages.some(({ status, text }) => status === 'delivered' && text !== '') && answer.messages;
      },
      { what: `a delivered reply on ${channel}` },
    );
  const customer = () => {
    const n = customers++;
    return { from: phone(n), text: `My card is ${card(n)}` };
  };

  it('activates the card that is texted from the page, shows the reply delivered, and sends nothing', async () => {
    const { from, text } = customer();
    const sent = await ask('/phone/messages', { from, text, channel: 'next', to: NEXT });
    assert.equal(sent.status, 202);
    assert.match(sent.answer.id, /^rehearsal-/);
    const [mine, reply] = await replied(from, 'next');
    assert.deepEqual([mine?.id, mine?.outcome], [sent.answer.id, 'activated']);
    assert.match(reply?.text ?? '', /^Welcome to Club/);
    assert.equal(twilio.requestCount, 0);
    const [row] = await look<{ sender: string; provider_message_id: string }>(
      service.db,
      sql`SELECT sender, provider_message_id FROM replies WHERE recipient = ${from}`,
    );
    assert.equal(row?.sender, NEXT);
    assert.match(row?.provider_message_id ?? '', /^rehearsal-/);
  });

  it('decides an SMS once, however often the page sends it', async () => {
    const sms = { ...customer(), channel: 'next', id: 'rehearsal-twice' };
    for (let time = 0; time < 3; time += 1) assert.equal((await ask('/phone/messages', sms)).status, 202);
    assert.equal((await replied(sms.from, 'next')).length, 2);
  });

  it('takes what its provider brings, shows the reply on the page, and sends nothing', async () => {
    const { from, text } = customer();
    twilio.webhookUrl = 'https://sms.example.com/webhooks/next';
    assert.equal((await twilio.sendSms({ from, to: NEXT, body: text })).status, 200);
    assert.equal((await replied(from, 'next'))[0]?.outcome, 'activated');
    assert.equal(twilio.requestCount, 0);
  });

  it('refuses a forged call of its provider', async () => {
    const { from, text } = customer();
    twilio.webhookUrl = 'https://sms.example.com/webhooks/next';
    const { authToken } = twilio;
    twilio.authToken = 'another';
    assert.equal((await twilio.sendSms({ from, to: NEXT, body: text })).status, 403);
    twilio.authToken = authToken;
  });

  it('over SMPP is texted by its routes and keywords, and no session is opened', async () => {
    const { from, text } = customer();
    await ask('/phone/messages', { from, text: `Bread ${text}`, channel: 'smsc', to: SHORT_CODE });
    assert.match((await replied(from, 'smsc'))[1]?.text ?? '', /^Welcome to Bakery/);
    assert.deepEqual([smsc.binds.length, smsc.connections.length], [0, 0]);
    const metrics = await (await fetch(`${service.consoleOrigin}/metrics`)).text();
    assert.doesNotMatch(metrics, /^cardwake_session\S*\{[^}]*channel="smsc"/m);
  });

  it('leaves the doors of live channels shut, and their conversations unseen', async () => {
    const { from, text } = customer();
    for (const place of [{ channel: 'live' }, { to: LIVE }, { channel: 'next', to: LIVE }]) {
      const { status, answer } = await ask('/phone/messages', { from, text, ...place });
      assert.equal(status, 404);
      assert.match(answer.error, /Only channels in rehearsal/);
    }
    twilio.webhookUrl = 'https://sms.example.com/webhooks/live';
    assert.equal((await twilio.sendSms({ from, to: LIVE, body: text })).status, 200);
    await waitFor(() => twilio.accepted.some(({ to }) => to === from), { what: 'the reply of the live channel' });
    for (const channel of ['live', undefined]) {
      const { answer } = await ask('/phone/conversation', { phone: from, channel });
      assert.deepEqual(answer.messages, []);
    }
  });

  it('is loud: in the log, in the lines of the page and on the console', async () => {
    const warned = service.logLines.filter((line) => line.includes('CHANNEL IN REHEARSAL'));
    assert.deepEqual(
      warned.map((line) => (JSON.parse(line) as { channel: string }).channel),
      ['next', 'smsc'],
    );
    const { answer } = await ask('/channels');
    assert.deepEqual(
      answer.channels.map(({ key, mode, sessions }) => [key, mode, sessions]),
      [
        ['next', 'rehearsal', undefined],
        ['live', 'live', undefined],
        ['smsc', 'rehearsal', undefined],
      ],
    );
    const { lines } = (await ask('/phone/cards')).answer;
    assert.deepEqual(
      lines.map(({ channel, isRehearsal }) => [channel, isRehearsal]),
      [
        ['next', true],
        ['smsc', true],
        ['smsc', true],
      ],
    );
  });
});
