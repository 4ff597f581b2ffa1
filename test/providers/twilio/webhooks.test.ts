import assert from 'node:assert/strict';
import { PROVIDERS } from '../../../src/providers/registry.ts';
import { type FakeTwilio, startFakeTwilio } from '../../support/fake-twilio.ts';
import { goodNumber } from '../../support/fake-twilio-settings.ts';

const URL = 'https://sms.example.com/webhooks/twilio-main';
const NUMBER = '+14155550100';
const SERVICE = `MG${'0'.repeat(32)}`;
const APPLICATION = `AP${'0'.repeat(32)}`;
const GOOD = goodNumber(URL);

/** What is wrong with a number's settings, and what is said of it. */
const NUMBERS: readonly [about: string, changes: Readonly<Record<string, unknown>>, warnings: readonly RegExp[]][] = [
  ['all as it should be', {}, []],
  ['a query of our own in the URL', { sms_url: `${URL}?ingress=1#rc=5&rp=all` }, []],
  ['only 5xx repeated', { sms_url: `${URL}#rc=3&rp=5xx,ct` }, []],
  ['no method, which is POST', { sms_method: '', sms_fallback_method: null }, []],
  [
    'no URL',
    { sms_url: '' },
    [
      /go nowhere.*Set “A message comes in” to https:\/\/sms\.example\.com\/webhooks\/twilio-main#rc=5&rp=all, HTTP POST/,
    ],
  ],
  ['a null URL', { sms_url: null }, [/go nowhere/]],
  [
    'Twilio’s demo',
    { sms_url: 'https://demo.twilio.com/welcome/sms/reply?key=secret' },
    [/go to another address \(https:\/\/demo\.twilio\.com\/welcome\/sms\/reply\)/],
  ],
  ['another channel’s webhook', { sms_url: `${URL}-2#rc=5&rp=all` }, [/go to another address/]],
  ['no URL at all, but words', { sms_url: 'our webhook' }, [/go to another address \(not a URL\)/]],
  ['GET', { sms_method: 'GET' }, [/come by GET, which is refused/]],
  ['no overrides', { sms_url: URL }, [/lost while we answer 503.*#rc=5&rp=all/]],
  ['repeats without a reason', { sms_url: `${URL}#rc=5` }, [/lost while we answer 503/]],
  ['repeats only after no connection', { sms_url: `${URL}#rc=5&rp=ct,rt` }, [/lost while we answer 503/]],
  ['a reason without repeats', { sms_url: `${URL}#rc=0&rp=all` }, [/lost while we answer 503/]],
  ['no fallback', { sms_fallback_url: '' }, [/no fallback is set.*\?ingress=2#rc=5&rp=all/]],
  ['a fallback by GET', { sms_fallback_method: 'GET' }, [/fallback of \+14155550100 is called by GET/]],
  ['several at once', { sms_url: URL, sms_method: 'get', sms_fallback_url: '' }, [/by GET/, /503/, /no fallback/]],
];

describe('twilio, asked where it takes incoming SMS', () => {
  let fake: FakeTwilio;
  beforeEach(async () => {
    fake = await startFakeTwilio();
    fake.settings.numbers.set(NUMBER, GOOD);
  });
  afterEach(() => fake.close());

  async function warnings(addresses: readonly string[] = [NUMBER], options = {}): Promise<readonly string[]> {
    const { accountSid, authToken, apiBaseUrl } = fake;
    const channel = { key: 'twilio-main', webhookUrl: URL, addresses };
    const settings = { accountSid, authToken, apiBaseUrl, ...options };
    const provider = PROVIDERS.twilio.create(channel, settings, { now: Date.now });
    const check = await provider.check();
    await provider.close();
    assert.equal(fake.requestCount, 0, 'nothing is sent');
    return check.kind === 'ok' ? (check.warnings ?? []) : assert.fail(check.advice);
  }

  function assertTold(told: readonly string[], patterns: readonly RegExp[]): void {
    assert.equal(told.length, patterns.length, told.join('\n'));
    for (const [n, pattern] of patterns.entries()) assert.match(told[n] ?? '', pattern);
  }

  for (const [about, changes, patterns] of NUMBERS) {
    it(`a number with ${about}: ${patterns.length === 0 ? 'nothing to say' : 'says what to do'}`, async () => {
      fake.settings.numbers.set(NUMBER, { ...GOOD, ...changes });
      assertTold(await warnings(), patterns);
    });
  }

  it('names the number that has the fault, of several', async () => {
    fake.settings.numbers.set('+14155550101', { ...GOOD, sms_method: 'GET' });
    assertTold(await warnings([NUMBER, '+14155550101']), [/\+14155550101 come by GET/]);
  });

  it('says that a number is not in the account', async () => {
    assertTold(await warnings(['+14155550199']), [/\+14155550199 is not in this account/]);
  });

  it('looks at short codes where they are kept', async () => {
    fake.settings.shortCodes.set('2420', { ...GOOD, sms_fallback_url: '' });
    assertTold(await warnings(['2420']), [/2420 are lost while the ingress is down/]);
  });

  it('looks at the application where a number has one, whatever the number says', async () => {
    fake.settings.numbers.set(NUMBER, {
      ...GOOD,
      sms_url: 'https://demo.twilio.com/',
      sms_application_sid: APPLICATION,
    });
    fake.settings.applications.set(APPLICATION, GOOD);
    assertTold(await warnings(), []);
    fake.settings.applications.set(APPLICATION, { ...GOOD, sms_url: '' });
    assertTold(await warnings(), [/the application of \+14155550100 go nowhere/]);
  });

  it('looks at the messaging service before its numbers', async () => {
    fake.settings.numbers.set(NUMBER, { ...GOOD, sms_url: '' });
    const service = {
      inbound_request_url: `${URL}#rc=5&rp=all`,
      inbound_method: 'POST',
      fallback_url: `${URL}?ingress=2`,
      fallback_method: 'POST',
      use_inbound_webhook_on_number: false,
    };
    const ask = () => warnings([NUMBER], { messagingServiceSid: SERVICE });
    fake.settings.services.set(SERVICE, service);
    assertTold(await ask(), []);
    fake.settings.services.set(SERVICE, { ...service, inbound_request_url: null });
    assertTold(await ask(), [/the messaging service go nowhere/]);
    fake.settings.services.set(SERVICE, { ...service, use_inbound_webhook_on_number: true });
    assertTold(await ask(), [/\+14155550100 go nowhere/]);
  });

  it('says what it may not read, and goes on', async () => {
    assertTold(await warnings([NUMBER], { messagingServiceSid: SERVICE }), [/could not be read \(http-404\)/]);
    fake.settings.numbers.set(NUMBER, { ...GOOD, sms_application_sid: APPLICATION });
    assertTold(await warnings(), [/application that takes the SMS of \+14155550100 could not be read \(http-404\)/]);
  });
});
